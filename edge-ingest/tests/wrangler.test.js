// As the README says it: `npx wrangler dev`, which builds the Worker by itself, in front of a core.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Core, freePort, hits, send, sleep } from './house.js';

let core;
let wrangler;
let log = '';
const edge = {};

before(async () => {
  core = await Core.fresh();
  const [port, inspector] = [await freePort(), await freePort()];
  const vars = ['--var', `CORE_URL:${core.url}`, '--var', `EDGE_SECRET:${core.secret}`];
  const ports = ['--port', `${port}`, '--inspector-port', `${inspector}`];
  wrangler = spawn('npx', ['wrangler', 'dev', ...ports, ...vars, '--persist-to', join(core.folder, 'wrangler')], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, CI: 'true', WRANGLER_SEND_METRICS: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: wrangler has children.
    detached: true,
  });
  for (const stream of [wrangler.stdout, wrangler.stderr]) stream.on('data', (said) => (log += said));
  edge.url = `http://127.0.0.1:${port}`;
});
after(async () => {
  if (wrangler && wrangler.exitCode === null) {
    const ended = new Promise((done) => wrangler.once('exit', done));
    process.kill(-wrangler.pid, 'SIGTERM');
    await ended;
  }
  await core?.end();
});

test('wrangler dev takes hits and forwards them', { timeout: 180_000 }, async () => {
  let healthy = false;
  while (!healthy) {
    assert.equal(wrangler.exitCode, null, log);
    healthy = await fetch(`${edge.url}/healthz`).then((reply) => reply.ok, () => false);
    if (!healthy) await sleep(250);
  }
  const reply = await send(edge, core.key, hits(5));
  assert.deepEqual([reply.status, reply.body.accepted], [202, 5], log);
  await core.counted(5);
});
