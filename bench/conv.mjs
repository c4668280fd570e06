// W8: a convolution and pooling in front of an LSTM, one thread, in one process in turn: our batched engine, the peak of WASM SIMD, and ONNX Runtime where it is
// installed (npm run bench:setup).
//   node bench/conv.mjs [--rounds 9] [--json]
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { uniform } from './files.mjs';
import { median } from './median.mjs';
import { ourEngines } from './ours.mjs';
import { peakMeter } from './peak.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } } });
const [N, T, D] = [256, 128, 16];
/** of the peak */
const WANTED = 0.6;

const engines = await ourEngines();
const model = engines.checkSpec({
  input: { timesteps: T, features: D },
  layers: [
    { kind: 'conv1d', filters: 64, kernelSize: [5], activation: 'relu' },
    { kind: 'maxpool1d', poolSize: [2] },
    { kind: 'lstm', units: 128 },
  ],
});
const shapes = engines.inferShapes(model);
const weights = engines.drawWeights(model, engines.weightShapesByLayer(shapes), { seed: '1', init: 'torch', rng: 'seedrandom' });
const x = { shape: [N, T, D], data: uniform(N * T * D, 1) };
const flops = 2 * N * shapes.layers.reduce((sum, l) => sum + Number(engines.layerCost(l).matmul), 0);
const batched = engines.getEngine('batched');
const ours = () => batched.run(model, weights, { x }, { dtype: 'f32', threads: 1, trace: false });
const theirs = await onnxruntime();
const peak = await peakMeter();

async function onnxruntime() {
  try {
    const runtime = createRequire(import.meta.url)('onnxruntime-node');
    const bytes = await engines.writeOnnx(engines.toOnnxModel(model, shapes, weights));
    const session = await runtime.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const input = new runtime.Tensor('float32', x.data, x.shape);
    return () => session.run({ input });
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** of the processor: what else runs on the machine does not count */
async function milliseconds(run) {
  const started = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

let apart = null;
if (theirs) {
  const [a, b] = [(await ours()).y.data, (await theirs()).output.data];
  apart = a.reduce((most, v, k) => Math.max(most, Math.abs(v - b[k])), 0);
}
for (let k = 0; k < 3; k++) await ours();
const rounds = [];
for (let k = 0; k < Number(values.rounds); k++) {
  const own = await milliseconds(ours);
  rounds.push({ own, part: flops / own / 1e6 / peak(), ratio: theirs ? (await milliseconds(theirs)) / own : null });
}
const middle = key => median(rounds.map(round => round[key]));
const row = { name: 'W8', ms: middle('own'), ofPeak: middle('part'), onnxruntime: theirs ? middle('ratio') : null, apart };
if (values.json) console.log(JSON.stringify({ bench: 'conv', node: process.version, target: WANTED, row }));
else {
  const verdict = `${100 * WANTED} % wanted: ${row.ofPeak >= WANTED ? 'reached' : 'missed'}`;
  const other = theirs ? `   onnxruntime-node takes ${row.onnxruntime.toFixed(2)} times as long, y apart by ${apart.toExponential(1)}` : '';
  console.log(`W8  ${row.ms.toFixed(0)} ms  ${(100 * row.ofPeak).toFixed(0)} % of the peak, ${verdict}${other}`);
}
