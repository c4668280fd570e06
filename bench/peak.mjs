import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { compileAssembly } from '../scripts/assembly.mjs';

const FLOPS_OF_STEP = 80;
const STEPS = 2e5;
/** Measures in a row where two threads run: long enough for the second to wake up. */
const TURNS = 20;

/** A function that measures the most GFLOP/s that one thread of WASM SIMD multiplies and adds with, here and now. */
export async function peakMeter() {
  const options = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--initialMemory', '1'];
  return meterOf(await WebAssembly.compile(await compileAssembly('bench/peak.ts', options)));
}

async function meterOf(module) {
  const { exports } = await WebAssembly.instantiate(module, { env: { abort() {} } });
  const run = () => {
    const started = performance.now();
    exports.multiplyAdd(STEPS, 1024, 2048);
    return (FLOPS_OF_STEP * STEPS) / (performance.now() - started) / 1e6;
  };
  for (let k = 0; k < 50; k++) run();
  return Object.assign(run, { module });
}

/**
 * The same for two threads at once, the sum of both: what there is to win by a second one. They share nothing but the machine, and where its processors
 * are halves of cores, what a neighbour does on the other halves.
 */
export async function peakOfTwo(meter) {
  const shared = new SharedArrayBuffer(16);
  const { words, rate } = viewsOf(shared);
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { module: meter.module, shared } });
  worker.unref();
  await new Promise(resolve => worker.once('message', resolve));
  return () => {
    const round = Atomics.add(words, 0, 1) + 1;
    Atomics.notify(words, 0);
    const own = turns(meter);
    while (Atomics.load(words, 1) !== round) Atomics.wait(words, 1, round - 1, 1);
    return own + rate[0];
  };
}

/** words: the round asked for, the round done; rate: the second thread's GFLOP/s in it */
function viewsOf(shared) {
  return { words: new Int32Array(shared, 0, 2), rate: new Float64Array(shared, 8, 1) };
}

/** GFLOP/s over some turns */
function turns(meter) {
  let seconds = 0;
  for (let k = 0; k < TURNS; k++) seconds += 1 / meter();
  return TURNS / seconds;
}

if (!isMainThread && workerData?.shared) {
  const { module, shared } = workerData;
  const { words, rate } = viewsOf(shared);
  const meter = await meterOf(module);
  parentPort.postMessage('ready');
  for (let seen = 0; ; ) {
    Atomics.wait(words, 0, seen);
    seen = Atomics.load(words, 0);
    rate[0] = turns(meter);
    Atomics.store(words, 1, seen);
    Atomics.notify(words, 1);
  }
}
