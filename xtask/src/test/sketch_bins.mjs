// Puts each value of the native table through the wasm module: every bin has to be the same.
import { readFileSync } from "node:fs";

const [module, table] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(module), {});
const bits = new DataView(new ArrayBuffer(8));
let values = 0;
let wrong = 0;
for (const line of readFileSync(table, "utf8").trim().split("\n")) {
  const [value, bin] = line.split(" ");
  bits.setBigUint64(0, BigInt(`0x${value}`));
  const latency = bits.getFloat64(0);
  const here = instance.exports.sketch_bin(latency);
  values += 1;
  if (here !== Number(bin) && ++wrong <= 10) console.error(`${latency} ms: bin ${bin} natively, ${here} in wasm`);
}
console.log(`${values} latencies: ${wrong} bins differ between native code and wasm`);
process.exit(values > 1000 && wrong === 0 ? 0 : 1);
