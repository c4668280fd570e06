// Proves the float32 activations over every float32: node scripts/proveActivations.mjs [--stride 1] [--only tanh]
// The truth is our float64 function, itself within 0.6 ulp of double (__tests__/numerics). All 2^32 values take some 15 minutes.
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values: options } = parseArgs({ options: { stride: { type: 'string', default: '1' }, only: { type: 'string' } } });
const stride = Number(options.stride);
const BOUND = 2; // ulp

const bundle = await build({
  stdin: {
    contents: `export { exp32, sigmoid32, tanh32 } from './src/numerics/float32.ts';
               export { exp } from './src/numerics/exp.ts'; export { sigmoid } from './src/numerics/sigmoid.ts'; export { tanh } from './src/numerics/tanh.ts';`,
    resolveDir: process.cwd(),
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const numerics = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`);

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
for (const name of ['exp', 'sigmoid', 'tanh']) {
  if (options.only && options.only !== name) continue;
  const [fast, exact] = [numerics[`${name}32`], numerics[name]];
  const started = performance.now();
  let [worst, at, above, total] = [0, 0, 0, 0];
  for (let word = 0; word < 2 ** 32; word += stride) {
    bits[0] = word;
    const x = floats[0];
    const y = fast(x);
    total++;
    if (Number.isNaN(x)) {
      if (!Number.isNaN(y)) [worst, at] = [Number.POSITIVE_INFINITY, x];
      continue;
    }
    const e = error(y, exact(x));
    if (e > 1) above++;
    if (e > worst) [worst, at] = [e, x];
  }
  proven &&= worst <= BOUND;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${name}32: ${total} inputs, worst ${worst.toFixed(4)} ulp at ${at}, ${((100 * above) / total).toFixed(3)} % above 1 ulp, ${seconds} s`,
  );
}
process.exitCode = proven ? 0 : 1;
