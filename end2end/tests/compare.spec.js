// Charts beside an earlier period, or beside another endpoint: the numbers are those that were sent then, or there.
import { expect, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

const DAY = 86_400_000;

/** 60 requests of one endpoint within the hour, 90 the day before, and 24 of another one now. */
function hits() {
  const now = Date.now() - 60_000;
  const hit = (i, of, endpoint, before) => ({
    serviceName: 'shop', endpoint, method: 'GET', statusCode: 200, latencyMs: before ? 80 : 20,
    timestamp: now - before - Math.round((i * 3_000_000) / of),
  });
  return [
    ...Array.from({ length: 60 }, (_, i) => hit(i, 60, '/orders', 0)),
    ...Array.from({ length: 90 }, (_, i) => hit(i, 90, '/orders', DAY)),
    ...Array.from({ length: 24 }, (_, i) => hit(i, 24, '/carts', 0)),
  ];
}

test.beforeAll(async () => {
  const account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, hits());
});

test.beforeEach(async ({ page }) => {
  await logIn(page, sendry.url);
});

const endpoint = 'endpoint?endpoint=/orders&method=GET&range=1h&service=shop';

async function sums(page, chart) {
  const card = page.locator(chart);
  const toTable = card.getByRole('button', { name: /show as table/i });
  if (await toTable.count()) await toTable.click();
  const rows = await card.locator('tbody tr').all();
  const numbers = async (row) => (await row.locator('td').allTextContents()).map((text) => Number(text.replaceAll(',', '')));
  const all = await Promise.all(rows.map(numbers));
  return { own: all.reduce((sum, row) => sum + row[0], 0), other: all.reduce((sum, row) => sum + row.at(-1), 0) };
}

test('the day before lies beside today, and the URL says so', async ({ page }) => {
  await page.goto(`${sendry.url}/${endpoint}`);
  await page.getByLabel('Compare with').selectOption('the day before');
  await expect(page).toHaveURL(/cmp=day/);
  await expect(page.locator('#volume')).toContainText('Dashed: the day before.');
  await page.screenshot({ path: 'artefacts/compare-1280-light.png' });
  await expect.poll(() => sums(page, '#volume')).toEqual({ own: 60, other: 90 });
  await page.goBack();
  await expect(page.locator('#volume')).not.toContainText('Dashed');
  await page.goto(`${sendry.url}/overview?cmp=day&range=1h`);
  await expect(page.getByLabel('Compare with')).toHaveValue('day');
  await expect.poll(() => sums(page, '#volume')).toEqual({ own: 84, other: 90 });
});

test('another endpoint lies beside this one', async ({ page }) => {
  await page.goto(`${sendry.url}/${endpoint}`);
  await page.getByLabel('Compare with').selectOption('GET /carts');
  await expect(page).toHaveURL(/cmp=shop%7CGET%7C\/carts|cmp=shop\|GET\|\/carts/);
  await expect(page.locator('#latency')).toContainText('Dashed: GET /carts.');
  await expect.poll(() => sums(page, '#volume')).toEqual({ own: 60, other: 24 });
  await page.getByRole('navigation', { name: 'Way back' }).getByRole('link', { name: 'shop' }).click();
  await expect(page).toHaveURL(/\/service\?range=1h&service=shop$/);
});
