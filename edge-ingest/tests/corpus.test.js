// The table of payloads that the core is held to as well (server/tests/it/corpus.rs): the edge answers the same, and what
// it accepts is stored the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Core, send, sleep, startEdge } from './house.js';

const CASES = JSON.parse(readFileSync(new URL('../../telemetry/tests/corpus.json', import.meta.url)));

let core;
let edge;
/** Clients: hits of one come by the edge, hits of the other go to the core. */
let ways;

before(async () => {
  core = await Core.fresh();
  edge = await startEdge(core);
  const other = (await core.json('/api/clients', { name: 'Direct' })).id;
  const { key } = await core.json(`/api/clients/${other}/keys`, { name: 'direct' });
  ways = [
    { to: edge, client: core.client, key: core.key },
    { to: core, client: other, key },
  ];
});
after(async () => {
  await edge?.dispose();
  await core?.end();
});

test('every payload is answered as the table says', async () => {
  assert.ok(CASES.length > 100);
  for (const { name, path, contentType, body, status, reply } of CASES) {
    for (const { to, key } of ways) {
      const headers = { 'content-type': contentType ?? 'application/json' };
      const got = await send(to, key, body, { path, headers, raw: true });
      assert.deepEqual([got.status, got.body], [status, reply], `${name}, by ${to === edge ? 'the edge' : 'the core'}`);
    }
  }
});

/** All that is stored of a client, without what must differ. */
async function stored(client) {
  const list = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await core.json(`/api/requests?range=1h&limit=100&client=${client}${cursor && `&cursor=${cursor}`}`);
    for (const { id } of page.requests) list.push(await core.json(`/api/requests/${encodeURIComponent(id)}?client=${client}`));
    cursor = page.next ?? null;
  }
  const comparable = list.map(({ id: _id, timestamp: _at, ip, attributes, ...hit }) => {
    // The edge adds what its platform says of the sender.
    const { country, colo, ...own } = attributes ?? {};
    const plain = typeof attributes === 'object' && !Array.isArray(attributes);
    const given = plain ? { ...own, ...(country !== 'DE' && { country }), ...(colo !== 'FRA' && { colo }) } : attributes;
    const without = plain && Object.keys(given).length === 0;
    return JSON.stringify({ ...hit, ip: ip === '127.0.0.1' ? null : (ip ?? null), attributes: without ? null : (given ?? null) });
  });
  return comparable.sort();
}

test('what was accepted is stored the same by both ways', async () => {
  const accepted = CASES.reduce((sum, { reply }) => sum + (reply.accepted ?? 0), 0);
  for (const { client } of ways) {
    let requests;
    for (let n = 0; n < 200; n += 1) {
      ({ requests } = await core.json(`/api/analytics/overview?range=1h&client=${client}`));
      if (requests >= accepted) break;
      await sleep(50);
    }
    assert.equal(requests, accepted, `client ${client}, dead letters: ${JSON.stringify(await core.deadLetters())}`);
  }
  const [byEdge, directly] = [await stored(ways[0].client), await stored(ways[1].client)];
  assert.equal(byEdge.length, accepted);
  const different = byEdge.map((hit, n) => [hit.slice(0, 300), directly[n]?.slice(0, 300)]).filter((_, n) => byEdge[n] !== directly[n]);
  assert.deepEqual(different.slice(0, 3), []);
});
