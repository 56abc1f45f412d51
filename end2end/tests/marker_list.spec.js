// Deploy markers: a deploy job makes one with its key, and the charts of its service show it.
import { expect, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

let account;

const mark = (key, body) =>
  fetch(`${sendry.url}/api/markers`, {
    method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' }, body: JSON.stringify(body),
  });

test('a marker is on the charts of its service and on no other’s', async ({ page }) => {
  account = await setUp(sendry.url);
  const now = Date.now();
  const hit = (i, serviceName) => ({
    serviceName, endpoint: '/', method: 'GET', statusCode: 200, latencyMs: 5 + (i % 3), timestamp: now - i * 10_000,
  });
  const hits = Array.from({ length: 300 }, (_, i) => hit(i, i % 2 ? 'shop' : 'mail'));
  await sendHits(sendry.url, account.key, hits);
  const at = now - 20 * 60_000;
  const reply = await mark(account.key, { title: 'shop <b>2.4.1</b>', service: 'shop', at, url: 'https://ci.example/812' });
  expect(reply.status).toBe(201);
  expect(await reply.json()).toMatchObject({ title: 'shop <b>2.4.1</b>', service: 'shop' });
  expect((await mark(account.key, { title: 'x', url: 'javascript:alert(1)' })).status).toBe(400);
  expect((await mark('nonsense', { title: 'x' })).status).toBe(401);

  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  const list = page.getByRole('list', { name: 'Deployments' });
  await expect(list.getByRole('link', { name: 'shop <b>2.4.1</b>' })).toHaveAttribute('href', 'https://ci.example/812');
  await expect(page.locator('#volume canvas')).toBeVisible();
  // The slot of the marker says its name, as text.
  const box = await page.locator('#volume .chart-canvas').boundingBox();
  const [left, right] = [box.x + 54, box.x + box.width - 34];
  let step = 0;
  await expect(async () => {
    step = (step + 1) % 30;
    await page.mouse.move(left + (right - left) * (0.58 + step * 0.005), box.y + 80);
    await expect(page.locator('#volume .tip')).toContainText('shop <b>2.4.1</b>', { timeout: 50 });
  }).toPass({ intervals: [10] });
  await page.screenshot({ path: 'artefacts/marker-1280-light.png', fullPage: true });
  await page.goto(`${sendry.url}/service?range=1h&service=shop`);
  await expect(list).toBeVisible();
  await page.goto(`${sendry.url}/service?range=1h&service=mail`);
  await expect(page.locator('#volume canvas')).toBeVisible();
  await expect(list).toHaveCount(0);
});
