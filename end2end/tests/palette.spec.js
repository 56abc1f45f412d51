// The command palette: by keyboard alone to any page, service or endpoint.
import { expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

test('a few letters and Enter lead anywhere, and Escape back', async ({ page }) => {
  const account = await setUp(sendry.url);
  const hit = (i) => ({
    serviceName: i % 3 ? 'shop' : 'mail', endpoint: i % 3 ? '/orders/:id' : '/send', method: i % 3 ? 'GET' : 'POST',
    statusCode: i % 10 ? 200 : 503, latencyMs: 12, timestamp: Date.now() - i * 1000,
  });
  await sendHits(sendry.url, account.key, Array.from({ length: 90 }, (_, i) => hit(i)));
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  const field = page.getByRole('combobox', { name: /service, endpoint/ });
  const chosen = page.locator('.palette-option[aria-selected=true]');
  const open = () =>
    expect(async () => {
      await page.keyboard.press('Control+k');
      await expect(field).toBeFocused({ timeout: 500 });
    }).toPass();
  const type = async (text, label) => {
    await open();
    await field.fill(text);
    await expect(chosen).toContainText(label);
  };
  await type('orders get', 'GET /orders/:id');
  await expect(field).toHaveAttribute('aria-activedescendant', 'palette-0');
  await page.screenshot({ path: 'artefacts/palette-1280-light.png' });
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/endpoint\?endpoint=\/orders\/:id&method=GET&range=1h&service=shop$/);
  await expect(figure(page, 'Requests')).toHaveText('60');
  await expect(page.locator('dialog.palette')).toBeHidden();

  await type('mail', 'mail');
  await page.keyboard.press('ArrowDown');
  await expect(field).toHaveAttribute('aria-activedescendant', 'palette-1');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/service\?range=1h&service=mail$/);

  await type('503', 'Requests with status 503');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/requests\?range=1h&status=503$/);

  await open();
  await field.fill('nothing like this');
  await expect(page.getByText('Nothing of that name.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('dialog.palette')).toBeHidden();
  await page.getByRole('button', { name: 'Go to' }).click();
  await field.fill('audit');
  await chosen.click();
  await expect(page).toHaveURL(/\/settings\/audit/);
});
