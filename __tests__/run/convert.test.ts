import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnnxTensor } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { runCompareModels } from '../../src/run/comparing/compareModels.js';
import { runConvert } from '../../src/run/convert.js';
import { TARGETS } from '../../src/run/convertFormats.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { array } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';
import { editedKeras } from '../helpers/kerasFile.js';
import { caseIds, referencePath } from '../helpers/reference.js';

const KERAS = caseIds('models/keras').filter(id => id !== 'keras2_layout_synthetic_lstm_dense');

describe('convert', () => {
  it.each(KERAS)('%s.keras to ONNX and to get_weights(): the same y, bit for bit', async id => {
    await withFolder(async folder => {
      for (const name of ['net.onnx', 'w.npz', 'net.json']) {
        const result = await runConvert({ file: referencePath('models/keras', `${id}.keras`), output: join(folder, name) });
        expect(result.check).toMatchObject({ largest: 0, identical: true });
        expect(readFileSync(join(folder, name)).length).toBe(result.bytes);
      }
    });
  });

  it('get_weights() written from a .keras file are the arrays that Keras saved', async () => {
    await withFolder(async folder => {
      const output = join(folder, 'w.npz');
      await runConvert({ file: referencePath('models/keras', 'gru_stacked.keras'), output });
      const model = referencePath('models/keras', 'gru_stacked.keras');
      const [ours, theirs] = await Promise.all(
        [output, referencePath('models/keras', 'gru_stacked.npz')].map(weights => runForward({ model, weights })),
      );
      expect(ours.weightsSha256).toBe(theirs.weightsSha256);
      expect(ours.ySha256).toBe(theirs.ySha256);
    });
  });

  it.each([
    [[1], 1],
    [[], 0],
  ])(
    'numbers of an operator of shape [%s] stay behind, and that is said (%s): a bias of one output is a list of one',
    async (shape, said) => {
      await withFolder(async folder => {
        const [plain, file] = ['plain.json', 'net.json'].map(name => join(folder, name));
        await runConvert({ file: referencePath('models/keras', 'gru_stacked.keras'), output: plain });
        const net = JSON.parse(readFileSync(plain, 'utf8'));
        net.layers.push({ kind: 'op', name: 'add', op: 'Add', operands: [null, { type: 'float', shape, data: [0.5] }] });
        net.outputs = undefined;
        net.output = undefined;
        writeFileSync(file, JSON.stringify(net));
        const { notes } = await runConvert({ file, output: join(folder, 'w.npz') });
        expect(notes.filter(note => /numbers of operators .*\(add\)/.test(note))).toHaveLength(said);
      });
    },
  );

  it('says of merged kernels which layers they fit', async () => {
    await withFolder(async folder => {
      const file = referencePath('keras_models', 'einsum_int4_lora.keras');
      const said = async (name: string) => (await runConvert({ file, output: join(folder, name) })).notes.filter(note => /LoRA/.test(note));
      expect(await said('w.npz')).toEqual([expect.stringContaining('fit the same layers without either')]);
      expect(await said('net.onnx')).toEqual([]);
    });
  });

  it.each([
    ['lstm.pt2', ['N', 7, 3]],
    ['measures.pt2', [3, 7, 5]],
    ['mha.pt2', [4, 7, 3]],
    ['time_major.pt2', [7, 4, 3]],
  ])('an ONNX graph of %s takes [%j]: any number of samples only where the operators do', async (name, shape) => {
    await withFolder(async folder => {
      const output = join(folder, 'net.onnx');
      await runConvert({ file: referencePath('pt2', name), output });
      const { graph } = (await runInspect({ file: output })) as { graph?: { inputs: { shape: unknown }[] } | null };
      expect(graph?.inputs.map(input => input.shape)).toEqual([shape]);
      expect(await runCompareModels({ files: [referencePath('pt2', name), output] })).toMatchObject({ status: 'SAME' });
    });
  });

  it('a PyTorch state dict stays as it is in another container: names, numbers, y', async () => {
    await withFolder(async folder => {
      const source = referencePath('models/torch', 'lstm2_linear_last_op13.pt');
      const output = join(folder, 'w.safetensors');
      const result = await runConvert({ file: source, output, to: 'torch' });
      expect(result.check!.identical).toBe(true);
      const [a, b] = await Promise.all([source, output].map(file => runInspect({ file })));
      expect(b.tensors.map(t => t.name).sort()).toEqual(a.tensors.map(t => t.name).sort());
    });
  });

  it('PyTorch to Keras adds the two biases and says how far that moves y', async () => {
    await withFolder(async folder => {
      const file = referencePath('models/torch', 'lstm2_linear_last_op13.pt');
      const result = await runConvert({ file, output: join(folder, 'w.npz'), to: 'keras' });
      expect(result.to.framework).toBe('keras');
      expect(result.check!.largest).toBeLessThan(2e-6);
      expect(result.tensors).toBe(8);
    });
  });

  it('ONNX nodes named with a slash become members of an .npz', async () => {
    await withFolder(async folder => {
      const output = join(folder, 'w.npz');
      const { check } = await runConvert({ file: referencePath('models/torch', 'lstm2_linear_last_op13.onnx'), output, to: 'npz' });
      expect(check).toMatchObject({ identical: true });
      expect((await runInspect({ file: output })).tensors[0].name).toBe('rnn/LSTM/Wx');
    });
  });

  it('an ONNX file that is not read back as layers is run as a graph for the check', async () => {
    await withFolder(async folder => {
      const file = join(folder, 'net.keras');
      const edit = (c: any) => {
        const { layer, backward_layer: backward } = c.config.layers[1].config;
        layer.config.go_backwards = true;
        if (backward) backward.config.go_backwards = false;
      };
      writeFileSync(file, await editedKeras('bidirectional_lstm', edit));
      const output = join(folder, 'net.onnx');
      const { check } = await runConvert({ file, output });
      expect(check!.largest).toBeLessThan(1e-6);
      expect((await runInspect({ file: output })).reason).not.toBeNull();
    });
  });

  /** x [N, T, 3] of a graph that holds something of seven steps: op of x and that, then a product. */
  const ofSevenSteps = (T: string | number, op: string, held: OnnxTensor, width: number) => {
    const node = (opType: string, inputs: string[], output: string) => ({
      name: opType,
      opType,
      domain: '',
      inputs,
      outputs: [output],
      attributes: new Map(),
    });
    return writeOnnx({
      irVersion: 8,
      producerName: 'test',
      producerVersion: '1',
      opsets: new Map([['', 17]]),
      graph: {
        name: 'g',
        inputs: [{ name: 'x', dtype: 'f32', shape: ['N', T, 3] }],
        outputs: [{ name: 'y', dtype: 'f32', shape: null }],
        initializers: new Map([
          ['held', held],
          ['W', { ...array(width, 2), dtype: 'f32' } as OnnxTensor],
        ]),
        nodes: [node(op, ['x', 'held'], 'r'), node('MatMul', ['r', 'W'], 'y')],
      },
    });
  };
  const shapeOf = (...sizes: number[]) => ({ shape: [sizes.length], dtype: 'i64', data: Float64Array.from(sizes) }) as OnnxTensor;
  const numbers = { ...array(7, 3), dtype: 'f32' } as OnnxTensor;

  it.each([
    ['Reshape to [-1, 21]', shapeOf(-1, 21), 21],
    ['Reshape to [0, 7, 3]', shapeOf(0, 7, 3), 3],
    ['Add of [7, 3]', numbers, 3],
  ])('a graph of an open T with a %s asks for --T, and --T 7 converts it', async (what, held, width) => {
    const [op] = what.split(' ');
    await withFolder(async folder => {
      const [file, output] = [join(folder, 'net.onnx'), join(folder, 'net.json')];
      writeFileSync(file, await ofSevenSteps('T', op, held, width));
      const fix = 'say how many steps the graph is made for: --T n (here 10)';
      await expect(runConvert({ file, output })).rejects.toMatchObject({ code: 'E_ONNX_SHAPE', exit: 3, fix });
      expect((await runConvert({ file, output, T: 7 })).check).toMatchObject({ identical: true });
      // where the graph says its steps itself, or --T does, no number of them would mend it
      writeFileSync(file, await ofSevenSteps(6, op, held, width));
      const refused = await runConvert({ file, output, force: true }).catch(error => error);
      expect(refused).toMatchObject({ exit: 3 });
      expect(refused.fix).not.toBe(fix);
    });
  });

  it('JSON is read again as a model', async () => {
    await withFolder(async folder => {
      const output = join(folder, 'net.json');
      const file = referencePath('models/keras', 'lstm_dense.keras');
      await runConvert({ file, output });
      const [a, b] = await Promise.all([file, output].map(model => runForward({ model, N: 2 })));
      expect(b.ySha256).toBe(a.ySha256);
    });
  });

  it.each(['h5', 'keras', 'weights.h5'])('refuses to write .%s by name', async extension => {
    await withFolder(folder =>
      expect(
        runConvert({ file: referencePath('models/keras', 'lstm_dense.keras'), output: join(folder, `a.${extension}`) }),
      ).rejects.toMatchObject({
        code: 'E_CONVERT_H5',
        exit: 3,
      }),
    );
  });

  it('does not overwrite without force', async () => {
    await withFolder(async folder => {
      const request = { file: referencePath('models/keras', 'lstm_dense.keras'), output: join(folder, 'a.onnx') };
      await runConvert(request);
      await expect(runConvert(request)).rejects.toMatchObject({ code: 'E_EXISTS', exit: 4 });
      await expect(runConvert({ ...request, force: true })).resolves.toMatchObject({ tensors: 6 });
    });
  });

  it('names what the other framework has not', async () => {
    await withFolder(folder =>
      expect(
        runConvert({ file: referencePath('models/keras', 'functional_chain.keras'), output: join(folder, 'a.npz'), to: 'nothing' }),
      ).rejects.toMatchObject({ code: 'E_CONVERT_TARGET', exit: 2 }),
    );
    expect(TARGETS).toContain('torch');
  });
});

describe('inspect', () => {
  it.each([
    ['models/keras/bidirectional_lstm.keras', 'keras', ['i', 'f', 'g', 'o']],
    ['models/keras/gru_stacked.h5', 'keras', ['z', 'r', 'g']],
    ['models/torch/gru_bi_max_linear_op14.safetensors', 'torch', ['r', 'z', 'g']],
    ['models/torch/lstm_many_to_many_op12.onnx', 'onnx', ['i', 'o', 'f', 'g']],
    ['models/keras/gru_stacked.npz', 'keras', ['z', 'r', 'g']],
  ])('%s: framework, roles, gate order of the file', async (path, framework, gates) => {
    const result = await runInspect({ file: referencePath(path) });
    expect(result.framework).toBe(framework);
    const roles = result.tensors.map(t => t.role);
    expect(roles).toEqual(expect.arrayContaining(['kernel', 'recurrentKernel', 'bias']));
    expect(result.tensors.find(t => t.role === 'recurrentKernel')!.gates).toEqual(gates);
    expect(result.network!.totals.params).toBeGreaterThan(0);
    expect(result.runs).toBe(true);
  });

  it('checks the digest that is expected', async () => {
    const file = referencePath('models/keras', 'lstm_dense.keras');
    const { sha256 } = await runInspect({ file, sha256: true });
    expect(sha256).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
    await expect(runInspect({ file, expectSha256: sha256! })).resolves.toMatchObject({ sha256 });
    expect((await runInspect({ file })).sha256).toBeNull();
    await expect(runInspect({ file, expectSha256: '00' })).rejects.toMatchObject({ code: 'E_SHA256', exit: 3 });
  });
});
