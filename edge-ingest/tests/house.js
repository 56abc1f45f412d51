// A real core on an empty folder, and the Worker in workerd in front of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const BIN = process.env.SENDRY_BIN || resolve(HERE, '../target/debug/sendry');
const ADMIN = { username: 'ada', email: 'ada@example.com', password: 'correct horse battery' };

export async function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** A core with its super admin, a client, a key and an edge. `stop`, `kill` and `start` again on the same folder. */
export class Core {
  static async fresh(settings = {}) {
    const core = new Core();
    core.settings = settings;
    core.folder = await mkdtemp(join(tmpdir(), 'sendry-edge-'));
    core.port = await freePort();
    core.url = `http://127.0.0.1:${core.port}`;
    await core.start();
    const onboarded = await core.post('/api/auth/onboard', ADMIN);
    core.cookie = onboarded.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ');
    core.client = (await core.json('/api/clients', { name: 'Shop' })).id;
    Object.assign(core, await core.newKey());
    core.secret = (await core.json('/api/edges', { name: 'tests' })).secret;
    return core;
  }

  async start() {
    const env = { SENDRY_ADDR: `127.0.0.1:${this.port}`, SENDRY_DATA_DIR: join(this.folder, 'data'), ...this.settings };
    this.child = spawn(BIN, ['serve'], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const child = this.child;
    const log = [];
    await new Promise((listening, failed) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line);
        if (line.includes('"listening"')) listening();
      });
      child.on('exit', (code) => failed(new Error(`the core ended with ${code}:\n${log.join('\n')}`)));
    });
  }

  async stop(signal = 'SIGTERM') {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill(signal);
    await ended;
  }

  async end() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop();
    await rm(this.folder, { recursive: true });
  }

  async call(method, path, body) {
    const reply = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(this.cookie && { cookie: this.cookie }) },
      body: body && JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply;
  }

  post(path, body) {
    return this.call('POST', path, body);
  }

  async json(path, body) {
    return (await this.call(body ? 'POST' : 'GET', path, body)).json();
  }

  /** With what it is held to, if anything. */
  async newKey(held = {}) {
    const made = await this.json(`/api/clients/${this.client}/keys`, { name: 'tests', ...held });
    return { key: made.key, keyId: made.id };
  }

  async revoke(keyId) {
    await this.call('DELETE', `/api/clients/${this.client}/keys/${keyId}`);
  }

  /** What the dashboard shows. */
  overview() {
    return this.json(`/api/analytics/overview?range=1h&client=${this.client}`);
  }

  /** Waits until so many hits are counted; then makes sure that no more are. */
  async counted(hits, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    let requests;
    for (;;) {
      ({ requests } = await this.overview());
      if (requests >= hits || Date.now() > end) break;
      await sleep(50);
    }
    assert.equal(requests, hits);
  }

  deadLetters() {
    return this.json('/api/ops/dead-letters').then((reply) => reply.deadLetters);
  }
}

/** The Worker in workerd. `without` names bindings to leave out; `options` go to Miniflare. */
export async function startEdge(core, { without = [], vars = {}, limit = 100_000, folder = 'build', ...options } = {}) {
  const bound = (name, binding) => (without.includes(name) ? {} : binding);
  const root = resolve(process.env.EDGE_BUILD || join(HERE, folder));
  const edge = new Miniflare({
    modules: true,
    modulesRoot: root,
    scriptPath: join(root, 'index.js'),
    modulesRules: [
      { type: 'ESModule', include: ['**/*.js'] },
      { type: 'CompiledWasm', include: ['**/*.wasm'] },
    ],
    compatibilityDate: '2026-03-01',
    host: '127.0.0.1',
    port: 0,
    cf: { country: 'DE', colo: 'FRA' },
    bindings: { ...(core && { CORE_URL: core.url, EDGE_SECRET: core.secret }), ...vars },
    ...bound('HITS', {
      queueProducers: { HITS: { queueName: 'hits' } },
      queueConsumers: { hits: { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 100, deadLetterQueue: 'dead' } },
    }),
    ...bound('KEYS', { kvNamespaces: ['KEYS'] }),
    ...bound('LIMIT', { ratelimits: { LIMIT: { simple: { limit, period: 10 } } } }),
    ...options,
  });
  edge.url = (await edge.ready).origin;
  return edge;
}

/** Sends hits; the reply as `{status, headers, body}`. */
export async function send(edge, key, body, { path = '/api/hits', headers = {}, raw = false } = {}) {
  const reply = await fetch(edge.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }), ...headers },
    body: raw ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, body: text && JSON.parse(text) };
}

export const hit = (more = {}) => ({
  serviceName: 'orders',
  endpoint: '/orders/:id',
  method: 'GET',
  statusCode: 200,
  latencyMs: 12.5,
  ...more,
});

export const hits = (number, more = {}) => Array.from({ length: number }, () => hit(more));

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
