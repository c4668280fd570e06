// Proves the float32 activations over every float32: node scripts/proveActivations.mjs [--stride 1] [--only tanh] [--part 3/16]
// The truth is our float64 function, itself within 0.6 ulp of double (__tests__/numerics). The WASM kernel's sigmoid and tanh have to have the very bits
// of the TypeScript ones. All 2^32 values take some 15 minutes; a part is a sixteenth, or whatever --part says, of the bit patterns.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { compileKernel } from './assembly.mjs';

const { values: options } = parseArgs({
  options: { stride: { type: 'string', default: '1' }, only: { type: 'string' }, part: { type: 'string', default: '1/1' } },
});
const stride = Number(options.stride);
const [part, parts] = options.part.split('/').map(Number);
const [FROM, TO] = [((part - 1) * 2 ** 32) / parts, (part * 2 ** 32) / parts];
const BOUND = 2; // ulp
/** inputs that pass through the kernel at a time */
const BATCH = 2 ** 16;
const KINDS = { sigmoid: 0, tanh: 1 };

const bundle = await build({
  stdin: {
    contents: `export { exp32, sigmoid32, tanh32 } from './src/numerics/float32.ts';
               export { exp } from './src/numerics/exp.ts'; export { sigmoid } from './src/numerics/sigmoid.ts'; export { tanh } from './src/numerics/tanh.ts';
               export { useKernel } from './src/engines/batched/kernel.ts';`,
    resolveDir: fileURLToPath(new URL('..', import.meta.url)),
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
  logLevel: 'error',
});
const numerics = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`);
const kernel = await numerics.useKernel(await compileKernel(false), false);
const place = kernel.take(4 * BATCH) / 4;

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** distance between neighbouring float32 numbers around y ≥ 0 */
function unit(y) {
  floats[0] = y;
  if (bits[0] < 0x01000000) return 2 ** -149;
  if (floats[0] > y) bits[0] -= 1; // the truth lies in the binade below its rounding
  return 2 ** ((bits[0] >>> 23) - 150);
}

function error(computed, truth) {
  const size = Math.abs(truth);
  if (Number.isNaN(computed)) return Number.POSITIVE_INFINITY;
  // from half a unit beyond the largest float32 on, infinity is the right answer
  if (size >= 3.4028235677973366e38) return Math.fround(truth) === computed ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(computed - truth) / unit(size);
}

let proven = true;
const xs = new Float32Array(BATCH);
const words = new Uint32Array(xs.buffer);
for (const name of ['exp', 'sigmoid', 'tanh']) {
  if (options.only && options.only !== name) continue;
  const [fast, exact] = [numerics[`${name}32`], numerics[name]];
  const started = performance.now();
  let [worst, at, above, total, otherBits] = [0, 0, 0, 0, 0];
  for (let first = FROM; first < TO; first += stride * BATCH) {
    const count = Math.min(BATCH, Math.ceil((TO - first) / stride));
    for (let k = 0; k < count; k++) words[k] = first + k * stride;
    const ofKernel = name in KINDS ? inKernel(KINDS[name], count) : undefined;
    for (let k = 0; k < count; k++) {
      const x = xs[k];
      const y = fast(x);
      if (ofKernel && !Object.is(ofKernel[k], y)) otherBits++;
      total++;
      if (Number.isNaN(x)) {
        if (!Number.isNaN(y)) [worst, at] = [Number.POSITIVE_INFINITY, x];
        continue;
      }
      const e = error(y, exact(x));
      if (e > 1) above++;
      if (e > worst) [worst, at] = [e, x];
    }
  }
  proven &&= worst <= BOUND && otherBits === 0;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${name}32: ${total} inputs, worst ${worst.toFixed(4)} ulp at ${at}, ${((100 * above) / total).toFixed(3)} % above 1 ulp` +
      `${name in KINDS ? `, other bits in WASM ${otherBits}` : ''}, ${seconds} s`,
  );
}
process.exitCode = proven ? 0 : 1;

/** the kernel's values of xs */
function inKernel(kind, count) {
  kernel.floats().set(xs, place);
  kernel.run.activate(4 * place, Math.ceil(count / 4), kind);
  return kernel.floats().subarray(place, place + count);
}
