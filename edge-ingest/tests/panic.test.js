import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Core, hits, send, startEdge } from './house.js';

let core;
let edge;

before(async () => {
  core = await Core.fresh();
  edge = await startEdge(core, { folder: 'build-for-tests' });
});
after(async () => {
  await edge?.dispose();
  await core?.end();
});

test('a panic is answered, and the isolate works on', async () => {
  let total = 0;
  for (let round = 0; round < 5; round += 1) {
    const began = Date.now();
    const reply = await fetch(`${edge.url}/panic`, { signal: AbortSignal.timeout(5_000) });
    assert.equal(reply.status, 500);
    assert.equal((await reply.json()).error.code, 'internal');
    assert.ok(Date.now() - began < 2_000);
    const next = await send(edge, core.key, hits(2));
    assert.equal(next.status, 202, JSON.stringify(next.body));
    total += 2;
  }
  await core.counted(total);
});

test('calls beside a panic are answered, and none of those answered with 202 is lost', async () => {
  const before = (await core.overview()).requests;
  const calls = Array.from({ length: 100 }, async (_, n) => {
    if (n % 20 === 10) return fetch(`${edge.url}/panic`).then((reply) => [reply.status, 0]);
    const reply = await send(edge, core.key, hits(3));
    return [reply.status, reply.body.accepted ?? 0];
  });
  const replies = await Promise.all(calls);
  assert.ok(replies.every(([status]) => status === 202 || status === 500), `${replies.map(([status]) => status)}`);
  const promised = replies.reduce((sum, [, accepted]) => sum + accepted, 0);
  assert.ok(promised > 0);
  const last = await send(edge, core.key, hits(1));
  assert.equal(last.status, 202);
  // A call that a neighbour's panic ended may have been durable already: at least what was promised, no more than was sent.
  let counted;
  for (let n = 0; n < 200; n += 1) {
    counted = (await core.overview()).requests - before;
    if (counted >= promised + 1) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.ok(counted >= promised + 1 && counted <= 95 * 3 + 1, `${counted} of ${promised} promised`);
});
