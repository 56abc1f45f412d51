import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, request as forward } from 'node:http';
import { after, before, test } from 'node:test';
import { Core, freePort, hit, hits, send, sleep, startEdge } from './house.js';

let core;
let line;

/** A line to the core that counts look-ups, can be slow, and can be cut. */
async function lineTo(core) {
  const line = { lookUps: 0, delay: 0, cut: false, secret: core.secret };
  const server = createServer((incoming, outgoing) => {
    if (incoming.url.startsWith('/edge/keys/')) line.lookUps += 1;
    if (line.cut) return incoming.socket.destroy();
    const { method, headers, url: path } = incoming;
    const passed = forward({ port: core.port, method, headers, path }, (reply) => {
      outgoing.writeHead(reply.statusCode, reply.headers);
      reply.pipe(outgoing);
    });
    passed.on('error', () => incoming.socket.destroy());
    setTimeout(() => incoming.pipe(passed), line.delay);
  });
  const port = await freePort();
  await new Promise((listening) => server.listen(port, '127.0.0.1', listening));
  line.url = `http://127.0.0.1:${port}`;
  line.end = () => new Promise((ended) => (server.close(ended), server.closeAllConnections()));
  return line;
}

before(async () => {
  core = await Core.fresh();
  line = await lineTo(core);
});
after(async () => {
  await line?.end();
  await core?.end();
});

/** Runs with an edge of its own. */
async function withEdge(options, work) {
  Object.assign(line, { lookUps: 0, delay: 0, cut: false });
  const edge = await startEdge(line, options);
  try {
    await work(edge);
  } finally {
    await edge.dispose();
  }
}

const status = async (edge, key) => (await send(edge, key, hit(), { path: '/api/hit' })).status;

test('a revoked key is refused once the stated delay is over', async () => {
  const { key, keyId } = await core.newKey();
  await withEdge({ vars: { KEY_SECONDS: '2' } }, async (edge) => {
    assert.equal(await status(edge, key), 202);
    await core.revoke(keyId);
    const revoked = Date.now();
    assert.equal(await status(edge, key), 202, 'the edge cannot know yet');
    while ((await status(edge, key)) === 202) {
      assert.ok(Date.now() - revoked < 4_000, 'two seconds, and what a slow machine takes');
      await sleep(100);
    }
    const refused = await send(edge, key, hit());
    assert.deepEqual([refused.status, refused.body.error.message], [401, 'this API key is unknown or revoked']);
  });
});

test('calls that want the same key at once are one look-up', async () => {
  const { key } = await core.newKey();
  await withEdge({}, async (edge) => {
    line.delay = 500;
    const replies = await Promise.all(Array.from({ length: 100 }, () => status(edge, key)));
    assert.ok(replies.every((status) => status === 202), `${replies}`);
    assert.equal(line.lookUps, 1);
    assert.equal(await status(edge, key), 202);
    assert.equal(line.lookUps, 1, 'then it is known');
  });
});

test('that a key is unknown is believed for a short time only, and junk asks nobody', async () => {
  await withEdge({ vars: { UNKNOWN_KEY_SECONDS: '1' } }, async (edge) => {
    const unknown = 'snd_live_1FPc9b5c5QdpH4zZv03tchG8AluSK9wT105sBP';
    for (let n = 0; n < 5; n += 1) assert.equal(await status(edge, unknown), 401);
    assert.equal(line.lookUps, 1);
    await sleep(1_100);
    assert.equal(await status(edge, unknown), 401);
    assert.equal(line.lookUps, 2);
    for (let n = 0; n < 50; n += 1) assert.equal(await status(edge, `snd_live_${randomBytes(19).toString('hex')}`), 401);
    assert.equal(line.lookUps, 2, 'a wrong checksum is refused offline');
  });
});

test('while the core is away known keys stay good for the grace, and unknown ones are a 503', async () => {
  const [{ key }, { key: late }] = [await core.newKey(), await core.newKey()];
  await withEdge({ vars: { KEY_SECONDS: '1', STALE_SECONDS: '4' }, without: ['KEYS'] }, async (edge) => {
    assert.equal(await status(edge, key), 202);
    line.cut = true;
    await sleep(1_200);
    const asked = Date.now();
    assert.equal(await status(edge, key), 202, 'within the grace');
    const unknown = await send(edge, late, hit());
    assert.equal(unknown.status, 503);
    assert.ok(Number(unknown.headers.get('retry-after')) >= 1);
    assert.ok(Date.now() - asked < 3_000, 'nobody waits long');
    const before = line.lookUps;
    for (let n = 0; n < 20; n += 1) await status(edge, key);
    assert.ok(line.lookUps - before <= 1, 'a core that is away is left alone for a while');
    await sleep(4_500);
    assert.equal(await status(edge, key), 503, 'the grace is over');
    line.cut = false;
    await sleep(5_100);
    assert.equal(await status(edge, key), 202, 'the core is asked again');
  });
});

test('KV keeps keys for other isolates, and no longer than memory does', async () => {
  const { key, keyId } = await core.newKey();
  const kvPersist = `${core.folder}/kv`;
  await withEdge({ kvPersist }, async (edge) => {
    assert.equal(await status(edge, key), 202);
    await sleep(500);
  });
  await withEdge({ kvPersist }, async (edge) => {
    line.cut = true;
    assert.equal(await status(edge, key), 202, 'a fresh isolate has it from KV');
    assert.equal(line.lookUps, 0);
  });
  await core.revoke(keyId);
  await withEdge({ kvPersist, vars: { KEY_SECONDS: '1' } }, async (edge) => {
    await sleep(500);
    assert.equal(await status(edge, key), 401, 'what lies in KV is too old now: the core is asked');
    assert.equal(line.lookUps, 1);
  });
});

test('an edge that the core refuses takes nothing, and says whose fault it is', async () => {
  const made = await core.json('/api/edges', { name: 'revoked' });
  await core.call('DELETE', `/api/edges/${made.id}`);
  await withEdge({ vars: { EDGE_SECRET: made.secret } }, async (edge) => {
    const reply = await send(edge, core.key, hit());
    assert.equal(reply.status, 503);
    assert.match(reply.body.error.message, /refuses this edge/);
  });
  for (const secret of ['', 'nonsense', `${made.secret}0`]) {
    await withEdge({ vars: { EDGE_SECRET: secret } }, async (edge) => {
      assert.equal((await send(edge, core.key, hit())).status, 503);
    });
  }
});

test('a key over its limit is told when to come again', async () => {
  await withEdge({ limit: 5 }, async (edge) => {
    const replies = [];
    for (let n = 0; n < 12; n += 1) replies.push(await send(edge, core.key, hits(2)));
    const limited = replies.filter((reply) => reply.status === 429);
    // Windows are fixed parts of the clock: the twelve may fall into two of them, with five let through in each.
    assert.ok(limited.length >= 2, `${replies.map((reply) => reply.status)}`);
    assert.ok(replies.some((reply) => reply.status === 202), `${replies.map((reply) => reply.status)}`);
    assert.equal(limited[0].headers.get('retry-after'), '10');
    assert.equal(limited[0].body.error.code, 'limited');
    const { key } = await core.newKey();
    assert.equal(await status(edge, key), 202, 'another key has a limit of its own');
  });
});

test('a key that is held to origins and services is judged as the core judges it', async () => {
  const { key } = await core.newKey({ origins: ['https://shop.example'], services: ['orders'] });
  const allowed = 'access-control-allow-origin';
  await withEdge({}, async (edge) => {
    for (const place of [edge, { url: core.url }]) {
      const from = (origin, body = [hit()]) => send(place, key, body, { headers: origin ? { origin } : {} });
      const own = await from('https://shop.example');
      assert.deepEqual([own.status, own.headers.get(allowed)], [202, 'https://shop.example']);
      assert.match(own.headers.get('vary') ?? '', /origin/i);
      for (const origin of ['https://evil.example', undefined]) {
        const foreign = await from(origin);
        assert.deepEqual([foreign.status, foreign.body.error.code], [403, 'forbidden']);
        assert.equal(foreign.headers.get(allowed), null, 'no page may read it');
      }
      const mixed = await from('https://shop.example', [hit({ serviceName: 'billing' }), hit()]);
      assert.equal(mixed.status, 202);
      assert.deepEqual(mixed.body.rejected.map(({ index, field }) => [index, field]), [[0, 'serviceName']]);
    }
  });
});

test('a key that expires is refused at its time, without a word from the core', async () => {
  const { key } = await core.newKey({ expiresAt: new Date(Date.now() + 4_000).toISOString() });
  await withEdge({}, async (edge) => {
    assert.equal(await status(edge, key), 202);
    const begun = Date.now();
    while ((await status(edge, key)) === 202) {
      assert.ok(Date.now() - begun < 10_000, 'its time is over');
      await sleep(100);
    }
    const refused = await send(edge, key, hit());
    assert.deepEqual([refused.status, refused.body.error.message], [401, 'this API key has expired']);
    assert.equal(line.lookUps, 1);
  });
});
