import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTensors } from '../../src/formats/index.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { swapBatchAndTime } from '../../src/tensor/layout.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withArraysFile, withFolder } from '../helpers/inputFile.js';
import { caseIds, readCase, recorded, recorded32, referencePath } from '../helpers/reference.js';

/** The same networks as state dicts, run from nothing but the file and what a state dict cannot say. */
const NETWORKS = caseIds('models/torch');
const SAID: Readonly<Record<string, object>> = {
  gru_bi_max_linear_op14: { pool: 'max' },
  lstm_many_to_many_op12: { task: 'many-to-many' },
  lstm_states_io_op14: { task: 'many-to-many', timeMajor: true },
};

async function npy(folder: string, name: string, t: Tensor): Promise<string> {
  writeFileSync(join(folder, name), await writeTensors('npy', new Map([['npy', { ...t, dtype: 'f32' }]])));
  return join(folder, name);
}

describe.each(['.pt', '.safetensors', '.npz'])('PyTorch state dicts in %s', extension => {
  it.each(NETWORKS)('%s gives the recorded output', async id => {
    const c = readCase('models/torch', id);
    await withFolder(async folder => {
      const [h0, c0] = await Promise.all(
        ['h0', 'c0'].map(name => c.inputs[name] && npy(folder, `${name}.npy`, recorded32(c.inputs[name]))),
      );
      const input = await npy(folder, 'x.npy', recorded32(c.inputs.input));
      const model = referencePath('models/torch', `${id}${extension}`);
      const { tensors, states } = await runForward({ model, input, h0, c0, ...SAID[id] });
      const expected = recorded(c.outputs.output);
      expectClose(tensors.y, h0 ? swapBatchAndTime(expected) : expected, TOLERANCE.float32);
      if (c.outputs.hn) {
        expectClose(recorded([states.final['lstm_1/h']] as never), recorded(c.outputs.hn), TOLERANCE.float32);
        expectClose(recorded([states.final['lstm_1/c']] as never), recorded(c.outputs.cn), TOLERANCE.float32);
      }
    });
  });
});

describe('state dicts of other modules', () => {
  const values = (...shape: number[]): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => Math.fround((((k * 37 + shape[0] * 11) % 41) - 20) / 40)),
    );
  const LSTM = { weight_ih: values(20, 4), weight_hh: values(20, 5), bias_ih: values(20), bias_hh: values(20) };
  const HEAD = { 'fc.weight': values(2, 5), 'fc.bias': values(2) };
  const named = (name: (role: string) => string) => Object.fromEntries(Object.entries(LSTM).map(([role, t]) => [name(role), t]));

  /** Runs `body` with these tensors in a file. */
  const inFile = <T>(tensors: Record<string, Tensor>, body: (path: string) => Promise<T>): Promise<T> =>
    withArraysFile(new Map(Object.entries(tensors)), body);

  it.each([
    ['a DataParallel wrapper', (role: string) => `module.rnn.${role}_l0`, 'module.'],
    ['modules in modules', (role: string) => `encoder.layers.0.rnn.${role}_l0`, ''],
    ['an LSTMCell', (role: string) => `cell.${role}`, ''],
  ])('%s holds the same network', async (_, name, prefix) => {
    const head = Object.fromEntries(Object.entries(HEAD).map(([key, t]) => [prefix + key, t]));
    const y = (tensors: Record<string, Tensor>) => inFile(tensors, async model => (await runForward({ model, N: 2, T: 3 })).ySha256);
    expect(await y({ ...named(name), ...head })).toBe(await y({ ...named(role => `rnn.${role}_l0`), ...HEAD }));
  });

  it('a matrix with a bias is a Linear, in whatever order names stand', async () => {
    const tied = { 'decoder.bias': values(6), 'decoder.weight': values(6, 4), 'encoder.weight': values(6, 4) };
    const square = { weight_ih: values(16, 4), weight_hh: values(16, 4), bias_ih: values(16), bias_hh: values(16) };
    const rnn = Object.fromEntries(Object.entries(square).map(([role, t]) => [`rnn.${role}_l0`, t]));
    const shown = await inFile({ ...tied, ...rnn }, file => runInspect({ file }));
    expect(shown).toMatchObject({ runs: true, layersLine: 'embedding:6x4,lstm:4,dense:6' });
  });

  it('modules without a recurrent one are run as --layers says', async () => {
    const chain = { '0.weight': values(3, 4), '0.bias': values(3), '2.weight': values(2, 3), '2.bias': values(2) };
    await inFile(chain, async weights => {
      await expect(runForward({ weights })).rejects.toMatchObject({ code: 'E_NAMES', fix: expect.stringContaining('--layers') });
      const { tensors } = await runForward({ weights, layers: 'dense:3@relu,dense:2', N: 1, T: 1, D: 4, seed: '5' });
      const { tensors: linear } = await runForward({ weights, layers: 'dense:3,dense:2', N: 1, T: 1, D: 4, seed: '5' });
      expect(tensors.y.shape).toEqual([1, 1, 2]);
      expect([...tensors.y.data]).not.toEqual([...linear.y.data]);
    });
  });

  it.each([
    ['steps', { steps: tensor([], Float32Array.of(7)) }],
    ['bn.weight', { 'bn.weight': values(5), 'bn.bias': values(5), 'bn.running_mean': values(5) }],
    ['rnn.weight_hh_l0_g', { 'rnn.weight_hh_l0_g': values(20, 1) }],
  ])('%s is named as no weight of such a network', async (name, more) => {
    const shown = await inFile({ ...named(role => `rnn.${role}_l0`), ...more, ...HEAD }, file => runInspect({ file }));
    expect(shown).toMatchObject({ runs: false, network: null });
    expect(shown.reason).toContain(`'${name}' is not a weight of a recurrent module, a Linear, an Embedding, a Conv1d or a normalisation`);
  });
});
