// Every page as it looks: in both themes, from phone to desktop, for whoever wants to see what a change has done.
// Nothing scrolls sideways anywhere.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, logIn, ownServer, setUp, settled, test } from './sendry.js';

const sendry = ownServer();

const run = promisify(execFile);

const WIDTHS = [400, 1024, 1600];

const PAGES = {
  overview: '/overview?range=1h',
  service: '/service?range=1h&service=payments',
  endpoint: '/endpoint?endpoint=/payments&method=POST&range=1h&service=payments',
  requests: '/requests?range=1h&status=5xx',
  live: '/live',
  pipeline: '/pipeline',
  keys: '/settings/keys',
  members: '/settings/members',
  limits: '/settings/limits',
  audit: '/settings/audit',
  profile: '/settings/profile',
  sessions: '/settings/sessions',
  clients: '/settings/clients',
  users: '/settings/users',
  'installation-audit': '/settings/installation-audit',
  setup: '/setup',
};

test.beforeAll(async () => {
  const account = await setUp(sendry.url);
  const play = ['demo', '--url', sendry.url, '--key', account.key, '--backfill', '150m', '--backfill-rate', '6', '--for', '0s'];
  await run(sendry.bin, [...play, '--incident', '25m']);
  const counted = async () => {
    const reply = await fetch(`${sendry.url}/api/analytics/overview?range=24h`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests;
  };
  let before = -1;
  await expect.poll(async () => {
    const now = await counted();
    const still = now > 0 && now === before;
    before = now;
    return still;
  }, { timeout: 60_000 }).toBe(true);
});

async function look(page, name, scheme) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 1000 });
    // Charts follow their cards a frame later.
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, `${name} at ${width} px`).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `artefacts/looks/${name}-${scheme}-${width}.png`, fullPage: true });
  }
}

for (const scheme of ['light', 'dark']) {
  test(`every page from phone to desktop, ${scheme}`, async ({ page }) => {
    test.setTimeout(240_000);
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${sendry.url}/login`);
    await look(page, 'login', scheme);
    await logIn(page, sendry.url);
    for (const [name, address] of Object.entries(PAGES)) {
      await page.goto(sendry.url + address);
      await settled(page);
      await look(page, name, scheme);
    }
    await page.goto(sendry.url + PAGES.requests);
    await page.locator('.requests tbody tr').first().getByRole('link').first().click();
    await expect(page.locator('.request .request-line')).toBeVisible();
    await look(page, 'request', scheme);
  });
}
