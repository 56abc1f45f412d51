// Who called: the consumers of a service and of an endpoint, what they rose by, and the way to their requests.
import { expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

let account;

/** Twelve partners of the shop, one of which fails; two apps; and a service that nobody says to have called. */
function hits() {
  const now = Date.now();
  const hit = (i, serviceName, endpoint, statusCode, latencyMs, consumer) => ({
    serviceName, endpoint, method: 'GET', statusCode, latencyMs, timestamp: now - 60_000 - ((i * 7919) % 600_000), consumer,
  });
  const partners = Array.from({ length: 12 }, (_, p) =>
    Array.from({ length: 12 - p }, (_, i) => hit(i, 'shop', '/products/:id', 200, 10, `partner-${p + 1}`)));
  return [
    ...partners.flat(),
    ...Array.from({ length: 200 }, (_, i) => hit(i, 'shop', '/products/:id', 200, 20, 'web')),
    ...Array.from({ length: 60 }, (_, i) => hit(i, 'shop', '/orders', 200, 30, 'ios-app')),
    ...Array.from({ length: 40 }, (_, i) => hit(i, 'shop', '/orders', 503, 80, 'ios-app')),
    ...Array.from({ length: 50 }, (_, i) => hit(i, 'shop', '/orders', 200, 30, 'web')),
    ...Array.from({ length: 7 }, (_, i) => hit(i, 'shop', '/orders', 200, 30)),
    ...Array.from({ length: 25 }, (_, i) => hit(i, 'mail', '/send', 202, 5)),
  ];
}

test.beforeAll(async () => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, hits());
  const counted = async () => {
    const reply = await fetch(`${sendry.url}/api/analytics/overview?range=1h`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests;
  };
  await expect.poll(counted).toBe(460);
});

test.beforeEach(async ({ page }) => {
  await logIn(page, sendry.url);
});

const rows = (page) => page.locator('table.consumers tbody tr');

test('a service names its consumers, and each leads to its requests', async ({ page }) => {
  await page.goto(`${sendry.url}/service?range=1h&service=shop`);
  await expect(rows(page)).toHaveCount(11);
  await expect(rows(page).nth(0)).toContainText(/web\s*250\s*0\s%\s*22\sms/);
  await expect(rows(page).nth(1)).toContainText(/ios-app\s*100\s*40\s%\s*50\sms/);
  await expect(rows(page).nth(2)).toContainText('partner-1');
  // Ten have a row; the partners 9 to 12 have called 4, 3, 2 times and once.
  await expect(rows(page).last()).toContainText(/4 other consumers\s*10/);
  await expect(page.locator('#consumers')).toContainText('7 requests do not say who called.');
  await page.locator('#consumers').screenshot({ path: 'artefacts/consumers-1280-light.png' });
  await rows(page).getByRole('link', { name: 'ios-app' }).click();
  await expect(page).toHaveURL(/\/requests\?consumer=ios-app&range=1h&service=shop$/);
  await expect(page.locator('table.requests tbody tr').first()).toContainText('ios-app');
});

test('an endpoint names its consumers too, without those that did not call it', async ({ page }) => {
  await page.goto(`${sendry.url}/endpoint?endpoint=/orders&method=GET&range=1h&service=shop`);
  await expect(figure(page, 'Requests')).toHaveText('157');
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).nth(0)).toContainText(/ios-app\s*100/);
  await expect(rows(page).nth(1)).toContainText(/web\s*50/);
  await expect(page.locator('#consumers')).not.toContainText('newest');
});

test('where nobody says who called, one sentence says so', async ({ page }) => {
  await page.goto(`${sendry.url}/service?range=1h&service=mail`);
  await expect(page.locator('#consumers')).toContainText('No request says who called.');
  await expect(rows(page)).toHaveCount(0);
});

test('a rise of errors is told by consumer, with the failed requests behind it', async ({ page }) => {
  await page.goto(`${sendry.url}/overview?range=1h`);
  const risen = page.locator('#changes').getByRole('row', { name: /ios-app/ });
  await expect(risen).toContainText(/100\s%\s*0 → 40/);
  await page.locator('#changes').screenshot({ path: 'artefacts/consumers-changes-1280-light.png' });
  await risen.getByRole('link', { name: 'ios-app' }).click();
  await expect(page).toHaveURL(/\/requests\?consumer=ios-app&range=1h&status=5xx$/);
  await expect(page.locator('table.requests tbody tr')).toHaveCount(40);
});

for (const [width, theme] of [[400, 'dark'], [1600, 'light']]) {
  test(`consumers read well at ${width} px in ${theme}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 1000 });
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(`${sendry.url}/service?range=1h&service=shop`);
    await expect(rows(page)).toHaveCount(11);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.locator('#consumers').screenshot({ path: `artefacts/consumers-${width}-${theme}.png` });
    await page.locator('#changes').screenshot({ path: `artefacts/consumers-changes-${width}-${theme}.png` });
  });
}
