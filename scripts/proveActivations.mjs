// Proves the float32 activations over every float32: node scripts/proveActivations.mjs [--stride 1] [--only tanh] [--part 3/16]
// The WASM kernel's values against a float64 library compiled beside it (proof/activations.ts), and TypeScript has to have the very bits of each.
// All 2^32 inputs take some 4 minutes for each of the two; --part takes a part of the bit patterns.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { compileAssembly } from './assembly.mjs';

const { values: options } = parseArgs({
  options: { stride: { type: 'string', default: '1' }, only: { type: 'string' }, part: { type: 'string', default: '1/1' } },
});
const stride = Number(options.stride);
const [part, parts] = options.part.split('/').map(Number);
const [FROM, TO] = [((part - 1) * 2 ** 32) / parts, (part * 2 ** 32) / parts];
const BOUND = 2; // ulp
/** inputs at a time */
const BATCH = 2 ** 16;
const root = fileURLToPath(new URL('..', import.meta.url));

const bundle = await build({
  stdin: {
    contents: `export { sigmoid32, tanh32 } from './src/numerics/float32.ts';`,
    resolveDir: root,
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
  logLevel: 'error',
});
const numerics = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`);

let proven = true;
for (const name of ['sigmoid', 'tanh']) {
  if (options.only && options.only !== name) continue;
  const started = performance.now();
  const { total, worst, at, above, otherBits } = await proveKernel(name);
  proven &&= worst <= BOUND && otherBits === 0;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${name}32: ${total} inputs, worst ${worst.toFixed(4)} ulp at ${at}, ${((100 * above) / total).toFixed(3)} % above 1 ulp, other bits in TypeScript ${otherBits}, ${seconds} s`,
  );
}
process.exitCode = proven ? 0 : 1;

/** Calls `batch(first, count)` for all bit patterns. @returns how many there were */
function overAll(batch) {
  let total = 0;
  for (let first = FROM; first < TO; first += stride * BATCH) {
    // whole vectors: where the last is not full it goes on with the patterns after the end
    const count = 4 * Math.ceil(Math.min(BATCH, (TO - first) / stride) / 4);
    batch(first, count);
    total += count;
  }
  return total;
}

async function proveKernel(name) {
  const checker = await compileChecker();
  const kind = { sigmoid: 0, tanh: 1 }[name];
  const twin = numerics[`${name}32`];
  const place = 2 ** 16;
  const ys = new Uint32Array(checker.memory.buffer, place, BATCH);
  const [x, y] = [new Float32Array(1), new Float32Array(1)];
  const [xBits, yBits] = [new Uint32Array(x.buffer), new Uint32Array(y.buffer)];
  let otherBits = 0;
  checker.start();
  const total = overAll((first, count) => {
    checker.check(kind, first, stride, count, place);
    for (let k = 0; k < count; k++) {
      xBits[0] = first + k * stride;
      y[0] = twin(x[0]);
      // a NaN has no bits of its own
      if (yBits[0] !== ys[k] && !(Number.isNaN(y[0]) && (ys[k] & 0x7fffffff) > 0x7f800000)) otherBits++;
    }
  });
  return { total, worst: checker.worst.value, at: checker.worstAt.value, above: checker.above.value, otherBits };
}

async function compileChecker() {
  const features = ['simd', 'threads', 'bulk-memory'].flatMap(feature => ['--enable', feature]);
  const options = ['-O3', '--runtime', 'stub', '--noAssert', ...features, '--initialMemory', '8'];
  const bytes = await compileAssembly('scripts/proof/activations.ts', options);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort() {} } });
  exports.writeConstants();
  return exports;
}
