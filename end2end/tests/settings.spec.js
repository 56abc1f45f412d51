// Settings: a viewer is invited, accepts, and sees what they may not do; a key is rotated while hits flow, and none is lost.
import { ADMIN, expect, figure, logIn, ownServer, sendHits, setUp, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

const VIEWER = { username: 'vera', email: 'vera@example.com', password: 'a viewer with a password' };
const hit = { serviceName: 'shop', endpoint: '/cart', method: 'GET', statusCode: 200, latencyMs: 4 };
const row = (page, table, text) => page.locator(`table.${table} tbody tr`, { hasText: text });
const rail = (page) => page.getByRole('navigation', { name: 'Settings' });

let account;
let invitation;

async function signIn(page, { username, password }) {
  await page.goto(`${sendry.url}/login`);
  await page.getByRole('textbox', { name: /^User name/ }).fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/(overview|setup)/);
}

test('settings stand in the HTML before any script runs', async ({ browser }) => {
  account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, Array(3).fill(hit));
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.setExtraHTTPHeaders({ cookie: account.cookie });
  const page = await context.newPage();
  for (const [address, text] of [
    ['/settings/keys', 'snd_live_'],
    ['/settings/members', 'Nobody is a member yet'],
    ['/settings/audit', 'made key'],
    ['/settings/profile', ADMIN.email],
    ['/settings/sessions', 'this one'],
    ['/settings/clients', 'Shop'],
    ['/settings/users', 'super admin'],
    ['/settings/installation-audit', 'set up instance'],
  ]) {
    await page.goto(sendry.url + address);
    await expect(page.getByRole('main'), address).toContainText(text);
    await expect(rail(page).locator('[aria-current="page"]')).toHaveCount(1);
  }
  await context.close();
});

test('a super admin invites a viewer by a link', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.waitForURL(/\/settings\/keys/);
  await rail(page).getByRole('link', { name: 'Members' }).click();
  await page.getByLabel('Whom').fill('Vera of the shop');
  await page.getByLabel('Role', { exact: true }).selectOption('viewer');
  await page.getByRole('button', { name: 'Make a link' }).click();
  invitation = await page.locator('#secret').innerText();
  expect(invitation).toMatch(/\/invitation#[\w-]{43}$/);
  await expect(row(page, 'invitations', 'Vera of the shop')).toContainText('viewer');
  await page.screenshot({ path: 'artefacts/settings-members.png', fullPage: true });
  // It is shown this once.
  await page.reload();
  await expect(row(page, 'invitations', 'Vera of the shop')).toBeVisible();
  expect(await page.content()).not.toContain(invitation.split('#')[1]);
});

test('the viewer accepts, sees all, and is offered nothing that they may not do', async ({ page }) => {
  const seen = [];
  page.on('request', (request) => seen.push(request.url()));
  await page.goto(invitation);
  await expect(page.getByRole('heading', { name: 'Join Shop' })).toBeVisible();
  await expect(page.getByText('You are invited as viewer.')).toBeVisible();
  expect(page.url(), 'the token has left the address').not.toContain('#');
  await page.screenshot({ path: 'artefacts/invitation.png' });
  await page.getByLabel('User name').fill(VIEWER.username);
  await page.getByLabel('E-mail address').fill(VIEWER.email);
  await page.getByLabel('Password').fill(VIEWER.password);
  await page.getByRole('button', { name: 'Create account and join' }).click();
  await page.waitForURL(/\/overview/);
  await expect(figure(page, 'Requests')).toHaveText('3');
  const token = invitation.split('#')[1];
  expect(seen.filter((url) => new URL(url).pathname !== '/invitation' && url.includes(token))).toEqual([]);

  await page.goto(`${sendry.url}/settings/keys`);
  await expect(row(page, 'keys', 'tests')).toContainText('good');
  await expect(page.getByRole('button', { name: /Rotate|Revoke|Create key/ })).toHaveCount(0);
  const names = await rail(page).getByRole('link').allInnerTexts();
  expect(names).toEqual(expect.arrayContaining(['API keys', 'Members', 'Profile', 'Sessions']));
  for (const hidden of ['Audit log', 'Clients', 'Users']) expect(names).not.toContain(hidden);
  await page.goto(`${sendry.url}/settings/members`);
  await expect(row(page, 'members', VIEWER.username)).toContainText('viewer');
  await expect(page.getByRole('combobox', { name: /^Role of/ })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Make a link' })).toHaveCount(0);
  await page.screenshot({ path: 'artefacts/settings-viewer.png', fullPage: true });
});

test('who tries all the same is refused, and the page says so', async ({ browser }) => {
  // Its own page: a refusal is an error in the console.
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, VIEWER);
  for (const address of ['/settings/audit', '/settings/clients', '/settings/users', '/settings/installation-audit']) {
    await page.goto(sendry.url + address);
    await expect(page.getByRole('main'), address).toContainText(/does not allow that|Only a super admin/i);
  }
  const status = await page.evaluate(async (client) => {
    const made = await fetch(`/api/clients/${client}/keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"mine"}',
    });
    return made.status;
  }, account.client);
  expect(status).toBe(403);
  await context.close();
});

test('a used invitation is worth nothing', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(invitation);
  await expect(page.getByText('This invitation cannot be used')).toBeVisible();
  await context.close();
});

test('a key is rotated while hits flow, and none is lost', async ({ page }) => {
  await logIn(page, sendry.url);
  let key = account.key;
  let sent = 3;
  let sending = true;
  const flow = (async () => {
    while (sending) {
      await sendHits(sendry.url, key, [hit, hit]);
      sent += 2;
    }
  })();
  await page.goto(`${sendry.url}/settings/keys`);
  const old = row(page, 'keys', 'good');
  await expect(old).toHaveCount(1);
  await old.getByRole('button', { name: 'Rotate' }).click();
  await old.getByRole('button', { name: 'Make the new key' }).click();
  const fresh = await page.locator('#secret').innerText();
  expect(fresh).toMatch(/^snd_live_/);
  await expect(row(page, 'keys', 'replaced; good until')).toHaveCount(1);
  await page.screenshot({ path: 'artefacts/settings-rotated.png', fullPage: true });
  // The application takes up the new key while the old one is good; then the old one is revoked.
  const before = sent;
  await expect.poll(() => sent).toBeGreaterThan(before);
  key = fresh;
  const taken = sent;
  await expect.poll(() => sent).toBeGreaterThan(taken + 2);
  const replaced = row(page, 'keys', 'replaced; good until');
  await replaced.getByRole('button', { name: 'Revoke' }).click();
  const confirm = replaced.getByRole('textbox');
  await expect(confirm).toBeFocused();
  await confirm.fill('not the name');
  await expect(replaced.getByRole('button', { name: 'Revoke' })).toBeDisabled();
  await confirm.fill(await replaced.locator('.confirm-label strong').innerText());
  await page.screenshot({ path: 'artefacts/settings-confirm.png', fullPage: true });
  await replaced.getByRole('button', { name: 'Revoke' }).click();
  await expect(row(page, 'keys', 'revoked')).toHaveCount(1);
  const revoked = sent;
  await expect.poll(() => sent).toBeGreaterThan(revoked + 2);
  sending = false;
  // Had a single call been refused, this would throw.
  await flow;
  const refused = await fetch(`${sendry.url}/api/hit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': account.key },
    body: JSON.stringify(hit),
  });
  expect(refused.status).toBe(401);
  await expect
    .poll(async () => {
      const reply = await fetch(`${sendry.url}/api/analytics/overview?range=1h&client=${account.client}`, { headers: { cookie: account.cookie } });
      return (await reply.json()).requests;
    })
    .toBe(sent);
});

test('a key is held to pages and services by the form', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/settings/keys`);
  await page.getByLabel('What is the key for?').fill('pages');
  await page.getByText('Narrow it down').click();
  await page.getByLabel('Only pages of these origins').fill('shop.example');
  await page.getByLabel('Only hits of these services').fill('shop, orders');
  const refusal = page.waitForResponse((reply) => reply.status() === 201);
  await page.getByLabel('Only pages of these origins').fill('https://shop.example');
  await page.getByRole('button', { name: 'Create key' }).click();
  await refusal;
  await expect(row(page, 'keys', 'https://shop.example, shop, orders')).toHaveCount(1);
});

test('a session elsewhere is ended, and a new password ends the others', async ({ page, browser }) => {
  const elsewhere = await browser.newContext({ userAgent: 'Elsewhere/1.0' });
  const other = await elsewhere.newPage();
  await signIn(other, VIEWER);
  await signIn(page, VIEWER);
  await page.goto(`${sendry.url}/settings/sessions`);
  await row(page, 'sessions', 'Elsewhere/1.0').getByRole('button', { name: 'End' }).click();
  await expect(row(page, 'sessions', 'Elsewhere/1.0')).toHaveCount(0);
  await other.goto(`${sendry.url}/overview`);
  await other.waitForURL(/\/login/);

  await signIn(other, VIEWER);
  await page.goto(`${sendry.url}/settings/profile`);
  await page.getByLabel('Present password').fill(VIEWER.password);
  await page.getByLabel('New password').fill('another good password');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Your other sessions have ended')).toBeVisible();
  await other.goto(`${sendry.url}/overview`);
  await other.waitForURL(/\/login/);
  VIEWER.password = 'another good password';
  await elsewhere.close();
});

test('a super admin hands over a link to choose a password, and disables by name', async ({ page, browser }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/settings/users`);
  const vera = row(page, 'users', VIEWER.username);
  await vera.getByRole('button', { name: 'Reset password' }).click();
  const link = await page.locator('#secret').innerText();
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(link);
  await other.getByLabel('New password').fill('chosen by the link');
  await other.getByRole('button', { name: 'Change password' }).click();
  await expect(other.getByText('Your password is changed')).toBeVisible();
  expect(other.url()).not.toContain('#');
  await signIn(other, { ...VIEWER, password: 'chosen by the link' });

  await vera.getByRole('button', { name: 'Disable' }).click();
  await vera.getByRole('textbox').fill(VIEWER.username);
  await vera.getByRole('button', { name: 'Disable' }).click();
  await expect(vera).toContainText('disabled');
  await other.goto(`${sendry.url}/overview`);
  await other.waitForURL(/\/login/);
  await context.close();
  await page.goto(`${sendry.url}/settings/installation-audit`);
  await expect(row(page, 'audit', 'disabled user').first()).toContainText(VIEWER.username);
});

test('they read well from phone to desktop, in light and dark', async ({ page }) => {
  await logIn(page, sendry.url);
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [400, 1024, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      for (const name of ['keys', 'members', 'limits', 'audit', 'users', 'sessions', 'profile']) {
        await page.goto(`${sendry.url}/settings/${name}`);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow, `${name} must not scroll sideways at ${width}`).toBeLessThanOrEqual(0);
        await page.screenshot({ path: `artefacts/settings-${name}-${scheme}-${width}.png`, fullPage: true });
      }
    }
  }
});
