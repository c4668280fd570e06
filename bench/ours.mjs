import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { compileKernel } from '../scripts/assembly.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = `${root}bench/dist/ours.mjs`;

const SOURCE = `export { batchedKernels } from './src/engines/batched/engine.js';
  export { loadKernel, useKernel } from './src/engines/batched/kernel.js';
  export { fusedKernel, residentRecurrence } from './src/engines/batched/fusedKernel.js';
  export { fusedCell } from './src/engines/batched/fused.js';
  export { walk } from './src/engines/walk.js';
  export { fusedPlain } from './src/engines/batched/fusedPlain.js';
  export { poolOf } from './src/engines/batched/pool.js';
  export { getEngine } from './src/engines/index.js';
  export { checkSpec } from './src/model/check.js';
  export { inferShapes, weightShapesByLayer } from './src/model/shapes.js';
  export { layerCost } from './src/model/counts.js';
  export { drawInput, drawWeights } from './src/weights/init.js';
  export { toOnnxModel, INPUT, OUTPUT } from './src/conventions/onnx/write.js';
  export { writeOnnx } from './src/formats/onnx.js';
  export { executionOf } from './src/run/engineChoice.js';
  export { residentNetwork } from './src/engines/batched/resident.js';`;

/** The engines as they are in src/, with the kernel in them, bundled to a file beside the built ones. */
export async function ourEngines({ again = true } = {}) {
  if (again || !existsSync(BUNDLE)) {
    await build({
      stdin: { contents: SOURCE, resolveDir: root, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile: BUNDLE,
      logLevel: 'error',
      external: ['onnxruntime-node', 'seedrandom', 'pbf', 'yauzl', 'yazl', 'csv-parse'],
      define: {
        __VERSION__: '"bench"',
        __KERNEL__: JSON.stringify((await compileKernel(false)).toString('base64')),
        __FAST_KERNEL__: JSON.stringify((await compileKernel(true)).toString('base64')),
      },
    });
  }
  return import(pathToFileURL(BUNDLE).href);
}
