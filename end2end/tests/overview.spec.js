// The overview on known data: the numbers on the screen are those that were sent; it reads well at every width and theme.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

const run = promisify(execFile);

test.describe.configure({ mode: 'serial' });

let account;

/** 900 hits of the last half hour: 600 fast ones, 240 of another service, 60 failures. */
function hits() {
  const now = Date.now();
  const hit = (i, serviceName, endpoint, statusCode, latencyMs) => ({
    serviceName, endpoint, method: 'GET', statusCode, latencyMs, timestamp: now - ((i * 2003) % 1_800_000),
  });
  return [
    ...Array.from({ length: 600 }, (_, i) => hit(i, 'catalog', '/products/:id', 200, 10 + (i % 10))),
    ...Array.from({ length: 240 }, (_, i) => hit(i, 'orders', '/orders', 201, 100)),
    ...Array.from({ length: 45 }, (_, i) => hit(i, 'orders', '/orders', 503, 2000)),
    ...Array.from({ length: 15 }, (_, i) => hit(i, 'catalog', '/products/:id', 404, 0)),
  ];
}

test('numbers are in the HTML before any script runs', async ({ browser }) => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, hits());
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.setExtraHTTPHeaders({ cookie: account.cookie });
  const page = await context.newPage();
  await expect(async () => {
    await page.goto(`${sendry.url}/overview?range=1h`);
    await expect(figure(page, 'Requests')).toHaveText('900', { timeout: 500 });
  }).toPass();
  await expect(figure(page, 'Error rate')).toContainText('6.7 %');
  await expect(page.getByText('/products/:id').first()).toBeVisible();
  await expect(page.getByText('/orders').first()).toBeVisible();
  await context.close();
});

test('charts are drawn, tables sort, a service filters, and the back button undoes it', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  await expect(page.locator('canvas').first()).toBeVisible();
  await expect(figure(page, 'Requests')).toHaveText('900');
  await page.screenshot({ path: 'artefacts/overview-known.png', fullPage: true });

  // Everything has risen from nothing: 45 of 60 errors are those of one endpoint.
  const changed = page.locator('#changes');
  await expect(changed.locator('tbody tr').first()).toContainText('/orders');
  await expect(changed.locator('tbody tr').first()).toContainText(/75\s%.*0 → 45/);
  await expect(changed).toContainText('Errors: 0 → 60');

  const routes = page.locator('table.endpoints tbody tr');
  await expect(routes.first()).toContainText('/products/:id');
  await page.locator('table.endpoints').getByRole('button', { name: /p95/i }).click();
  await page.waitForURL(/sort=p95/);
  await expect(routes.first()).toContainText('/orders');

  await page.locator('table.services').getByRole('link', { name: 'orders' }).click();
  await page.waitForURL(/service=orders/);
  await expect(figure(page, 'Requests')).toHaveText('285');
  await page.goBack();
  await expect(figure(page, 'Requests')).toHaveText('900');
});

test('a figure says what it is, and a chart what is being chosen', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  const chart = page.locator('#volume');
  await expect(chart.locator('canvas')).toBeVisible();
  await page.getByRole('button', { name: 'What is p95?' }).click();
  await expect(page.getByText(/95 of 100 requests.*at most 0.55 % off/)).toBeVisible();
  await page.screenshot({ path: 'artefacts/overview-about.png' });
  await page.keyboard.press('Escape');
  await expect(page.getByText(/95 of 100 requests/)).toBeHidden();
  // on a phone too it is whole
  const desktop = page.viewportSize();
  await page.setViewportSize({ width: 400, height: 800 });
  for (const label of ['Requests', 'Error rate', 'p50', 'p95', 'p99']) {
    await page.getByRole('button', { name: `What is ${label}?` }).click();
    const about = await page.locator('.tile-about:popover-open').boundingBox();
    expect(about.x, label).toBeGreaterThanOrEqual(0);
    expect(about.x + about.width, label).toBeLessThanOrEqual(400);
    if (label === 'p50') await page.screenshot({ path: 'artefacts/overview-about-400.png' });
    await page.keyboard.press('Escape');
  }
  await page.setViewportSize(desktop);

  await chart.scrollIntoViewIfNeeded();
  const box = await chart.locator('canvas').first().boundingBox();
  const chosen = chart.locator('.chart-chosen');
  await expect(chosen).toBeHidden();
  const [left, right, y] = [box.x + 48, box.x + box.width - 16, box.y + 60];
  await page.mouse.move(left, y);
  await page.mouse.down();
  await page.mouse.move((left + right) / 2, y);
  await page.mouse.move(right, y);
  // all of the range is chosen: what is said of it is the whole
  await expect(chosen).toContainText('900 requests, 60 errors');
  await page.screenshot({ path: 'artefacts/overview-choosing.png' });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=.*to=/);
  await expect(figure(page, 'Requests')).toHaveText('900');
  await expect(chosen).toBeHidden();
});

test('a range without hits says so and offers a wider one', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`);
  await expect(page.getByText(/no (hits|requests)/i).first()).toBeVisible();
  await page.screenshot({ path: 'artefacts/overview-empty.png', fullPage: true });
});

test('it reads well from phone to desktop, in light and dark', async ({ page }) => {
  await run(sendry.bin, ['demo', '--url', sendry.url, '--key', account.key, '--backfill', '26h', '--backfill-rate', '1.5', '--for', '0s']);
  await logIn(page, sendry.url);
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [400, 1024, 1600]) {
      await page.setViewportSize({ width, height: 1000 });
      await page.goto(`${sendry.url}/overview`);
      await expect(page.locator('canvas').first()).toBeVisible();
      await expect(page.locator('table.services')).toContainText('storefront');
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `the page must not scroll sideways at ${width}`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `artefacts/overview-${scheme}-${width}.png`, fullPage: width < 1600 });
    }
  }
});
