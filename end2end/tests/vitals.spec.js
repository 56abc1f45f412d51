// How soon a page is seen and how soon it answers, on a warm server in a browser that knows nothing yet. The figures are printed
// and held against nothing: a busy machine must not fail a test.
//
// What is measured is the site as it is shipped, where the stage has built it (SHIPPED_SITE); else the one for
// development, which is many times as large.
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, ownServer, sendHits, setUp, test } from './sendry.js';

const SHIPPED = process.env.SHIPPED_SITE;

const sendry = ownServer();

const TURNS = 5;
const PAGES = {
  '/overview': '/overview?range=1h',
  '/requests': '/requests?range=1h',
  '/endpoint': '/endpoint?endpoint=/orders/:id&method=GET&range=1h&service=shop',
};

let account;

test.beforeAll(async () => {
  if (SHIPPED) {
    const site = join(SHIPPED, 'site');
    const options = ['output-name = "sendry"', `site-root = "${site}"`, 'hash-files = true', `hash-file = "${join(SHIPPED, 'hash.txt')}"`];
    await sendry.restart({ LEPTOS_SITE_ROOT: site }, async (data) => {
      await writeFile(join(data, '../Leptos.toml'), `[package.metadata.leptos]\n${options.join('\n')}\n`);
    });
  }
  account = await setUp(sendry.url);
  const hit = (i) => ({
    serviceName: i % 3 ? 'shop' : 'mail', endpoint: i % 3 ? '/orders/:id' : '/send', method: 'GET', statusCode: i % 10 ? 200 : 503,
    latencyMs: 12 + (i % 50), timestamp: Date.now() - i * 1500, error: i % 10 ? undefined : 'payment timed out',
  });
  await sendHits(sendry.url, account.key, Array.from({ length: 2000 }, (_, i) => hit(i)));
});

/** One visit by a browser with an empty cache; milliseconds since the navigation began. */
async function visit(browser, address) {
  const context = await browser.newContext();
  const [name, value] = account.cookie.split('; ').find((pair) => pair.startsWith('sendry_access')).split('=');
  await context.addCookies([{ name, value, url: sendry.url }]);
  const page = await context.newPage();
  await page.goto(sendry.url + address);
  await page.waitForFunction(() => performance.getEntriesByName('sendry-alive').length > 0
    && performance.getEntriesByName('first-contentful-paint').length > 0);
  const seen = await page.evaluate(() => ({
    first: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    alive: performance.getEntriesByName('sendry-alive')[0].startTime,
    server: performance.getEntriesByType('navigation')[0].responseEnd,
    bytes: performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
  }));
  await context.close();
  return seen;
}

/** What the dashboard's own code weighs as a browser downloads it. */
async function sizes(folder) {
  const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(js|wasm)\.br$/.test(name));
  const bytes = await Promise.all(files.map(async (name) => [name, (await stat(join(folder, name))).size]));
  const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
  const named = bytes.map(([name, size]) => `${name.replace(/\.[0-9a-f]{16}/, '').replace('.br', '')} ${kB(size)}`);
  return `brotli: ${kB(bytes.reduce((sum, [, size]) => sum + size, 0))} of wasm and JavaScript without ECharts (aim 350 kB): ${named.join(', ')}`;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

test('how soon pages are seen and answer', async ({ browser }) => {
  test.setTimeout(180_000);
  const lines = [];
  for (const [name, address] of Object.entries(PAGES)) {
    await visit(browser, address);
    const visits = [];
    for (let i = 0; i < TURNS; i += 1) visits.push(await visit(browser, address));
    const of = (key) => Math.round(median(visits.map((seen) => seen[key])));
    expect(of('alive'), 'a page answers after it is seen on the way').toBeGreaterThan(0);
    lines.push(`${name.padEnd(10)} first paint ${of('first')} ms (aim 300), interactive ${of('alive')} ms (aim 1500), `
      + `page served in ${of('server')} ms, ${Math.round(of('bytes') / 1000)} kB in all`);
  }
  if (SHIPPED) lines.push(await sizes(join(SHIPPED, 'site/pkg')));
  console.log(`vitals of the ${SHIPPED ? 'shipped site' : 'site for development'}, median of ${TURNS}:\n  ${lines.join('\n  ')}`);
});
