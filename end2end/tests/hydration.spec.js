// Before a page has come alive: what is typed meanwhile stays, nothing is sent, and no password gets into a URL.
import { ADMIN, expect, ownServer, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

/** Opens a page whose WebAssembly does not arrive before `comeAlive` is called; `urls` are all that it asks for. */
async function openAsleep(page, path) {
  let comeAlive;
  const awaited = new Promise((done) => { comeAlive = done; });
  const urls = [];
  page.on('request', (request) => urls.push(request.url()));
  page.on('framenavigated', (frame) => urls.push(frame.url()));
  await page.route('**/pkg/*.wasm', async (route) => {
    await awaited;
    await route.continue();
  });
  await page.goto(sendry.url + path, { waitUntil: 'commit' });
  return { comeAlive, urls };
}

test('the first account is made of what was typed before the page was alive', async ({ page }) => {
  const { comeAlive, urls } = await openAsleep(page, '/setup');
  await page.getByRole('textbox', { name: /^User name/ }).fill(ADMIN.username);
  await page.getByLabel('E-mail address').fill(ADMIN.email);
  await page.getByLabel('Password').fill(ADMIN.password);
  const button = page.getByRole('button', { name: 'Create account' });
  await expect(button).toBeDisabled();
  await page.getByLabel('Password').press('Enter');
  await expect(button).toBeDisabled();
  expect(page.url()).toBe(`${sendry.url}/setup`);

  comeAlive();
  await button.click();
  await expect(page.getByLabel('Name of the client')).toBeVisible();
  expect(urls.filter((url) => url.includes('password') || url.includes(ADMIN.password.split(' ')[0]))).toEqual([]);
});

test('so is the sign-in', async ({ page }) => {
  const { comeAlive, urls } = await openAsleep(page, '/login');
  await page.getByRole('textbox', { name: /^User name/ }).fill(ADMIN.username);
  await page.getByLabel('Password').fill(ADMIN.password);
  const button = page.getByRole('button', { name: 'Sign in' });
  await expect(button).toBeDisabled();
  await button.click({ force: true });
  await page.getByLabel('Password').press('Enter');
  await expect(button).toBeDisabled();
  expect(page.url()).toBe(`${sendry.url}/login`);

  comeAlive();
  await expect(button).toBeEnabled();
  await expect(page.getByLabel('Password')).toHaveValue(ADMIN.password);
  await button.click();
  await page.waitForURL('**/setup');
  expect(urls.filter((url) => url.includes('password') || url.includes(ADMIN.password.split(' ')[0]))).toEqual([]);
});
