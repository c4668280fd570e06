import { compileAssembly } from '../scripts/assembly.mjs';

const FLOPS_OF_STEP = 80;
const STEPS = 2e5;

/** A function that measures the most GFLOP/s that one thread of WASM SIMD multiplies and adds with, here and now. */
export async function peakMeter() {
  const options = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--initialMemory', '1'];
  const bytes = await compileAssembly('bench/peak.ts', options);
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort() {} } });
  const run = () => {
    const started = performance.now();
    instance.exports.multiplyAdd(STEPS, 1024, 2048);
    return (FLOPS_OF_STEP * STEPS) / (performance.now() - started) / 1e6;
  };
  for (let k = 0; k < 50; k++) run();
  return run;
}
