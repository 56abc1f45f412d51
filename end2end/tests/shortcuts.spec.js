// Keys lead from page to page, and whoever turns them off has peace.
import { expect, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test('pages, filter, range and comparison by keys alone', async ({ page }) => {
  const account = await setUp(sendry.url);
  const hit = (i) => ({
    serviceName: 'shop', endpoint: '/orders', method: 'GET', statusCode: 200, latencyMs: 12, timestamp: Date.now() - i * 1000,
  });
  await sendHits(sendry.url, account.key, Array.from({ length: 30 }, (_, i) => hit(i)));
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(async () => {
    await page.keyboard.press('?');
    await expect(help).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.screenshot({ path: 'artefacts/shortcuts-1280-light.png' });
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();

  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page).toHaveURL(/\/requests\?range=1h$/);
  await expect(page.locator('.requests tbody tr')).toHaveCount(30);
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await expect(page).toHaveURL(/\/overview\?range=1h$/);

  await page.keyboard.press('/');
  await expect(page.locator('#filter-service')).toBeFocused();
  await page.keyboard.type('shop');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/service=shop/);
  await page.keyboard.press('t');
  await expect(page.locator('#range-last')).toBeFocused();
  await page.keyboard.type('soon');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Write it like 90m, 10d, 14:05±10m')).toBeVisible();
  await page.locator('#range-last').fill('yesterday 12:00±30m');
  await page.keyboard.press('Enter');
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await expect(page).toHaveURL(new RegExp(`from=${day}T11(:|%3A)30.*to=${day}T12(:|%3A)30`));
  await expect(page.locator('#custom-range')).toBeHidden();
  await page.keyboard.press('x');
  await expect(page.getByLabel('Compare with')).toBeFocused();
  await page.evaluate(() => document.activeElement.blur());

  await page.keyboard.press('?');
  await help.getByLabel('Listen to single keys').uncheck();
  await help.getByRole('button', { name: 'Close' }).click();
  await page.keyboard.press('?');
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(help).toBeHidden();
  await expect(page).toHaveURL(/\/overview/);
});
