// The request log: filters that the URL carries, pages, one request whole, by mouse and by keyboard.
import { readFile } from 'node:fs/promises';
import { expect, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

const TRACE = '0af7651916cd43dd8448eb211c80319c';

let account;

/** 60 fast ones of the last minutes, 5 failures before them, one of which belongs to a trace. */
function hits() {
  const now = Date.now();
  const fast = Array.from({ length: 60 }, (_, i) => ({
    serviceName: 'catalog', endpoint: '/products/:id', method: 'GET', statusCode: 200, latencyMs: 10 + i,
    timestamp: now - 60_000 - i * 1_000, consumer: i < 7 ? 'acme' : 'globex',
  }));
  const failed = Array.from({ length: 5 }, (_, i) => ({
    serviceName: 'orders', endpoint: '/orders', method: 'POST', statusCode: 503, latencyMs: 1_500 + i,
    timestamp: now - 300_000 - i * 1_000, error: 'payment timed out',
    requestHeaders: { host: 'shop.example', authorization: 'Bearer abc', accept: 'application/json' },
    requestBody: '{"item":7,"password":"hunter2"}', responseBody: 'try again',
    ...(i === 0 ? { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } : {}),
  }));
  return [...fast, ...failed];
}

test.beforeAll(async () => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, hits());
  const count = async () => {
    const reply = await fetch(`${sendry.url}/api/requests?limit=500`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests.length;
  };
  await expect.poll(count).toBe(65);
});

test.beforeEach(async ({ page }) => {
  await logIn(page, sendry.url);
});

const rows = (page) => page.locator('.requests tbody tr');
const chips = (page) => page.locator('.filters .filter');

test('pages go back in time, and the browser’s back returns', async ({ page }) => {
  await page.goto(`${sendry.url}/overview?range=1h`);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Requests' }).click();
  await expect(page).toHaveURL(/\/requests\?range=1h$/);
  await expect(rows(page)).toHaveCount(50);
  const times = await rows(page).locator('.col-time').allTextContents();
  expect(times).toEqual([...times].sort().reverse());
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'NDJSON', exact: true }).click();
  const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(65);
  expect(JSON.parse(lines[64])).toMatchObject({ service: 'orders', status: 503, error: 'payment timed out' });
  await page.getByRole('link', { name: 'Older' }).click();
  await expect(rows(page)).toHaveCount(15);
  await expect(rows(page).last()).toContainText('payment timed out');
  await page.goBack();
  await expect(rows(page)).toHaveCount(50);
});

test('from the overview’s 503 to the cause, in three clicks', async ({ page }) => {
  await page.goto(`${sendry.url}/overview?range=1h`);
  await page.locator('.status-codes').getByRole('link', { name: '503' }).click();
  await expect(chips(page)).toHaveText([/Status.*503/]);
  await page.getByRole('link', { name: 'Show the requests' }).click();
  await expect(page).toHaveURL(/\/requests\?range=1h&status=503$/);
  await expect(rows(page)).toHaveCount(5);
  await rows(page).first().getByRole('link', { name: /:/ }).first().click();
  const panel = page.getByRole('region', { name: 'Request', exact: true });
  await expect(panel).toContainText('payment timed out');
  await expect(panel.getByRole('heading', { name: 'Request', exact: true })).toBeFocused();
  await expect(panel).toContainText('try again');
  const text = await panel.textContent();
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain('Bearer abc');
  expect(text).toContain("curl -X POST 'https://shop.example/orders'");
  await page.screenshot({ path: 'artefacts/requests-open-1280-light.png' });
  await panel.getByRole('link', { name: TRACE }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(chips(page)).toHaveText([/Trace/]);
  await page.goBack();
  await page.goBack();
  await expect(rows(page)).toHaveCount(5);
});

test('filters are set in a form, removed by their chips, and stand in the URL', async ({ page }) => {
  await page.goto(`${sendry.url}/requests?range=1h`);
  await page.getByRole('button', { name: 'Filter' }).click();
  const form = page.locator('#filter-form');
  await form.getByLabel('Status').fill('9xx');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(form.getByRole('alert')).toContainText('503');
  await form.getByLabel('Status').fill('2xx');
  await form.getByLabel('Latency').fill('60');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/\/requests\?lat=60&range=1h&status=2xx$/);
  await expect(rows(page)).toHaveCount(10);
  await expect(page.locator('#volume')).toHaveCount(0);
  await chips(page).filter({ hasText: 'Latency' }).click();
  await expect(page).toHaveURL(/\/requests\?range=1h&status=2xx$/);
  await expect(page.locator('#volume')).toBeVisible();
  await page.goto(`${sendry.url}/requests?consumer=acme&range=1h&service=catalog`);
  await expect(rows(page)).toHaveCount(7);
  await page.goto(`${sendry.url}/requests?q=TIMED+out&range=1h`);
  await expect(rows(page)).toHaveCount(5);
  await page.goto(`${sendry.url}/requests?q=nothing&range=1h`);
  await expect(page.getByRole('heading', { name: 'No requests match' })).toBeVisible();
  await page.getByRole('link', { name: 'Remove all filters' }).click();
  await expect(rows(page)).toHaveCount(50);
});

test('the keyboard walks through the requests', async ({ page }) => {
  await page.goto(`${sendry.url}/requests?range=1h&status=503`);
  await expect(rows(page)).toHaveCount(5);
  const chosen = page.locator('.requests tr.is-chosen');
  await page.waitForFunction(() => !document.querySelector('button[disabled]'));
  await expect(async () => {
    await page.keyboard.press('j');
    await expect(chosen).toHaveCount(1, { timeout: 500 });
  }).toPass();
  await expect(rows(page).nth(0)).toHaveClass(/is-chosen/);
  await page.keyboard.press('j');
  await expect(rows(page).nth(1)).toHaveClass(/is-chosen/);
  await page.keyboard.press('k');
  await expect(rows(page).nth(0)).toHaveClass(/is-chosen/);
  await page.keyboard.press('Escape');
  await expect(chosen).toHaveCount(0);
  await expect(page).toHaveURL(/\/requests\?range=1h&status=503$/);
});

for (const [width, theme] of [[400, 'dark'], [1024, 'light'], [1920, 'dark']]) {
  test(`it reads well at ${width} px in ${theme}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(`${sendry.url}/requests?range=1h`);
    await expect(rows(page)).toHaveCount(50);
    await expect(page.locator('#volume canvas')).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `artefacts/requests-${width}-${theme}.png` });
  });
}
