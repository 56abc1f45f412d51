// Puts .gz and .br beside each file of a folder, where that makes it smaller.
// In Node because its zlib is native: the same work in an unoptimised xtask would take a minute.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2];
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || /\.(gz|br)$/.test(file)) continue;
  const content = readFileSync(file);
  const brotli = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  for (const [suffix, smaller] of [[".gz", gzipSync(content, { level: 9 })], [".br", brotli]]) {
    if (smaller.length < content.length) writeFileSync(file + suffix, smaller);
  }
}
