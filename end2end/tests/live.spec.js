// What is happening just now: the tail of requests, and numbers that follow without a reload.
import { expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

let account;

const hit = (serviceName, statusCode, more = {}) => ({
  serviceName, endpoint: '/orders', method: 'POST', statusCode, latencyMs: 20, consumer: 'web', ...more,
});

const rows = (page) => page.locator('table.requests tbody').first().locator('tr');

const state = (page) => page.locator('.live-figures [role=status]');

test('numbers are those of two seconds ago at most, without a reload', async ({ page }) => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, [hit('shop', 200)]);
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  await expect(figure(page, 'Requests')).toHaveText('1');
  await page.evaluate(() => { window.stayed = true; });
  const waits = [];
  for (const total of [5, 9, 13, 17, 21]) {
    await sendHits(sendry.url, account.key, Array.from({ length: 4 }, () => hit('shop', 200)));
    const accepted = Date.now();
    await page.waitForFunction((total) => document.querySelector('.tile .tile-value')?.textContent === String(total), total, { polling: 20 });
    waits.push(Date.now() - accepted);
  }
  expect(await page.evaluate(() => window.stayed)).toBe(true);
  const median = waits.sort((a, b) => a - b)[2];
  console.log(`live: from accepted to seen ${median} ms in the median of 5, ${waits[4]} ms at most (aim 2000)`);
});

test('requests appear as they arrive, and open', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview`);
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.waitForURL(/\/live/);
  await expect(state(page)).toHaveText('Live');
  // What was there before stands below.
  await expect(page.locator('.live-earlier tr')).toHaveCount(21);
  await sendHits(sendry.url, account.key, [hit('shop', 503, { error: 'out of paper' }), hit('mail', 200)]);
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).filter({ hasText: 'out of paper' })).toContainText('503');
  await expect(page.locator('.live-value').filter({ hasText: 'Error rate' })).toContainText('1 of 2');
  await page.screenshot({ path: 'artefacts/live.png' });
  await rows(page).filter({ hasText: 'out of paper' }).locator('th a').click();
  await page.waitForURL(/\/requests\?.*sel=/);
  await expect(page.locator('.request')).toContainText('out of paper');
});

test('filters hold, in the URL too', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/live?service=shop&status=5xx`);
  await expect(state(page)).toHaveText('Live');
  await expect(page.locator('.live-earlier tr')).toHaveCount(1);
  await sendHits(sendry.url, account.key, [hit('shop', 200), hit('mail', 500), hit('shop', 502)]);
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).first()).toContainText('502');
});

test('a pause holds everything still, and what has come is told', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/live`);
  await expect(state(page)).toHaveText('Live');
  await page.keyboard.press('Space');
  await expect(state(page)).toHaveText('Paused');
  await sendHits(sendry.url, account.key, [hit('shop', 200), hit('shop', 201), hit('shop', 202)]);
  await expect(page.getByRole('button', { name: '3 new' })).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  await page.getByRole('button', { name: '3 new' }).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(state(page)).toHaveText('Live');
});

test('thousands of hits a second are a sample that says so, and the page stays alive', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/live`);
  await expect(state(page)).toHaveText('Live');
  const many = Array.from({ length: 2_000 }, (_, i) => hit('shop', i % 50 ? 200 : 500));
  for (let n = 0; n < 8; n += 1) await sendHits(sendry.url, account.key, many);
  await expect(page.locator('.live-note')).toContainText(/about 1 of \d+ is shown/);
  await expect(page.locator('.live-value').first()).toContainText(/Requests\/s[\d,]{3,}/);
  // The longest that anybody who clicks would have waited.
  const wait = await page.evaluate(() => new Promise((done) => {
    const asked = performance.now();
    setTimeout(() => done(performance.now() - asked), 0);
  }));
  expect(wait).toBeLessThan(5_000);
  expect(await rows(page).count()).toBeLessThanOrEqual(500);
  await page.screenshot({ path: 'artefacts/live-many.png' });
});

test('a lost connection is told, comes back, and leaves a gap', async ({ page, context }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/live`);
  await expect(state(page)).toHaveText('Live');
  await sendry.restart({}, async () => {
    await expect(state(page)).toHaveText('Reconnecting …');
  });
  await expect(state(page)).toHaveText('Live');
  await expect(page.locator('.live-gap')).toContainText('The connection was lost');
  await sendHits(sendry.url, account.key, [hit('shop', 418)]);
  await expect(rows(page).first()).toContainText('418');
  await context.close();
});
