/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, loadRuntime } from '../../src/engines/onnxruntime.js';
import { runConvert } from '../../src/run/convert.js';
import { tensor } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withFolder } from '../helpers/inputFile.js';
import { caseIds, readCase, recorded, recorded32, referencePath } from '../helpers/reference.js';

/**
 * The file that convert writes, as Spark, Ray or Triton would run it: by ONNX Runtime from its bytes alone, input [N, T, D] and output by
 * the names in the README. Where the package is installed (`npm ci --prefix bench`).
 */
const NETWORKS = caseIds('models/keras');
const installed = isInstalled();

it.each(NETWORKS)('%s as an .onnx file gives in ONNX Runtime what Keras recorded', async id => {
  if (!(await installed)) return console.warn('onnxruntime-node is not installed: exported files are not run in it');
  const { InferenceSession, Tensor } = await loadRuntime();
  const c = readCase('models/keras', id);
  const source = referencePath('models/keras', id.startsWith('keras2') ? `${id}.h5` : `${id}.keras`);
  await withFolder(async folder => {
    const output = join(folder, 'net.onnx');
    await runConvert({ file: source, output });
    const session = await InferenceSession.create(readFileSync(output), { logSeverityLevel: 3 });
    const x = recorded32(c.input);
    const { output: y } = await session.run({ input: new Tensor('float32', x.data, x.shape) });
    await session.release();
    expectClose(tensor(y.dims, Float32Array.from(y.data as ArrayLike<number>)), recorded(c.output), TOLERANCE.float32);
  });
});
