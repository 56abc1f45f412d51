// What the platform calls: hands requests and messages to the wasm beside it (`cargo xtask edge` puts both into build/).
//
// A panic ends the instance of wasm it happened in. Every call under way in it is answered at once, since nothing would
// ever answer it, and the next call starts a new instance: the isolate lives on.
import * as edge from './edge_ingest.js';

const state = edge.__worker_init_state();
let broken = false;
const underWay = new Set();

function breakDown() {
  broken = true;
  for (const fail of underWay) fail(new Error('the instance has panicked'));
  underWay.clear();
}

// Set by the hook that the `worker` crate installs for panics.
Object.defineProperty(state, 'criticalError', { get: () => broken, set: (is) => is && breakDown() });
// What ends an instance without a panic: its memory or its stack is full.
addEventListener('error', (event) => {
  if (event.error instanceof WebAssembly.RuntimeError) breakDown();
});

async function call(handler, ...given) {
  if (broken) {
    edge.__wbg_reset_state();
    broken = false;
  }
  let fail;
  const failed = new Promise((_, reject) => (fail = reject));
  underWay.add(fail);
  try {
    return await Promise.race([handler(...given), failed]);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) breakDown();
    throw error;
  } finally {
    underWay.delete(fail);
  }
}

const PANICKED = { error: { code: 'internal', message: 'something went wrong on our side; send again later' } };

export default {
  async fetch(request, env, context) {
    try {
      return await call(edge.fetch, request, env, context);
    } catch (error) {
      console.error(error);
      return Response.json(PANICKED, { status: 500, headers: { 'access-control-allow-origin': '*' } });
    }
  },

  // Fails as a whole where it panics: then the platform hands the messages out again.
  async queue(batch, env, context) {
    await call(edge.queue, batch, env, context);
  },
};
