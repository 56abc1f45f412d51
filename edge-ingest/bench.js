// What the Worker costs in workerd, beside a Worker that only passes bytes on; and what it adds to a call to the core.
// `cargo xtask bench edge` runs it. All figures come from one run, by turns, so that whatever else the machine does meets
// both Workers. Processor time is workerd's, as the system counts it: with its HTTP and the simulated queue, which the
// other Worker has too.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Miniflare } from 'miniflare';
import { Core, hit, sleep, startEdge } from './tests/house.js';

const QUICK = process.argv.includes('--quick');
const ROUNDS = QUICK ? 2 : 5;
const MEASURE = QUICK ? 1_500 : 3_000;
const AIM = 1;

const TICK = 1000 / Number(execFileSync('getconf', ['CLK_TCK']));

/** The same queue, and no work: the cost of the platform as it is simulated here. */
const BARE = `export default {
  async fetch(request, env) {
    await env.HITS.send(new Uint8Array(await request.arrayBuffer()).slice(0, 4000), { contentType: 'v8' });
    return Response.json({ accepted: 1, rejected: [] }, { status: 202 });
  },
  async queue(batch) { batch.ackAll(); },
};`;

const fields = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').pop().trim().split(' ');
/** Milliseconds of processor time of a process so far. */
const cpu = (pid) => (Number(fields(pid)[11]) + Number(fields(pid)[12])) * TICK;

/** The workerd that was started last. */
function newest(known) {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const pids = children.filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'workerd');
  return pids.find((pid) => !known.includes(pid));
}

const post = (agent, url, key, path, body) =>
  new Promise((done, failed) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, 'x-api-key': key };
    const call = request(url + path, { agent, method: 'POST', headers }, (reply) => {
      reply.resume();
      reply.on('end', () => (reply.statusCode === 202 ? done() : failed(new Error(`answered with ${reply.statusCode}`))));
    });
    call.on('error', failed);
    call.end(body);
  });

/** Sends over `connections` for a while: calls made, and how long each took in milliseconds. */
async function load(url, key, path, body, connections, milliseconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const took = [];
  const end = performance.now() + milliseconds;
  const one = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      await post(agent, url, key, path, body);
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
  return took;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const percentile = (values, p) => values.toSorted((a, b) => a - b)[Math.ceil((values.length * p) / 100) - 1];

/** A realistic hit: no two of a batch alike. */
const sample = (n) => ({
  ...hit(),
  endpoint: `/orders/${n * 7919}/items/${n % 13}?page=${n}`,
  latencyMs: 3 + (n % 50) * 1.7,
  timestamp: Date.now() - n * 10,
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
  consumer: `customer-${n % 17}`,
});

const core = await Core.fresh();
const edge = await startEdge(core, { limit: 1_000_000_000 });
const edgePid = newest([]);
const bare = new Miniflare({
  modules: true,
  script: BARE,
  compatibilityDate: '2026-03-01',
  host: '127.0.0.1',
  queueProducers: { HITS: { queueName: 'hits' } },
  queueConsumers: { hits: { maxBatchSize: 100, maxBatchTimeout: 1 } },
});
const bareUrl = (await bare.ready).origin;
const barePid = newest([edgePid]);

const bodies = [
  { name: 'one hit', path: '/api/hit', body: Buffer.from(JSON.stringify(sample(1))) },
  { name: '100 hits', path: '/api/hits', body: Buffer.from(JSON.stringify(Array.from({ length: 100 }, (_, n) => sample(n)))) },
];
const workers = [
  { name: 'edge', url: edge.url, pid: edgePid },
  { name: 'bare', url: bareUrl, pid: barePid },
];

console.log(`\nProcessor time in workerd, ms per call (8 connections, ${ROUNDS} rounds of ${MEASURE / 1000} s)`);
console.log(`${''.padEnd(12)}${'bytes'.padStart(8)}${'edge'.padStart(9)}${'bare'.padStart(9)}${'its own'.padStart(10)}${'calls/s'.padStart(10)}`);
let own100;
for (const { name, path, body } of bodies) {
  const figures = { edge: [], bare: [], rate: [] };
  for (const worker of workers) await load(worker.url, core.key, path, body, 8, 1_000);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const worker of workers) {
      const before = cpu(worker.pid);
      const took = await load(worker.url, core.key, path, body, 8, MEASURE);
      // What lies in the queue still is worked off: it belongs to these calls.
      await sleep(1_500);
      figures[worker.name].push((cpu(worker.pid) - before) / took.length);
      if (worker.name === 'edge') figures.rate.push((took.length * 1000) / MEASURE);
    }
  }
  const [ofEdge, ofBare] = [median(figures.edge), median(figures.bare)];
  own100 = ofEdge - ofBare;
  const columns = [ofEdge.toFixed(3).padStart(9), ofBare.toFixed(3).padStart(9), own100.toFixed(3).padStart(10)];
  console.log(`${name.padEnd(12)}${String(body.length).padStart(8)}${columns.join('')}${Math.round(median(figures.rate)).toString().padStart(10)}`);
}
console.log(`aim: at most ${AIM.toFixed(1)} ms for 100 hits of its own: ${own100 <= AIM ? 'reached' : 'missed'}`);

console.log('\nLatency of a call, ms (one connection)');
console.log(`${''.padEnd(12)}${'edge p50'.padStart(10)}${'p99'.padStart(8)}${'core p50'.padStart(10)}${'p99'.padStart(8)}${'added'.padStart(8)}`);
for (const { name, path, body } of bodies) {
  const took = { edge: [], core: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    took.edge.push(...(await load(edge.url, core.key, path, body, 1, MEASURE / 2)));
    took.core.push(...(await load(core.url, core.key, path, body, 1, MEASURE / 2)));
  }
  const [ofEdge, ofCore] = [percentile(took.edge, 50), percentile(took.core, 50)];
  const text = (value, width) => value.toFixed(2).padStart(width);
  const columns = [text(ofEdge, 10), text(percentile(took.edge, 99), 8), text(ofCore, 10), text(percentile(took.core, 99), 8), text(ofEdge - ofCore, 8)];
  console.log(`${name.padEnd(12)}${columns.join('')}`);
}
const [busy] = readFileSync('/proc/loadavg', 'utf8').split(' ');
console.log(`\nLoad of the machine at the end: ${busy}.`);
await edge.dispose();
await bare.dispose();
await core.end();
