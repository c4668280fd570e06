import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import type { OperatorSpec } from '../../src/layers/operatorFields.js';
import { operatorShapes } from '../../src/layers/operatorShapes.js';
import { runCompare } from '../../src/run/compare.js';
import { runConvert } from '../../src/run/convert.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input/input.js';
import { runInspect } from '../../src/run/inspect.js';
import { runShapes } from '../../src/run/shapes.js';
import { flat } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';
import { referencePath } from '../helpers/reference.js';

/** Graphs that are no chain of layers, as both exporters of PyTorch write them, with what PyTorch (or ONNX Runtime) computes. */
const folder = join(__dirname, '..', 'reference', 'onnx_wired');
const cases = readdirSync(folder)
  .filter(name => name.endsWith('.onnx'))
  .map(name => name.slice(0, -'.onnx'.length));

async function expectRecorded(model: string, name: string, names?: readonly string[]): Promise<void> {
  const { tensors } = await readArrays(join(folder, `${name}.y.npz`), []);
  const recorded = [...tensors.values()];
  const { outputs } = await runForward({ model, input: join(folder, `${name}.x.npz`) });
  if (names) expect(outputs.map(o => o.shape)).toEqual(recorded.map(t => [...t.shape]));
  recorded.forEach((expected, i) => {
    const scale = Math.max(...expected.data.map(Math.abs));
    const differences = flat(outputs[i].y).map((v, k) => Math.abs(v - expected.data[k]));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-5 * scale);
  });
}

it('there are graphs to read', () => {
  expect(cases.length).toBeGreaterThan(7);
});

it.each(cases)('%s: its shapes are shown with its layers, and what convert writes of it gives what was recorded', async name => {
  const file = join(folder, `${name}.onnx`);
  await expectRecorded(file, name);
  const { layers, outputs, totals } = await runShapes({ model: file });
  const { tensors } = await readArrays(join(folder, `${name}.y.npz`), []);
  expect(layers.some(l => ['rnn', 'lstm', 'gru'].includes(l.kind))).toBe(true);
  expect(totals.params).toBeGreaterThan(0);
  [...tensors.values()].forEach((t, i) => {
    expect(outputs[i].shape.length).toBe(t.shape.length);
    for (const [axis, size] of outputs[i].shape.entries()) if (size !== null && axis > 0) expect(size).toBe(t.shape[axis]);
  });
  expect((await runInspect({ file })).network).not.toBeNull();
  await withFolder(async out => {
    for (const extension of ['onnx', 'json'] as const) {
      const output = join(out, `net.${extension}`);
      expect((await runConvert({ file, output })).check!.largest).toBeLessThan(1e-5);
      await expectRecorded(output, name, []);
    }
  });
});

it('a reduction is written without what set 17 does not know', async () => {
  await withFolder(async out => {
    const output = join(out, 'net.onnx');
    await runConvert({ file: join(folder, 'dueling.onnx'), output });
    const { graph } = (await readTensorFile(output)).architecture as OnnxModel;
    const means = graph.nodes.filter(n => n.opType === 'ReduceMean');
    expect(means.map(n => [...n.attributes.keys()].sort())).toEqual([['axes', 'keepdims']]);
  });
});

it.each([
  ['Transpose', { perm: [0, 5] }, 1],
  ['Conv', {}, 2],
  ['MaxPool', {}, 1],
  ['ConvTranspose', { group: 2 }, 2],
] as const)('%s of a damaged file, over axes that are not there, is refused', (op, attributes, inputs) => {
  const matrix = [7, 3].map(size => ({ symbol: String(size), size }));
  const layer = { kind: 'op', op, operands: null, attributes } as unknown as OperatorSpec;
  const shapes = Array.from({ length: inputs }, () => matrix);
  expect(() => operatorShapes(layer, shapes)).toThrow(`${op} reads axes that`);
});

it('a mistake in a graph of layers and operators is named, and where it begins', async () => {
  const [model, input] = [join(folder, 'attention.onnx'), join(folder, 'attention.x.npz')];
  for (const simulate of ['state-carry', 'gate-order:ifog']) {
    const { status, explanations, firstDifference } = await runCompare({ model, input, simulate });
    expect([status, explanations[0].code, explanations[0].verdict]).toEqual(['DIFFERENT', simulate, 'fits']);
    expect(firstDifference).toMatchObject({ sample: simulate === 'state-carry' ? 1 : 0, step: 0 });
  }
});

it('an input with the steps first is read as it is, and counted in samples and steps', async () => {
  const [model, input] = [join(folder, 'gru_lens_forward.onnx'), join(folder, 'gru_lens_forward.x.npz')];
  const { layers } = await runShapes({ model });
  const recurrent = layers.find(layer => layer.kind === 'gru')!;
  const { tensors } = await readArrays(input, []);
  const [T, N] = [...tensors.values()][0].shape;
  expect(recurrent.output.shape.slice(0, 2)).toEqual([N, T]);
  const { outputs } = await runForward({ model, input });
  expect(outputs[0].dims.slice(0, 3)).toEqual(['T', '1', 'N']);
  expect(outputs[0].shape.slice(0, 3)).toEqual([T, 1, N]);
});

it('a graph that decides while it runs is refused with the place where it does', async () => {
  const file = referencePath('onnx_models', 'control_loop_rounds.onnx');
  const why = 'Loop depends on computed values';
  await expect(runShapes({ model: file })).rejects.toMatchObject({
    code: 'E_OPERATOR',
    message: `its shapes are only known at run time: ${why}`,
  });
  await withFolder(out =>
    expect(runConvert({ file, output: join(out, 'w.npz'), to: 'keras' })).rejects.toMatchObject({
      code: 'E_CONVERT_GRAPH',
      message: `the graph is not a network of layers and operators (${why})`,
    }),
  );
});
