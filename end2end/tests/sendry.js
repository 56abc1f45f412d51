// A real `sendry serve` on an empty folder and a free port, and a page whose console must stay silent.
import { test as base, expect } from '@playwright/test';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = process.env.SENDRY_BIN || resolve('../target/debug/sendry');
const SITE = process.env.LEPTOS_SITE_ROOT || resolve('../target/site');

export const ADMIN = { username: 'ada', email: 'ada@example.com', password: 'correct horse battery' };

async function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Starts a server on a folder; `stop` ends it. */
async function start(folder, port, settings = {}) {
  const child = spawn(BIN, ['serve'], {
    cwd: folder,
    env: { ...process.env, SENDRY_ADDR: `127.0.0.1:${port}`, SENDRY_DATA_DIR: join(folder, 'data'), LEPTOS_SITE_ROOT: SITE, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr });
  const log = [];
  await new Promise((listening, failed) => {
    lines.on('line', (line) => {
      log.push(line);
      if (line.includes('"listening"')) listening();
    });
    child.on('exit', (code) => failed(new Error(`the server ended with ${code}:\n${log.join('\n')}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  };
  return { url, stop, bin: BIN, log };
}

async function post(url, path, body, headers = {}) {
  const reply = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return reply;
}

/** Makes account, client and key by the API; returns the client's id and the key. */
export async function setUp(url) {
  const onboarded = await post(url, '/api/auth/onboard', ADMIN);
  const cookie = onboarded.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ');
  const client = await (await post(url, '/api/clients', { name: 'Shop' }, { cookie })).json();
  const key = await (await post(url, `/api/clients/${client.id}/keys`, { name: 'tests' }, { cookie })).json();
  return { client: client.id, key: key.key, cookie };
}

export async function sendHits(url, key, hits) {
  const reply = await (await post(url, '/api/hits', hits, { 'x-api-key': key })).json();
  expect(reply).toEqual({ accepted: hits.length, rejected: [] });
}

export async function logIn(page, url) {
  await page.goto(`${url}/login`);
  await page.getByRole('textbox', { name: /^User name/ }).fill(ADMIN.username);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/(overview|setup)/);
}

/**
 * A server for the tests of one file; its fields are there once the first test begins. `restart` stops it, does
 * something with its data folder, and starts it again with other settings.
 */
export function ownServer() {
  const server = {};
  let folder;
  let port;
  server.restart = async (settings = {}, meanwhile = async () => {}) => {
    await server.stop();
    await meanwhile(join(folder, 'data'));
    Object.assign(server, await start(folder, port, settings));
  };
  base.beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sendry-end2end-'));
    port = await freePort();
    Object.assign(server, await start(folder, port));
  });
  base.afterAll(async () => {
    await server.stop?.();
    await rm(folder, { recursive: true });
  });
  return server;
}

/** Waits until a page is alive, has loaded what it shows and has drawn its charts. It is never idle: it listens. */
export async function settled(page) {
  await page.waitForFunction(() => performance.getEntriesByName('sendry-alive').length > 0
    && !document.querySelector('main .skeleton, main .skeleton-text, .loading-bar.is-on')
    && [...document.querySelectorAll('.chart-canvas')].every((chart) => !chart.offsetWidth || chart.querySelector('canvas')));
}

/** The value of a tile of the overview. */
export const figure = (page, label) =>
  page.locator('.tile', { has: page.locator('.tile-label', { hasText: new RegExp(`^${label}$`) }) }).locator('.tile-value');

export const test = base.extend({
  // An error in the console fails the test it came in. A refused form is no error, though browsers print it as one.
  page: async ({ page }, use) => {
    const errors = [];
    page.on('console', (message) => {
      const refused = message.text().startsWith('Failed to load') && message.location().url.includes('/api/auth/');
      const wrong = message.type() === 'error' || /hydrat|panicked/i.test(message.text());
      if (wrong && !refused) errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await use(page);
    expect(errors, 'the browser console must stay silent').toEqual([]);
  },
});

export { expect };
