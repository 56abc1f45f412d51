// From the front page to one service and one endpoint: what they say is what was sent, down to the error behind it.
import { expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

let account;

/** An hour of a quiet shop, and ten minutes in which paying fails in two ways. */
function hits() {
  const now = Date.now();
  const hit = (i, serviceName, method, endpoint, statusCode, latencyMs, more = {}) => ({
    serviceName, endpoint, method, statusCode, latencyMs, timestamp: now - 60_000 - ((i * 7919) % 600_000), ...more,
  });
  return [
    ...Array.from({ length: 300 }, (_, i) => hit(i, 'shop', 'GET', '/products/:id', 200, 8 + (i % 4))),
    ...Array.from({ length: 100 }, (_, i) => hit(i, 'shop', 'POST', '/orders', 201, 40)),
    ...Array.from({ length: 30 }, (_, i) =>
      hit(i, 'shop', 'POST', '/orders', 503, 3000, { error: `payment ${1000 + i} timed out after 3000 ms` })),
    ...Array.from({ length: 5 }, (_, i) =>
      hit(i, 'shop', 'POST', '/orders', 502, 20, { error: 'connect to "bank" refused' })),
    ...Array.from({ length: 40 }, (_, i) => hit(i, 'mail', 'POST', '/send', 202, 5)),
  ];
}

test.beforeAll(async () => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, hits());
  const counted = async () => {
    const reply = await fetch(`${sendry.url}/api/analytics/overview?range=1h`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests;
  };
  await expect.poll(counted).toBe(475);
});

test.beforeEach(async ({ page }) => {
  await logIn(page, sendry.url);
});

const failures = (page) => page.locator('table.failures tbody tr');

test('two clicks from the front page lead to the failing request', async ({ page }) => {
  await page.goto(`${sendry.url}/overview?range=1h`);
  await page.locator('#changes').getByRole('link', { name: '/orders' }).first().click();
  await expect(page).toHaveURL(/\/endpoint\?endpoint=\/orders&method=POST&range=1h&service=shop$/);
  await expect(page.getByRole('heading', { name: 'POST /orders' })).toBeVisible();
  await expect(page).toHaveTitle('POST /orders · Sendry');
  await expect(figure(page, 'Requests')).toHaveText('135');
  await expect(failures(page)).toHaveCount(2);
  await expect(failures(page).first()).toContainText(/503\s*payment # timed out after # ms\s*30/);
  await expect(failures(page).last()).toContainText('connect to "…" refused');
  await page.screenshot({ path: 'artefacts/endpoint-1280-light.png', fullPage: true });
  await failures(page).first().getByRole('link').click();
  const panel = page.getByRole('region', { name: 'Request', exact: true });
  await expect(panel).toContainText(/payment 10\d\d timed out after 3000 ms/);
});

test('the distribution and the heatmap tell the modes apart', async ({ page }) => {
  await page.goto(`${sendry.url}/endpoint?endpoint=/orders&method=POST&range=1h&service=shop`);
  await expect(page.locator('#heatmap canvas')).toBeVisible();
  await expect(page.locator('#distribution canvas')).toBeVisible();
  await expect(page.locator('#distribution')).toContainText('From 20');
  await page.locator('#distribution').getByRole('button', { name: /show as table/i }).click();
  const bands = page.locator('#distribution tbody tr');
  const counts = await bands.locator('td:nth-of-type(1)').allTextContents();
  expect(counts.map(Number).filter((n) => n > 0)).toEqual([30, 100, 5]);
  await expect(page.locator('#heatmap .heat-scale')).toContainText(/1.*\d/);
  // The crosshair runs through the heatmap, and its tooltip tells of the slot.
  const box = await page.locator('#heatmap .chart-canvas').boundingBox();
  await expect(async () => {
    await page.mouse.move(box.x + box.width * 0.9, box.y + 60);
    await page.mouse.move(box.x + box.width * (0.8 + Math.random() * 0.12), box.y + 80);
    await expect(page.locator('#heatmap .tip')).toContainText('Requests', { timeout: 300 });
  }).toPass();
  await page.screenshot({ path: 'artefacts/endpoint-tip-1280-light.png' });
});

test('a service has its own page, and the way back keeps the range', async ({ page }) => {
  await page.goto(`${sendry.url}/overview?range=1h`);
  await page.locator('table.services').getByRole('link', { name: 'shop' }).click();
  await expect(page).toHaveURL(/\/service\?range=1h&service=shop$/);
  await expect(figure(page, 'Requests')).toHaveText('435');
  await expect(page.locator('table.endpoints tbody tr')).toHaveCount(2);
  await expect(failures(page).first()).toContainText('/orders');
  await page.screenshot({ path: 'artefacts/service-1280-light.png', fullPage: true });
  await page.locator('.status-codes').getByRole('link', { name: '503' }).click();
  await expect(page).toHaveURL(/\/service\?range=1h&service=shop&status=503$/);
  await expect(figure(page, 'Requests')).toHaveText('30');
  await page.locator('table.endpoints').getByRole('link', { name: '/orders' }).click();
  await expect(page).toHaveURL(/\/endpoint\?.*status=503$/);
  await page.getByRole('navigation', { name: 'Way back' }).getByRole('link', { name: 'shop' }).click();
  await expect(page).toHaveURL(/\/service\?range=1h&service=shop&status=503$/);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Overview' }).click();
  await expect(page).toHaveURL(/\/overview\?range=1h&status=503$/);
  await page.goto(`${sendry.url}/endpoint?range=1h`);
  await expect(page).toHaveURL(/\/overview\?range=1h$/);
});

for (const [width, theme] of [[400, 'dark'], [1024, 'dark'], [1600, 'dark'], [1920, 'light']]) {
  test(`they read well at ${width} px in ${theme}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 1000 });
    await page.emulateMedia({ colorScheme: theme });
    for (const address of ['service?range=1h&service=shop', 'endpoint?endpoint=/orders&method=POST&range=1h&service=shop']) {
      await page.goto(`${sendry.url}/${address}`);
      await expect(page.locator('#heatmap canvas')).toBeVisible();
      await expect(failures(page).first()).toBeVisible();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, address).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `artefacts/${address.split('?')[0]}-${width}-${theme}.png`, fullPage: true });
    }
  });
}
