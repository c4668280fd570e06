import { join } from 'node:path';
import { runCompareModels } from '../../src/run/comparing/compareModels.js';
import { runForward } from '../../src/run/forward.js';
import { runInMemory } from '../../src/run/inMemory.js';
import type { TensorData } from '../../src/run/result.js';
import { expectClose } from '../helpers/expectClose.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** `compare A B`: what was done to the weights of one model to get the other's. */
const folder = temporaryFolder();

async function pair(layers: string, change: (name: string, t: TensorData) => readonly number[]): Promise<[string, string]> {
  const { weights } = await runInMemory({ layers, D: 3, N: 2, T: 3, init: 'torch' });
  const save = async (file: string, data: (name: string, t: TensorData) => readonly number[]) =>
    folder.write(
      file,
      await bytesOf(
        'npz',
        Object.fromEntries([...weights].map(([name, t]) => [name, { shape: t.shape, data: Float64Array.from(data(name, t)) }])),
      ),
    );
  return [await save('first.npz', (_, t) => [...t.data]), await save('second.npz', change)];
}

const changes = async (files: [string, string]) => {
  const { tensors, exit } = await runCompareModels({ files });
  return { exit, ...Object.fromEntries(tensors.map(t => [t.name, t.equal ? 'same' : t.change])) };
};

/** Columns of [R, 3·M] with the first two blocks exchanged. */
function exchanged({ shape, data }: TensorData): number[] {
  const width = shape[shape.length - 1];
  const M = width / 3;
  return [...data].map((_, k) => {
    const column = k % width;
    const from = column < M ? column + M : column < 2 * M ? column - M : column;
    return data[k - column + from];
  });
}

it('the same file is the same', async () => {
  const files = await pair('lstm:4,dense:2', (_, t) => [...t.data]);
  expect(await runCompareModels({ files })).toMatchObject({ equal: true, exit: 0, outputs: { maxAbs: 0 } });
});

it('names exchanged gates, a transposed Wh, a halved bias', async () => {
  const files = await pair('gru:4,rnn:5,dense:2', (name, t) => {
    if (name.startsWith('gru_1/')) return exchanged(t);
    if (name === 'rnn_2/Wh') return [...t.data].map((_, k) => t.data[(k % 5) * 5 + Math.floor(k / 5)]);
    return [...t.data].map(v => (name === 'rnn_2/bh' ? v / 2 : v));
  });
  expect(await changes(files)).toEqual({
    exit: 1,
    'gru_1/Wx': 'gate-order:rzg',
    'gru_1/Wh': 'gate-order:rzg',
    'gru_1/bh': 'gate-order:rzg',
    'rnn_2/Wx': 'same',
    'rnn_2/Wh': 'transposed',
    'rnn_2/bh': 'halved',
    'dense_1/Wo': 'same',
    'dense_1/bo': 'same',
  });
});

/** The block at each place of the second is the first's at order[place]: no such order is its own inverse. */
it.each([[[1, 2, 0, 3]], [[2, 0, 1, 3]], [[1, 3, 2, 0]], [[3, 0, 1, 2]]])(
  'the gates of an LSTM in the order %j have the name under which their y is simulated',
  async order => {
    const files = await pair('lstm:4,dense:2', (name, { shape, data }) => {
      const M = shape[shape.length - 1] / 4;
      if (name.startsWith('dense')) return [...data];
      return [...data].map((_, k) => data[k - (k % (4 * M)) + order[Math.floor((k % (4 * M)) / M)] * M + (k % M)]);
    });
    const { 'lstm_1/Wx': code, ...others } = (await changes(files)) as unknown as Record<string, string>;
    expect(others).toMatchObject({ 'lstm_1/Wh': code, 'lstm_1/bh': code, 'dense_1/Wo': 'same' });
    const [simulated, own] = await Promise.all([
      runForward({ weights: files[0], N: 2, T: 3, simulate: code }),
      runForward({ weights: files[1], N: 2, T: 3 }),
    ]);
    expectClose(simulated.tensors.y, own.tensors.y, 1e-6);
  },
);

it('names the other direction', async () => {
  const before = new Map<string, TensorData>();
  await pair('bilstm:4,dense:2', (name, t) => [...before.set(name, t).get(name)!.data]);
  const files = await pair('bilstm:4,dense:2', (name, t) => {
    const other = name.includes('forward') ? name.replace('forward', 'backward') : name.replace('backward', 'forward');
    return [...(/bh$/.test(name) ? t : before.get(other)!).data];
  });
  expect(await changes(files)).toMatchObject({
    'lstm_1/forward/Wx': 'the other direction',
    'lstm_1/backward/Wx': 'the other direction',
    'lstm_1/forward/Wh': 'the other direction',
    'lstm_1/forward/bh': 'same',
  });
});

it('names two changes to one tensor: gates in another order, and transposed or rounded', async () => {
  const files = await pair('gru:4,dense:2', (name, t) => {
    const data = name.startsWith('gru_1/') ? exchanged(t) : [...t.data];
    if (name === 'gru_1/Wh') return data.map((_, k) => data[(k % 4) * 12 + Math.floor((k % 12) / 4) * 4 + Math.floor(k / 12)]);
    if (name === 'gru_1/Wx') return data.map(v => new Float32Array(new Uint16Array([0, bfloat16(v)]).buffer)[0]);
    return data;
  });
  expect(await changes(files)).toMatchObject({
    'gru_1/Wh': 'gate-order:rzg, then transposed in each gate',
    'gru_1/Wx': 'gate-order:rzg, then rounded to bfloat16',
    'gru_1/bh': 'gate-order:rzg',
  });
});

/** The upper half of a float32's bits, rounded to nearest (no ties in random weights). */
function bfloat16(v: number): number {
  return (new Uint32Array(new Float32Array([v]).buffer)[0] + 0x8000) >>> 16;
}

it('guesses nothing where the numbers are others', async () => {
  const files = await pair('rnn:4,dense:2', (name, t) => [...t.data].map((v, k) => (name === 'rnn_1/Wh' ? Math.sin(k * k) : v)));
  expect(await changes(files)).toMatchObject({ exit: 1, 'rnn_1/Wh': null, 'rnn_1/Wx': 'same' });
});

it.each([
  ['digits.keras', 'digits_weights.npz'],
  ['digits_torch.pt', 'digits_torch.safetensors'],
])('%s and %s are one model', async (first, second) => {
  const digits = join(__dirname, '..', 'reference', 'digits');
  expect(await runCompareModels({ files: [join(digits, first), join(digits, second)] })).toMatchObject({ equal: true, exit: 0 });
});

it('names layers in each other’s place, halves of rows, a forget gate with 1 more, a z that keeps the other side, and rounding', async () => {
  const { weights } = await runInMemory({ layers: 'lstm:3,lstm:3,bigru:2,dense:2', D: 3, N: 2, T: 3, init: 'torch' });
  const of = (name: string) => [...weights.get(name)!.data];
  const files = await pair('lstm:3,lstm:3,bigru:2,dense:2', (name, t) => {
    if (name === 'lstm_1/Wx') return of('lstm_2/Wx');
    if (name === 'lstm_2/bh') return [...t.data].map((v, k) => (k >= 3 && k < 6 ? v + 1 : v));
    if (name === 'gru_3/forward/Wh') return [...t.data].map((v, k) => (k % 6 < 2 ? -v : v));
    if (name === 'gru_3/backward/Wh')
      return [...t.data].map(
        v => new Float32Array(new Uint32Array([(new Uint32Array(new Float32Array([v]).buffer)[0] + 0x8000) & 0xffff0000]).buffer)[0],
      );
    if (name === 'dense_1/Wo') return [...of(name).slice(4), ...of(name).slice(0, 4)];
    return [...t.data];
  });
  expect(await changes(files)).toMatchObject({
    exit: 1,
    'lstm_1/Wx': 'from lstm_2/Wx',
    'lstm_2/bh': 'with 1 added to the forget gate',
    'gru_3/forward/Wh': 'with the sign of z turned (1 − z)',
    'gru_3/backward/Wh': 'rounded to bfloat16',
    'dense_1/Wo': 'with its two halves of rows exchanged',
  });
});

it('two bare lists of weights are compared as those of the network that --layers says', async () => {
  const list = Object.fromEntries(
    [[2, 3], [3, 3], [3], [3, 1], [1]].map((shape, i) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [`arr_${i}`, { shape, data: Float64Array.from({ length: size }, (_, k) => (k + 1) / 7 - 0.3 * i) }];
    }),
  );
  const files: [string, string] = [
    folder.write('bare-1.npz', await bytesOf('npz', list)),
    folder.write('bare-2.npz', await bytesOf('npz', { ...list, arr_2: { shape: [3], data: list.arr_2.data.map(v => 2 * v) } })),
  ];
  expect(await runCompareModels({ files: [files[0], files[0]], layers: 'rnn:3,dense:1', D: 2 })).toMatchObject({ equal: true, exit: 0 });
  const { tensors } = await runCompareModels({ files, layers: 'rnn:3,dense:1', D: 2 });
  expect(tensors.filter(t => !t.equal)).toMatchObject([{ name: 'rnn_1/bh', change: 'doubled' }]);
});
