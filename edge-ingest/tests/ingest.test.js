import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Core, hit, hits, send, startEdge } from './house.js';

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

/** Sends what must be accepted as a whole. */
async function accepted(number, body, options) {
  const reply = await send(edge, core.key, body, options);
  assert.equal(reply.status, 202, JSON.stringify(reply.body));
  assert.deepEqual(reply.body, { accepted: number, rejected: [] });
  total += number;
  return reply;
}

test('single hits and batches end on the numbers of the dashboard', async () => {
  const reply = await accepted(1, hit({ statusCode: 500, latencyMs: 80 }), { path: '/api/hit' });
  assert.match(reply.headers.get('x-request-id'), /^[0-9a-f]{8}-[0-9a-f]+$/);
  await accepted(20, hits(20));
  await accepted(5, { hits: hits(5) });
  const lines = hits(3).map((one) => JSON.stringify(one)).join('\n');
  await accepted(3, lines, { raw: true, headers: { 'content-type': 'application/x-ndjson' } });
  const bearer = await send(edge, undefined, hits(2), { headers: { authorization: `Bearer ${core.key}` } });
  assert.equal(bearer.status, 202);
  total += 2;
  await core.counted(total);
  const overview = await core.overview();
  assert.equal(overview.serverErrors, 1);
  assert.equal(overview.latencyMs.max, 80);
});

test('gzip, and a batch of a megabyte', async () => {
  const zipped = gzipSync(JSON.stringify(hits(100)));
  await accepted(100, zipped, { raw: true, headers: { 'content-encoding': 'gzip' } });
  const large = hits(1_500).map((one, n) => ({ ...one, endpoint: `/large/${n % 7}/x`, error: `${randomUUID()}`.repeat(14) }));
  const body = JSON.stringify(large);
  assert.ok(body.length > 900_000, `${body.length}`);
  await accepted(1_500, body, { raw: true });
  await accepted(10_000, hits(10_000));
  await core.counted(total);
});

test('what comes twice, by the edge and by the core, counts once', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  await accepted(7, hits(7), { headers });
  const again = await send(edge, core.key, hits(7), { headers });
  assert.equal(again.status, 202);
  const directly = await send(core, core.key, hits(7), { headers });
  assert.equal(directly.status, 202);
  const eventId = randomUUID();
  await accepted(1, hit({ eventId }), { path: '/api/hit' });
  assert.equal((await send(core, core.key, hit({ eventId }), { path: '/api/hit' })).status, 202);
  // Something behind them, so that all of them have been counted or not.
  await accepted(1, hit());
  await core.counted(total);
  await core.counted(total);
});

test('what the platform knows of the sender is passed on', async () => {
  const consumer = randomUUID();
  await accepted(1, hit({ consumer, attributes: { plan: 'pro' } }), { headers: { 'cf-connecting-ip': '203.0.113.7' } });
  await core.counted(total);
  const found = await core.json(`/api/requests?range=1h&client=${core.client}&q=${consumer}`);
  const request = await core.json(`/api/requests/${encodeURIComponent(found.requests[0].id)}?client=${core.client}`);
  assert.equal(request.ip, '203.0.113.7');
  const attributes = typeof request.attributes === 'string' ? JSON.parse(request.attributes) : request.attributes;
  assert.deepEqual(attributes, { country: 'DE', colo: 'FRA', plan: 'pro' });
});

test('wrong keys are refused as the core refuses them', async () => {
  const unknown = 'snd_live_1FPc9b5c5QdpH4zZv03tchG8AluSK9wT105sBP';
  for (const key of [undefined, 'hello', core.key.slice(0, -1), `${core.key.slice(0, -1)}x`, unknown]) {
    const [there, here] = [await send(edge, key, hit()), await send(core, key, hit())];
    assert.equal(there.status, 401);
    assert.deepEqual(there.body, here.body);
    assert.ok(there.headers.get('x-request-id'));
  }
});

test('limits are those of the core', async () => {
  const tooMany = await send(edge, core.key, hits(10_001));
  assert.deepEqual([tooMany.status, tooMany.body.error.code], [413, 'too_large']);
  const sent = await send(edge, core.key, 'x'.repeat((8 << 20) + 1), { raw: true });
  assert.equal(sent.status, 413);
  const stop = new AbortController();
  const endless = new ReadableStream({
    async pull(controller) {
      await new Promise(setImmediate); // else nothing but sending happens in this process
      // what has been answered is sent on all the same
      if (stop.signal.aborted) return controller.close();
      controller.enqueue(new TextEncoder().encode(' '.repeat(1 << 20)));
    },
  });
  const call = { method: 'POST', headers: { 'x-api-key': core.key }, body: endless, duplex: 'half', signal: stop.signal };
  const chunked = await fetch(`${edge.url}/api/hits`, call).catch(() => null);
  stop.abort();
  // The platform may cut the line on who does not stop sending.
  assert.ok(chunked === null || chunked.status === 413, `${chunked?.status}`);
  const bomb = gzipSync(Buffer.alloc((32 << 20) + 1, ' '));
  const inflated = await send(edge, core.key, bomb, { raw: true, headers: { 'content-encoding': 'gzip' } });
  assert.deepEqual([inflated.status, inflated.body.error.field], [413, 'body']);
  for (const coding of ['br', 'zstd']) {
    const other = await send(edge, core.key, 'x', { raw: true, headers: { 'content-encoding': coding } });
    assert.deepEqual([other.status, other.body.error.field], [415, 'content-encoding']);
  }
});

test('junk is refused and nothing breaks', async () => {
  const junk = [Buffer.alloc(0), Buffer.from('{'), Buffer.from([0xff, 0xfe, 0, 1]), Buffer.from('[[[[['.repeat(10_000)), Buffer.from('null')];
  for (const body of junk) {
    for (const headers of [{}, { 'content-encoding': 'gzip' }, { 'content-type': 'application/x-ndjson' }]) {
      const reply = await send(edge, core.key, body, { raw: true, headers });
      assert.equal(reply.status, 400, JSON.stringify(reply.body));
      assert.equal(reply.body.error.code, 'invalid');
    }
  }
  for (const id of ['short', 'x'.repeat(129), 'with spaces in between it']) {
    const reply = await send(edge, core.key, hit(), { headers: { 'idempotency-key': id } });
    assert.equal(reply.body.error.field, 'Idempotency-Key');
  }
  const sentAt = await send(edge, core.key, hit(), { headers: { 'x-sendry-sent-at': 'yesterday' } });
  assert.equal(sentAt.body.error.field, 'x-sendry-sent-at');
});

test('browsers of any page may report, and routes are what they are', async () => {
  const asked = { origin: 'https://shop.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' };
  for (const path of ['/api/hit', '/api/hits']) {
    const [there, here] = await Promise.all([edge, core].map(({ url }) => fetch(url + path, { method: 'OPTIONS', headers: asked })));
    for (const name of ['allow-origin', 'allow-methods', 'max-age'].map((name) => `access-control-${name}`)) {
      assert.equal(there.headers.get(name), here.headers.get(name), name);
    }
    const allowed = (reply) => reply.headers.get('access-control-allow-headers').split(',').sort();
    assert.deepEqual(allowed(there), allowed(here));
  }
  const reply = await send(edge, core.key, hit({ latencyMs: -1 }));
  assert.equal(reply.headers.get('access-control-allow-origin'), '*');
  const health = await (await fetch(`${edge.url}/healthz`)).json();
  assert.equal(health.status, 'ok');
  assert.equal((await fetch(`${edge.url}/api/hit`)).status, 405);
  assert.equal((await fetch(`${edge.url}/api/clients`)).status, 404);
});

test('hundreds of calls at once are all taken', async () => {
  const replies = await Promise.all(Array.from({ length: 400 }, (_, n) => send(edge, core.key, hits(1 + (n % 3)))));
  assert.ok(replies.every((reply) => reply.status === 202));
  total += replies.reduce((sum, reply) => sum + reply.body.accepted, 0);
  await core.counted(total, 60);
  assert.deepEqual(await core.deadLetters(), []);
});
