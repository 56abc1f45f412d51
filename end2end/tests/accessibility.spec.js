// No page has a serious fault that axe finds, in either theme.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, logIn, ownServer, sendHits, setUp, settled, test } from './sendry.js';

const sendry = ownServer();

let axe;

test.beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const account = await setUp(sendry.url);
  const hit = (i) => ({
    serviceName: i % 3 ? 'shop' : 'mail', endpoint: '/orders/:id', method: 'GET', statusCode: i % 10 ? 200 : 503,
    latencyMs: 12 + (i % 50), timestamp: Date.now() - i * 1000, error: i % 10 ? undefined : 'payment timed out',
  });
  await sendHits(sendry.url, account.key, Array.from({ length: 90 }, (_, i) => hit(i)));
  await fetch(`${sendry.url}/api/markers`, {
    method: 'POST', headers: { 'x-api-key': account.key, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'shop 2', url: 'https://ci.example/2' }),
  });
});

async function faults(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations
    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.help} ${violation.nodes.slice(0, 3).map((node) => node.html).join(' | ')}`);
}

for (const scheme of ['light', 'dark']) {
  test(`signing in, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${sendry.url}/login`);
    expect(await faults(page)).toEqual([]);
  });

  test(`pages of the dashboard, ${scheme}`, async ({ page }) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme: scheme });
    await logIn(page, sendry.url);
    const addresses = [
      '/overview?range=1h', '/overview?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z', '/overview?range=1h&status=5xx',
      '/service?range=1h&service=shop', '/endpoint?endpoint=/orders/:id&method=GET&range=1h&service=shop',
      '/requests?range=1h', '/requests?q=nothing&range=1h', '/live', '/pipeline', '/settings/keys', '/settings/members',
      '/settings/limits', '/settings/audit', '/settings/profile', '/settings/sessions', '/settings/clients',
      '/settings/users', '/settings/installation-audit', '/setup',
    ];
    for (const address of addresses) {
      await page.goto(sendry.url + address);
      await settled(page);
      expect(await faults(page), address).toEqual([]);
    }
    await page.goto(`${sendry.url}/requests?range=1h`);
    await page.locator('.requests tbody tr').first().getByRole('link').first().click();
    await expect(page.getByRole('heading', { name: 'Request', exact: true })).toBeVisible();
    expect(await faults(page), 'one request').toEqual([]);
    await page.goto(`${sendry.url}/overview?range=1h`);
    await settled(page);
    await page.getByRole('button', { name: 'Go to' }).click();
    await expect(page.getByRole('combobox', { name: /service, endpoint/ })).toBeFocused();
    expect(await faults(page), 'palette').toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('#volume').getByRole('button', { name: /show as table/i }).click();
    expect(await faults(page), 'a chart as a table').toEqual([]);
  });
}
