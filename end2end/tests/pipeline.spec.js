// The operator's page: a damaged message becomes a dead letter, is inspected, replayed, repaired, and counted once.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

const run = promisify(execFile);

test.describe.configure({ mode: 'serial' });

let account;

/**
 * Changes the queue's file while no server runs, with two functions for bodies: damaged, repaired. Python brings SQLite
 * with it; this line of Node does not.
 */
const change = (sql) => async (data) => {
  const script = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.create_function("damaged", 1, lambda body: b"\\0" + body)
db.create_function("repaired", 1, lambda body: body[1:])
changed = db.execute(sys.argv[2]).rowcount
db.commit()
db.close()
print(changed)`;
  const { stdout } = await run('python3', ['-c', script, join(data, 'queue.db'), sql]);
  expect(stdout.trim(), sql).toBe('1');
};

const node = (page, title) => page.locator('.flow-node', { has: page.getByRole('heading', { name: title }) });
const letters = (page) => page.locator('table.dead-letters tbody tr');

test('an installation where all is well says so, in the HTML before any script runs', async ({ browser }) => {
  account = await setUp(sendry.url);
  const hit = { serviceName: 'shop', endpoint: '/cart', method: 'GET', statusCode: 200, latencyMs: 4 };
  await sendHits(sendry.url, account.key, Array(60).fill(hit));
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.setExtraHTTPHeaders({ cookie: account.cookie });
  const page = await context.newPage();
  await expect(async () => {
    await page.goto(`${sendry.url}/pipeline`);
    await expect(node(page, 'Consumers')).toContainText('60 hits', { timeout: 500 });
  }).toPass();
  await expect(page.getByText('Hits come through')).toBeVisible();
  await expect(node(page, 'Ingest')).toContainText('Breaker closed');
  await expect(node(page, 'Queue')).toContainText('SQLite');
  await expect(node(page, 'Stores')).toContainText('3 of 3');
  await expect(page.getByText('No dead letters')).toBeVisible();
  await page.screenshot({ path: 'artefacts/pipeline-well.png', fullPage: true });
  await context.close();
});

test('a damaged message becomes a dead letter, and says why', async ({ page }) => {
  // Kept in the queue, so that there is something to damage.
  await sendry.restart({ SENDRY_CONSUMER_LANES: '0' });
  const hit = { serviceName: 'shop', endpoint: '/orders/:id', method: 'POST', statusCode: 201, latencyMs: 12 };
  await sendHits(sendry.url, account.key, Array(3).fill(hit));
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/pipeline`);
  await expect(node(page, 'Consumers')).toContainText('None is running');
  await expect(node(page, 'Queue')).toContainText('1 message');

  await sendry.restart({}, change('UPDATE messages SET body = damaged(body)'));
  await page.goto(`${sendry.url}/pipeline`);
  await expect(page.getByText('1 message could not be processed')).toBeVisible();
  await expect(letters(page)).toHaveCount(1);
  await letters(page).getByRole('link').click();
  await page.waitForURL(/letter=/);
  const letter = page.locator('.letter');
  await expect(letter).toContainText('not an envelope');
  await expect(letter).toContainText('cannot be decoded');
  await expect(letter.locator('.letter-dump')).toContainText('53 6e 01');

  // Replayed as it is, it fails again: it comes back, and nothing is counted.
  await letter.getByRole('button', { name: 'Replay' }).click();
  await letter.getByRole('button', { name: 'Yes, replay' }).click();
  await expect(page.getByText('1 message is back in the queue')).toBeVisible();
  await expect(letter).toBeHidden();
  await expect(letters(page)).toHaveCount(1);
});

test('it reads well from phone to desktop, in light and dark', async ({ page }) => {
  await logIn(page, sendry.url);
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [400, 1024, 1920]) {
      await page.setViewportSize({ width, height: 1000 });
      await page.goto(`${sendry.url}/pipeline`);
      await letters(page).getByRole('link').click();
      await expect(page.locator('.letter-dump')).toBeVisible();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `the page must not scroll sideways at ${width}`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `artefacts/pipeline-${scheme}-${width}.png`, fullPage: true });
    }
  }
});

test('repaired and replayed it is counted once', async ({ page }) => {
  await sendry.restart({}, change('UPDATE dead_letters SET body = repaired(body)'));
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/pipeline`);
  await letters(page).getByRole('link').click();
  await expect(page.locator('.letter-hits tbody tr')).toHaveCount(3);
  await page.screenshot({ path: 'artefacts/pipeline-hits.png', fullPage: true });
  await page.getByRole('button', { name: 'Close' }).or(page.getByRole('link', { name: 'Close' })).click();
  await page.getByRole('button', { name: 'Replay all' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Replay all' }).click();
  await page.getByRole('button', { name: 'Yes, replay' }).click();
  await expect(page.getByText('No dead letters')).toBeVisible();
  await page.getByRole('link', { name: 'Overview' }).click();
  await expect(figure(page, 'Requests')).toHaveText('63');
});

test('whoever looks at the overview is told that hits are not counted', async ({ page }) => {
  await sendry.restart({ SENDRY_CONSUMER_LANES: '0' });
  const hit = { serviceName: 'shop', endpoint: '/cart', method: 'GET', statusCode: 200, latencyMs: 4 };
  await sendHits(sendry.url, account.key, [hit]);
  // As if it had waited for two minutes.
  await sendry.restart({ SENDRY_CONSUMER_LANES: '0' }, change('UPDATE messages SET accepted_at = accepted_at - 120000'));
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview`);
  const banner = page.locator('.flow-banner');
  await expect(banner).toContainText('Hits are not being counted');
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: `artefacts/overview-behind-${scheme}.png` });
  }
  await banner.getByRole('link', { name: 'Open the pipeline' }).click();
  await expect(page.getByText('Hits are not being counted').first()).toBeVisible();
  await page.screenshot({ path: 'artefacts/pipeline-behind.png', fullPage: true });
});
