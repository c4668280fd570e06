// How long one call of each engine takes, in this process: W1 to W6 of docs/performance, weights and input seeded.
//   npm run bench -- [--seconds 1] [--only W1,W5] [--json]
// Prints the median, and the ratio of the two engines taken pair by pair. It is the baseline that speed-ups are held against.
import os from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const WORKLOADS = [
  {
    name: 'W1',
    what: 'SimpleRNN, the tutorial',
    N: 1,
    T: 10,
    D: 3,
    layers: [
      { kind: 'rnn', units: 5 },
      { kind: 'dense', units: 2 },
    ],
  },
  { name: 'W2', what: 'SimpleRNN', N: 256, T: 100, D: 32, layers: [{ kind: 'rnn', units: 128 }] },
  { name: 'W3', what: 'LSTM', N: 64, T: 100, D: 128, layers: [{ kind: 'lstm', units: 256 }] },
  { name: 'W4', what: 'GRU (reset after)', N: 64, T: 100, D: 128, layers: [{ kind: 'gru', units: 256 }] },
  { name: 'W5', what: 'LSTM, one stream', N: 1, T: 1000, D: 64, layers: [{ kind: 'lstm', units: 128 }] },
  { name: 'W6', what: 'LSTM, many small', N: 4096, T: 20, D: 16, layers: [{ kind: 'lstm', units: 32 }] },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '1' }, only: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const only = values.only?.split(',');
const { getEngine, checkSpec, inferShapes, weightShapesByLayer, drawWeights, drawInput, layerCost } = await engines();

const rows = [];
for (const workload of WORKLOADS.filter(w => only === undefined || only.includes(w.name))) rows.push(await measure(workload));
print(rows);

/** The engines as they are in src/, bundled to a file beside the built ones. */
async function engines() {
  const outfile = `${root}dist/bench-engines.mjs`;
  const contents = `export { getEngine } from './src/engines/index.js';
    export { checkSpec } from './src/model/check.js';
    export { inferShapes, weightShapesByLayer } from './src/model/shapes.js';
    export { layerCost } from './src/model/counts.js';
    export { drawInput, drawWeights } from './src/weights/init.js';`;
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'error',
    external: ['onnxruntime-node', 'seedrandom'],
  });
  return import(pathToFileURL(outfile).href);
}

async function measure({ name, what, N, T, D, layers }) {
  const model = checkSpec({ input: { timesteps: T, features: D }, layers });
  const shapes = inferShapes(model);
  const weights = drawWeights(model, weightShapesByLayer(shapes), { seed: '1', init: 'torch', rng: 'seedrandom' });
  const x = drawInput([N, T, D], { seed: '1' });
  const call = engine => engine.run(model, weights, { x }, { dtype: engine.defaultDtype, threads: 1, trace: false });
  const [manual, batched] = [getEngine('manual'), getEngine('batched')];
  const flops = 2 * N * shapes.layers.reduce((sum, l) => sum + Number(layerCost(l).matmul), 0);
  const pairs = [];
  await call(batched); // compiled and warm before the first counted call
  const until = performance.now() + Number(values.seconds) * 1000;
  do pairs.push([await time(() => call(manual)), await time(() => call(batched))]);
  while (performance.now() < until || pairs.length < 3);
  const ms = pairs.map(p => p[1]);
  return {
    name,
    what,
    N,
    T,
    D,
    M: layers[0].units,
    calls: pairs.length,
    manual: median(pairs.map(p => p[0])),
    batched: median(ms),
    ratio: median(pairs.map(p => p[0] / p[1])),
    gflops: flops / median(ms) / 1e6,
  };
}

async function time(body) {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Three digits, never an exponent. */
function short(x) {
  return x >= 100 ? String(Math.round(x)) : String(Number(x.toPrecision(3)));
}

function print(results) {
  const machine = `${os.cpus()[0]?.model.trim()} × ${os.cpus().length}, Node ${process.versions.node}`;
  if (values.json) {
    console.log(JSON.stringify({ machine, results }));
    return;
  }
  console.log(`${machine}, one thread, median ms of one call\n`);
  const text = results.map(r => [
    r.name,
    r.what,
    `N=${r.N} T=${r.T} D=${r.D} M=${r.M}`,
    short(r.manual),
    short(r.batched),
    `${short(r.ratio)}×`,
    short(r.gflops),
    String(r.calls),
  ]);
  const table = [['', 'net', 'sizes', 'manual', 'batched', 'manual/batched', 'GFLOP/s', 'pairs'], ...text];
  const widths = table[0].map((_, c) => Math.max(...table.map(row => row[c].length)));
  for (const row of table) console.log(row.map((cell, c) => (c < 3 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  '));
}
