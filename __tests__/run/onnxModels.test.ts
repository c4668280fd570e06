import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input/input.js';
import { runInspect } from '../../src/run/inspect.js';
import { flat } from '../helpers/files.js';

/** ONNX files with convolutions, quantised weights, fused operators, graphs inside graphs and data beside them, and what ONNX Runtime 1.30 computes. */
const folder = join(__dirname, '..', 'reference', 'onnx_models');
const cases = readdirSync(folder)
  .filter(name => name.endsWith('.onnx'))
  .map(name => name.slice(0, -'.onnx'.length));

it('there are files to run', () => {
  expect(cases.length).toBeGreaterThan(5);
});

it.each(cases)('%s gives what ONNX Runtime gave', async name => {
  const path = (ending: string) => join(folder, name + ending);
  const { tensors } = await readArrays(path('.y.npz'), []);
  const recorded = [...tensors.values()];
  const { outputs } = await runForward({ model: path('.onnx'), input: path('.x.npz') });
  expect(outputs.map(o => o.shape)).toEqual(recorded.map(t => t.shape));
  outputs.forEach((output, i) => {
    const scale = Math.max(...recorded[i].data.map(Math.abs));
    const differences = flat(output.y).map((v, k) => Math.abs(v - recorded[i].data[k]));
    // numbers of 8 bits: a rounding that falls the other way moves y by a step of them
    expect(Math.max(...differences)).toBeLessThanOrEqual((name.startsWith('q_') ? 2e-2 : 1e-5) * scale);
  });
});

it.each(cases.filter(name => name.startsWith('layers_')))('%s is a network of layers', async name => {
  const { network, reason } = await runInspect({ file: join(folder, `${name}.onnx`) });
  expect(reason).toBeNull();
  expect(network?.layers.map(l => l.kind)).toEqual(
    {
      layers_dy_dynb: ['lstm', 'last', 'dense'],
      layers_dy_ln: ['lstm', 'last', 'layernorm', 'dense'],
      layers_ts_bn: ['lstm', 'last', 'batchnorm', 'dense'],
    }[name],
  );
});
