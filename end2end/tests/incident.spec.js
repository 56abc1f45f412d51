// Three in the morning: something has gone wrong since a deployment. From the front page to its cause in four clicks.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, logIn, ownServer, setUp, test } from './sendry.js';

const sendry = ownServer();

const run = promisify(execFile);

/** Two and a half hours of the demo's shop; the cause is 25 minutes old. So many that at night too, when the shop is quiet, five
 * minutes have the twenty requests a judgement needs. */
test.beforeAll(async () => {
  const account = await setUp(sendry.url);
  await run(sendry.bin, [
    'demo', '--url', sendry.url, '--key', account.key, '--for', '0s',
    '--backfill', '150m', '--backfill-rate', '30', '--incident', '25m',
  ]);
  const requests = async () => {
    const reply = await fetch(`${sendry.url}/api/analytics/overview?range=24h`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests;
  };
  let before = -1;
  await expect.poll(async () => {
    const now = await requests();
    const still = now > 0 && now === before;
    before = now;
    return still;
  }, { timeout: 60_000, intervals: [1_000] }).toBe(true);
});

test('four clicks from the front page to the cause', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 960 });
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview`);
  const verdict = page.locator('.verdict');
  await expect(verdict.locator('.verdict-headline')).toContainText('payments');
  await expect(page.locator('#volume canvas')).toBeVisible();
  // the tab says so too, when nobody looks at the page
  await expect(page).toHaveTitle('Failing · Overview · Sendry');
  await expect(page.locator('link[rel=icon]')).toHaveAttribute('href', '/favicon-failing.svg');
  await page.screenshot({ path: 'artefacts/incident-0.png' });

  // 1: the service that fails; it stands first.
  const first = page.locator('table.services tbody tr').first();
  await expect(first).toContainText(/payments.*Failing/);
  await first.getByRole('link', { name: 'payments' }).click();
  await expect(page).toHaveURL(/\/service\?service=payments$/);
  await expect(page.locator('table.failures')).toContainText('is no number');
  await expect(page).toHaveTitle('Failing · payments · Sendry');
  await page.screenshot({ path: 'artefacts/incident-1.png', fullPage: true });

  // 2: its endpoint that fails, and since which deployment.
  await page.locator('table.endpoints tbody tr').filter({ hasText: 'POST' }).getByRole('link', { name: '/payments', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'POST /payments' })).toBeVisible();
  await expect(page.locator('link[rel=icon]')).toHaveAttribute('href', '/favicon.svg');
  const deployments = page.getByRole('list', { name: 'Deployments' }).getByRole('listitem');
  await expect(deployments).toHaveCount(1);
  await expect(deployments).toContainText(/payments 2\.\d+\.0/);
  const failures = page.locator('table.failures tbody tr');
  await expect(failures.first()).toContainText('is no number');
  await expect(page.locator('#errors canvas')).toBeVisible();
  await page.screenshot({ path: 'artefacts/incident-2.png' });

  // 3: what went wrong, as one of the requests had it; the others stand beside it.
  await failures.first().getByRole('link').click();
  const request = page.getByRole('region', { name: 'Request', exact: true });
  await expect(request.locator('.request-error')).toContainText(/amount "\d+,\d\d" is no number/);
  const rows = page.locator('.requests tbody tr');
  await expect(rows.first()).toContainText('is no number');
  const consumers = await rows.locator('.col-consumer').allTextContents();
  const of = (name) => consumers.filter((text) => text.includes(name)).length;
  expect(of('android-app'), 'android-app is hit worst for its share of the traffic').toBeGreaterThan(consumers.length * 0.3);
  await page.screenshot({ path: 'artefacts/incident-3.png' });
  await expect(request).toContainText(/"amount": "\d+,\d\d"/);
  await expect(request).toContainText('curl -X POST');
  await request.locator('.request-text').first().scrollIntoViewIfNeeded();

  // 4: all that belongs to its trace.
  await request.getByTitle('All requests of this trace').click();
  await expect(page).toHaveURL(/trace=/);
  await expect(rows).toHaveCount(1);
  await page.screenshot({ path: 'artefacts/incident-4.png' });
});
