// Limits and usage: an admin sets a limit, hits run into it, and both the reply and the page say so.
import { expect, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

const hit = { serviceName: 'shop', endpoint: '/cart', method: 'GET', statusCode: 200, latencyMs: 4 };
const row = (page, table, text) => page.locator(`table.${table} tbody tr`, { hasText: text });

let account;

const send = (hits) =>
  fetch(`${sendry.url}/api/hits`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': account.key },
    body: JSON.stringify(Array(hits).fill(hit)),
  });

test('a client begins without limits, and the page says so before any script runs', async ({ browser }) => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, Array(3).fill(hit));
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.setExtraHTTPHeaders({ cookie: account.cookie });
  const page = await context.newPage();
  await expect
    .poll(async () => {
      await page.goto(`${sendry.url}/settings/limits`);
      return row(page, 'limits', 'Hits today').innerText();
    })
    .toContain('3; no limit');
  await expect(row(page, 'usage', new Date().toISOString().slice(0, 10))).toContainText('3');
  await context.close();
});

test('an admin sets a limit, hits run into it, and the page says so', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/settings/limits`);
  await page.getByLabel('Hits a day').fill('8');
  await page.getByLabel('Hits a second').fill('100');
  await page.getByLabel('Keep captured').uncheck();
  await page.getByRole('button', { name: 'Set limits' }).click();
  await expect(row(page, 'limits', 'Hits today')).toContainText('3 of 8');
  await expect(row(page, 'limits', 'Hits a second')).toContainText('100, at most 100 at once');
  await expect(row(page, 'limits', 'Captured bodies')).toContainText('dropped');
  await expect(page.getByLabel('Hits a day')).toHaveValue('8');
  const last = await send(5);
  expect(last.status).toBe(202);
  expect(last.headers.get('x-sendry-quota')).toBe('day 8/8');
  const refused = await send(1);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await refused.json()).error).toMatchObject({ code: 'limited', field: 'hitsPerDay' });
  await expect
    .poll(async () => {
      await page.reload();
      return row(page, 'limits', 'Hits today').innerText();
    })
    .toContain('8 of 8: further hits are refused');
  // Taking the limit away lets them pass at once.
  await page.getByLabel('Hits a day').fill('');
  await page.getByRole('button', { name: 'Set limits' }).click();
  await expect(row(page, 'limits', 'Hits today')).toContainText('8; no limit');
  expect((await send(1)).status).toBe(202);
});

test('a month of usage can be taken home', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/settings/limits`);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'This month, CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^sendry-usage-\d{4}-\d{2}-01-.*\.csv$/);
});

test('it reads well from phone to desktop, in light and dark', async ({ page }) => {
  await logIn(page, sendry.url);
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [400, 1024, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${sendry.url}/settings/limits`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `must not scroll sideways at ${width}`).toBeLessThanOrEqual(0);
      await expect(page.locator('#usage canvas')).toBeVisible();
      await page.screenshot({ path: `artefacts/settings-limits-${scheme}-${width}.png`, fullPage: true });
    }
  }
});
