// A newcomer's way: an empty folder, an account, a client, a key, the first hit by curl, log out and in.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ADMIN, expect, figure, logIn, ownServer, test } from './sendry.js';

const sendry = ownServer();

const run = promisify(execFile);

test.describe.configure({ mode: 'serial' });

test('from an empty folder to the first hit on the overview', async ({ page }) => {
  await page.goto(sendry.url);
  await page.waitForURL('**/setup');
  await expect(page.getByRole('heading', { name: 'Welcome to Sendry' })).toBeVisible();
  await page.screenshot({ path: 'artefacts/setup-account.png' });

  await page.getByRole('textbox', { name: /^User name/ }).fill(ADMIN.username);
  await page.getByLabel('E-mail address').fill(ADMIN.email);
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText(/8 to 128 characters/)).toBeVisible();
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create account' }).click();

  await page.getByLabel('Name of the client').fill('Shop');
  await page.screenshot({ path: 'artefacts/setup-client.png' });
  await page.getByRole('button', { name: 'Create client' }).click();

  await expect(page.getByText('Waiting for a hit')).toBeVisible();
  const key = await page.locator('#api-key').innerText();
  expect(key).toMatch(/^snd_[a-z0-9]+_[0-9A-Za-z]{38}$/);
  await page.screenshot({ path: 'artefacts/setup-first-hit.png', fullPage: true });

  // The line to paste works as it stands.
  const line = await page.locator('#snippet code').innerText();
  const { stdout } = await run('sh', ['-c', line.replace(/^curl/, 'curl -s')]);
  expect(stdout).toContain('"accepted":1');
  await expect(page.getByText('It works: a hit has arrived')).toBeVisible();
  await page.screenshot({ path: 'artefacts/setup-arrived.png', fullPage: true });

  await page.getByRole('link', { name: 'Open the overview' }).click();
  await page.waitForURL('**/overview**');
  await expect(figure(page, 'Requests')).toHaveText('1');

  // More hits appear without a reload.
  await run('sh', ['-c', line.replace(/^curl/, 'curl -s')]);
  await run('sh', ['-c', line.replace(/^curl/, 'curl -s')]);
  await expect(figure(page, 'Requests')).toHaveText('3');
});

test('log out ends the session, and logging in brings the pages back', async ({ page }) => {
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview`);
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/login**');
  await page.screenshot({ path: 'artefacts/login.png' });
  await page.goto(`${sendry.url}/overview`);
  await page.waitForURL('**/login**');

  await page.getByRole('textbox', { name: /^User name/ }).fill(ADMIN.username);
  await page.getByLabel('Password').fill('not the password');
  const refused = page.waitForResponse('**/api/auth/login');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect((await refused).status()).toBe(401);
});
