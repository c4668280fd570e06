import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { withFolder } from '../helpers/inputFile.js';
import { editedKeras } from '../helpers/kerasFile.js';
import { referencePath } from '../helpers/reference.js';

/** A convolution before an LSTM: the LSTM can be shown, the file cannot be run. */
function convolution(): OnnxModel {
  const tensor = (...shape: number[]): OnnxTensor => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { shape, dtype: 'f32', data: Float32Array.from({ length: size }, (_, i) => Math.fround(((i * 37) % 19) / 20 - 0.4)) };
  };
  const node = (opType: string, inputs: string[], outputs: string[], attributes: OnnxNode['attributes'] = new Map()): OnnxNode => ({
    name: `${opType}_1`,
    opType,
    domain: '',
    inputs,
    outputs,
    attributes,
  });
  return {
    irVersion: 8,
    producerName: 'test',
    producerVersion: '1',
    opsets: new Map([['', 19]]),
    graph: {
      name: 'g',
      inputs: [{ name: 'x', dtype: 'f32', shape: [7, 2, 3] }],
      outputs: [{ name: 'y', dtype: 'f32', shape: null }],
      initializers: new Map([
        ['K', tensor(3, 2, 1)],
        ['W', tensor(1, 20, 3)],
        ['R', tensor(1, 20, 5)],
      ]),
      nodes: [
        node('DeformConv', ['x', 'K', 'K'], ['c']),
        node('LSTM', ['c', 'W', 'R'], ['y'], new Map([['hidden_size', { type: 'int', value: 5n }]])),
      ],
    },
  };
}

it('an ONNX file with operators that are not run is inspected, and running it names the first', async () => {
  await withFolder(async folder => {
    const file = join(folder, 'conv.onnx');
    writeFileSync(file, await writeOnnx(convolution()));
    const result = await runInspect({ file });
    expect(result.graph!.recurrent).toEqual([{ name: 'LSTM_1', op: 'LSTM', direction: 'forward', features: 3, units: 5 }]);
    expect(result.graph!.unsupported).toEqual(['DeformConv']);
    expect(result).toMatchObject({ runs: false, reason: 'the operator DeformConv is not supported' });
    await expect(runForward({ model: file })).rejects.toMatchObject({ code: 'E_ONNX_OPERATOR', exit: 3, found: 'DeformConv' });
  });
});

it('zeros as a first state of another width are refused: an exporter that leaves out a projection writes them', async () => {
  const { graph, ...model } = convolution();
  const [, lstm] = graph.nodes;
  const named = (opType: string, inputs: string[], output: string): OnnxNode => ({
    ...lstm,
    opType,
    name: output,
    inputs,
    outputs: [output],
    attributes: new Map(),
  });
  const ints = (...data: number[]): OnnxTensor => ({ shape: [data.length], dtype: 'i64', data: BigInt64Array.from(data, BigInt) });
  const size = ['Shape', 'Gather', 'Concat', 'Expand'];
  const nodes = [
    named(size[0], ['x'], 'shape'),
    named(size[1], ['shape', 'one'], 'N'),
    {
      ...named(size[2], ['one', 'N', 'four'], 'sizes'),
      attributes: new Map([['axis', { type: 'int', value: 0n }]]) as OnnxNode['attributes'],
    },
    named(size[3], ['zero', 'sizes'], 'h0'),
    { ...lstm, inputs: ['x', 'W', 'R', '', '', 'h0', 'h0'] },
  ];
  const constants: [string, OnnxTensor][] = [
    ['one', ints(1)],
    ['four', ints(4)],
    ['zero', { shape: [], dtype: 'f32', data: Float32Array.of(0) }],
  ];
  const initializers = new Map([...graph.initializers, ...constants]);
  await withFolder(async folder => {
    const file = join(folder, 'state.onnx');
    writeFileSync(
      file,
      await writeOnnx({ ...model, graph: { ...graph, inputs: [{ name: 'x', dtype: 'f32', shape: ['T', 'N', 3] }], initializers, nodes } }),
    );
    await expect(runForward({ model: file, T: 4, N: 2 })).rejects.toMatchObject({ code: 'E_ONNX_SHAPE', expected: '[1, 2, 5]' });
  });
});

describe('a file whose network is not run is inspected all the same', () => {
  it('a Keras model with a Lambda: its weights are shown and the layer is named', async () => {
    await withFolder(async folder => {
      const file = join(folder, 'lambda.keras');
      writeFileSync(file, await editedKeras('lstm_dense', c => c.config.layers.push({ class_name: 'Lambda', config: { name: 'twice' } })));
      const result = await runInspect({ file });
      expect(result).toMatchObject({ runs: false, framework: 'keras' });
      expect(result.network!.layers.map(l => [l.name, l.kerasClass])).toEqual([expect.anything(), expect.anything(), ['twice', 'Lambda']]);
      expect(result.reason).toMatch(/^layer twice: Lambda is not supported; fix: .*get_layer\("twice"\)\.input/);
      expect(result.tensors.map(t => t.role)).toEqual(expect.arrayContaining(['kernel', 'recurrentKernel', 'bias']));
      await expect(runForward({ model: file })).rejects.toMatchObject({ code: 'E_KERAS_CLASS', exit: 3, where: `${file}: layer twice` });
    });
  });

  it('arrays of unknown names: their shapes are shown, and how to save others', async () => {
    const result = await runInspect({ file: referencePath('corrupt', 'npz_ok_stored.npz') });
    expect(result.tensors.map(t => [t.name, t.shape])).toEqual([
      ['w', [2, 3]],
      ['b', [2]],
    ]);
    expect(result).toMatchObject({ runs: false, framework: null });
    expect(result.reason).toMatch(/^cannot tell whose weights these are: w, b; fix: in Python: model\.save/);
  });
});
