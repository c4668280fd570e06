// From which sizes on a process is done sooner with ONNX Runtime than with the batched engine: what --engine auto goes by (src/run/engineChoice.ts).
//   node bench/crossover.mjs [--cells lstm,gru,rnn] [--units 64,128,256,512,1024] [--pairs 5]
// Every measure is a new process, the two engines in turn: the first run of each, with all that is loaded and compiled for it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './median.mjs';
import { ourEngines } from './ours.mjs';

const { values } = parseArgs({
  options: {
    cells: { type: 'string', default: 'lstm,gru,rnn' },
    units: { type: 'string', default: '64,128,256,512,1024' },
    work: { type: 'string', default: '5e8,1e9,2e9,4e9' },
    pairs: { type: 'string', default: '5' },
    child: { type: 'string' },
  },
});
const N = 32;
const GATES = { rnn: 1, lstm: 4, gru: 3 };

if (values.child) await child(JSON.parse(values.child));
else await parent();

/** one process: milliseconds of the first run */
async function child({ engine, cell, T, M }) {
  const { getEngine, checkSpec, inferShapes, weightShapesByLayer, drawWeights } = await ourEngines({ again: false });
  const model = checkSpec({ input: { timesteps: T, features: M }, layers: [{ kind: cell, units: M }] });
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '1', init: 'torch', rng: 'seedrandom' });
  const x = { shape: [N, T, M], data: Float32Array.from({ length: N * T * M }, (_, k) => ((k * 7919) % 2001) / 1000 - 1) };
  const started = performance.now();
  await getEngine(engine).run(model, weights, { x }, { dtype: 'f32', trace: false });
  console.log(performance.now() - started);
}

async function parent() {
  await ourEngines();
  console.log('cell    M   multiply-adds   batched ms   onnxruntime ms   batched/onnxruntime');
  for (const cell of values.cells.split(',')) {
    for (const M of values.units.split(',').map(Number)) {
      for (const work of values.work.split(',').map(Number)) {
        const T = Math.round(work / (N * GATES[cell] * 2 * M * M));
        if (T < 2) continue;
        const pairs = Array.from({ length: Number(values.pairs) }, () =>
          ['batched', 'onnxruntime'].map(engine => run({ engine, cell, T, M })),
        );
        const [a, b, ratio] = [pairs.map(p => p[0]), pairs.map(p => p[1]), pairs.map(p => p[0] / p[1])].map(median);
        console.log(
          `${cell.padEnd(5)}${String(M).padStart(5)}${work.toExponential(0).padStart(12)}${a.toFixed(0).padStart(14)}${b.toFixed(0).padStart(16)}${ratio.toFixed(2).padStart(16)}`,
        );
      }
    }
  }
}

function run(task) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--child', JSON.stringify(task)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}
