import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Core, hit, hits, send, sleep, startEdge } from './house.js';

let core;
let edge;
let total = 0;

before(async () => {
  core = await Core.fresh();
  edge = await startEdge(core);
});
after(async () => {
  await edge?.dispose();
  await core?.end();
});

async function accepted(number, key = core.key, edgeInUse = edge, options = {}) {
  const reply = await send(edgeInUse, key, hits(number), options);
  assert.equal(reply.status, 202, JSON.stringify(reply.body));
  total += number;
}

/** Text that cannot be compressed, so that a batch does not fit into a message of the queue. */
const large = (number) => hits(number).map((one) => ({ ...one, error: randomBytes(1_000).toString('base64') }));

test('hits that come while the core is down are counted once when it is back', async () => {
  await accepted(3);
  await core.counted(total);
  await core.stop('SIGKILL');
  const headers = { 'idempotency-key': randomUUID() };
  for (let n = 0; n < 30; n += 1) await accepted(2);
  await accepted(4, core.key, edge, { headers });
  assert.equal((await send(edge, core.key, hits(4), { headers })).status, 202);
  const held = await send(edge, core.key, large(300));
  assert.equal(held.status, 503, 'what only the core could keep is not promised');
  assert.ok(held.headers.get('retry-after'));
  await sleep(8_000);
  await core.start();
  await core.counted(total, 60);
  await accepted(1);
  await core.counted(total);
});

test('a core killed while messages are on their way counts none twice and loses none', async () => {
  for (let n = 0; n < 3; n += 1) {
    const sending = Array.from({ length: 60 }, () => accepted(3));
    await sleep(700);
    await core.stop('SIGKILL');
    await Promise.all(sending);
    await core.start();
  }
  await core.counted(total, 60);
  await sleep(3_000);
  await core.counted(total);
});

test('a key revoked between the 202 and the forward still counts', async () => {
  const { key, keyId } = await core.newKey();
  await accepted(1, key);
  await core.counted(total);
  await core.stop();
  await accepted(5, key);
  await core.start();
  await core.revoke(keyId);
  await core.counted(total, 60);
  assert.deepEqual(await core.deadLetters(), []);
});

test('what does not fit into the queue goes to the core at once, whole', async () => {
  const batch = large(400);
  assert.ok(JSON.stringify(batch).length > 500_000);
  const headers = { 'idempotency-key': randomUUID() };
  for (let n = 0; n < 2; n += 1) {
    const reply = await send(edge, core.key, batch, { headers });
    assert.deepEqual([reply.status, reply.body.accepted], [202, 400]);
  }
  total += 400;
  await core.counted(total);
});

test('without a queue the caller gets the answer of the core', async () => {
  const direct = await startEdge(core, { without: ['HITS'], vars: { KEY_SECONDS: '60' } });
  try {
    await accepted(6, core.key, direct);
    await core.counted(total);
    await core.stop();
    const began = Date.now();
    const reply = await send(direct, core.key, hit());
    assert.equal(reply.status, 503);
    assert.ok(reply.headers.get('retry-after'));
    assert.ok(Date.now() - began < 2_000, 'at once');
    await core.start();
    await accepted(1, core.key, direct);
    await core.counted(total);
  } finally {
    await direct.dispose();
  }
});

test('with neither queue nor core it is a 503 at once', async () => {
  for (const vars of [{ CORE_URL: '' }, { CORE_URL: 'http://127.0.0.1:1' }]) {
    const alone = await startEdge(core, { without: ['HITS'], vars });
    try {
      const began = Date.now();
      const reply = await send(alone, core.key, hit());
      assert.equal(reply.status, 503);
      assert.equal(reply.headers.get('retry-after'), '1');
      assert.ok(Date.now() - began < 2_000);
    } finally {
      await alone.dispose();
    }
  }
});

test('the edge is seen on the pipeline page with what it has brought', async () => {
  let seen;
  for (let n = 0; n < 60; n += 1) {
    [seen] = (await core.json('/api/ops/pipeline')).edges;
    if (seen.lastSeenAt && seen.hits > 0) break;
    await sleep(500);
  }
  assert.equal(seen.name, 'tests');
  assert.ok(seen.messages > 0 && seen.hits > 0 && seen.refused === 0, JSON.stringify(seen));
});
