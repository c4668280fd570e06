import { join } from 'node:path';
import { load } from '../../src/index.js';
import { checkSpec } from '../../src/model/check.js';
import { runCompare } from '../../src/run/compare.js';
import { splitKey } from '../../src/run/files/fileKey.js';
import { runForward } from '../../src/run/forward.js';
import { readInitialStates } from '../../src/run/input/initialStates.js';
import { readArray } from '../../src/run/input/input.js';
import type { ForwardRequest } from '../../src/run/request.js';
import { sliceFirst, swapBatchAndTime } from '../../src/tensor/layout.js';
import { sliceRow } from '../../src/tensor/tensor.js';
import { drawInput } from '../../src/weights/init.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { readCase, recorded, recorded32 } from '../helpers/reference.js';

const folder = temporaryFolder();
const npy = async (name: string, t: { shape: readonly number[]; data: Float32Array | Float64Array }) =>
  folder.write(name, await bytesOf('npy', { npy: t }));
const x = (...shape: number[]) => drawInput(shape, { seed: '7' });

const failure = (request: ForwardRequest) =>
  runForward(request).then(
    () => {
      throw new Error('was accepted');
    },
    ({ code, message, where, fix, exit }) => ({ code, message, where, fix, exit }),
  );

describe('the input', () => {
  it('is drawn from the seed: the same for the same seed, another for another', async () => {
    const [a, b, c] = await Promise.all([runForward({ N: 2 }), runForward({ N: 2 }), runForward({ N: 2, seed: '43' })]);
    expect(a.y).toEqual(b.y);
    expect(a.y).not.toEqual(c.y);
    expect(a).toMatchObject({ seed: '42', rng: 'seedrandom', init: 'keras', shape: [2, 2], dims: ['N', 'K'] });
  });

  it('[T, D] is one sequence', async () => {
    const t = x(8, 3);
    const flat = await runForward({ input: await npy('td.npy', t) });
    const one = await runForward({ input: await npy('ntd.npy', { ...t, shape: [1, 8, 3] }) });
    expect(flat.y).toEqual(one.y);
  });

  it('rows of a table are split into sequences of --T', async () => {
    const t = x(12, 3);
    const rows = Array.from({ length: 12 }, (_, r) => Array.from(t.data.subarray(r * 3, r * 3 + 3)).join(','));
    const csv = folder.write('rows.csv', `${rows.join('\n')}\n`);
    const split = await runForward({ input: csv, T: 4 });
    expect(split.shape).toEqual([3, 2]);
    expectClose(split.tensors.y, (await runForward({ input: await npy('rows.npy', { ...t, shape: [3, 4, 3] }) })).tensors.y, 0);
  });

  it('is turned round with --time-major', async () => {
    const t = x(4, 6, 3);
    const major = await runForward({ input: await npy('tm.npy', swapBatchAndTime(t)), timeMajor: true });
    expect(major.y).toEqual((await runForward({ input: await npy('bm.npy', t) })).y);
  });

  it('of one axis has no order that --time-major could turn', async () => {
    const request = { input: await npy('t.npy', x(6)), layers: 'gru:3', timeMajor: true };
    expect((await failure(request)).message).toBe('--time-major needs [T, N, D], found [6]');
  });

  it('gives T and D where nobody says them', async () => {
    expect((await runForward({ input: await npy('sizes.npy', x(2, 6, 4)), layers: 'gru:3' })).shape).toEqual([2, 3]);
  });

  it('is one array of a .npz by its name', async () => {
    const path = folder.write('two.npz', await bytesOf('npz', { a: x(1, 4, 3), b: x(2, 4, 3) }));
    expect((await runForward({ input: `${path}:b` })).shape).toEqual([2, 2]);
    expect(await failure({ input: path })).toMatchObject({ code: 'E_KEY', message: 'holds 2 arrays', where: path });
    expect(await failure({ input: `${path}:c` })).toMatchObject({ code: 'E_KEY', message: "has no array 'c'" });
  });

  it('may hold token numbers for an embedding', async () => {
    const tokens = { shape: [2, 5], data: Float64Array.from([1, 2, 3, 0, 4, 4, 3, 2, 1, 0]) };
    expect((await runForward({ input: await npy('tokens.npy', tokens), layers: 'embedding:5x3,lstm:4' })).shape).toEqual([2, 4]);
    const outside = { shape: [1, 2], data: Float64Array.from([1, 5]) };
    expect(await failure({ input: await npy('outside.npy', outside), layers: 'embedding:5x3,lstm:4' })).toMatchObject({
      code: 'E_TOKEN',
      message: 'token 5 at [0, 1] is not a whole number from 0 to 4',
      exit: 3,
    });
  });

  it.each([
    ['2 axes with N and no T', { N: 4 }, [40, 3], 'E_NDIM', 'the input has 2 axes [40, 3]: how many steps has a sample?'],
    ['rows that T does not divide', { T: 7 }, [40, 3], 'E_ROWS', '40 rows cannot be split into sequences of 7 steps'],
    ['4 axes', {}, [1, 2, 3, 4], 'E_NDIM', 'expected [N, T, D], found [1, 2, 3, 4]'],
    ['another T than said', { T: 5 }, [2, 4, 3], 'E_INPUT_SHAPE', 'expected X of shape [N, 5, 3], found [2, 4, 3]'],
    ['another D than said', { D: 2 }, [2, 4, 3], 'E_INPUT_SHAPE', 'expected X of shape [N, 4, 2], found [2, 4, 3]'],
    ['another N than said', { N: 3 }, [2, 4, 3], 'E_INPUT_SHAPE', '--N 3 was given but the input has 2 samples'],
  ] as [string, ForwardRequest, number[], string, string][])('refuses %s', async (name, request, shape, code, message) => {
    expect(await failure({ ...request, input: await npy(`${name}.npy`, x(...shape)) })).toMatchObject({ code, message, exit: 3 });
  });

  it('of two axes says what was made of it, and which --T makes it several samples', async () => {
    const rows = async (n: number) => (await runForward({ input: await npy(`rows${n}.npy`, x(n, 3)) })).notes;
    expect(await rows(40)).toEqual(['the input [40, 3] was read as one sequence: N=1, T=40, D=3; --T 10 makes it 4 samples of 10 steps']);
    expect(await rows(7)).toEqual(['the input [7, 3] was read as one sequence: N=1, T=7, D=3']);
    const input = await npy('rows40.npy', x(40, 3));
    expect((await runForward({ input, T: 10 })).notes).toEqual([]);
    const against = await npy('y5.npy', x(5, 2));
    expect((await runCompare({ input, against })).notes).toContain(
      'the input [40, 3] was read as one sequence, and the other side has 5 samples: --T 8 makes it 5 samples, too',
    );
  });

  it('of as many rows as y has is a sequence with y at every step, or samples of one step where the network takes them', async () => {
    const [input, against] = [await npy('rows6.npy', x(6, 3)), await npy('y6.npy', x(6, 2))];
    expect((await runCompare({ input, against })).notes).toContain(
      'the input [6, 3] was read as one sequence, and the other side has 6 rows, one per step; if each is a sample, --T 1 reads 6 samples of 1 step',
    );
    const fixed = { T: 6, input, against };
    expect((await runCompare(fixed)).notes.join()).not.toContain('--T 1');
  });

  it('of rows for a network with a fixed T says which --T splits them', async () => {
    const model = join(__dirname, '..', 'reference', 'student', 'model.keras');
    const { timesteps, features } = (await load({ model })).prepared.network.model.input;
    const input = await npy('fixed.npy', x(4 * timesteps!, features!));
    expect(await failure({ model, input })).toMatchObject({
      code: 'E_INPUT_SHAPE',
      fix: `--T ${timesteps} reads it as 4 samples of ${timesteps} steps`,
    });
    expect((await runForward({ model, input, T: timesteps! })).shape[0]).toBe(4);
  });

  it.each<[ForwardRequest, number[], string]>([
    [{}, [2, 3, 2, 3], 'in Python: X.reshape(2, 6, 3) is 2 samples of 6 steps with 3 features'],
    [{}, [12], 'in Python: X.reshape(1, 4, 3) is 1 sample of 4 steps with 3 features'],
    [
      { layers: 'rnn:5,dense:2', D: 1 },
      [6, 12],
      'in Python: X.reshape(6, 12, 1) is 6 samples of 12 steps with 1 feature, if a row is a sample',
    ],
    [{ D: 3 }, [6, 4], 'give an input with 3 columns, or a network of D = 4'],
  ])('of another number of axes gets the line of Python that reshapes it: %j %j', async (request, shape, fix) => {
    const D = request.D ?? 3;
    const layers = request.layers ?? 'rnn:5,dense:2';
    expect(await failure({ layers, D, input: await npy(`axes${shape}.npy`, x(...shape)) })).toMatchObject({ exit: 3, fix });
  });

  it('as text with few decimals says so', async () => {
    const input = folder.write('few.csv', new TextEncoder().encode('0.12,-0.5,1.25\n0.5,0.75,-0.33\n'));
    expect((await runForward({ input, T: 2 })).notes).toEqual(['the input was written with 2 decimals: y is that of the rounded numbers']);
  });

  it('keeps a path with a colon that names no array file', () => {
    expect(splitKey('C:\\data\\x.npy')).toEqual(['C:\\data\\x.npy', undefined]);
    expect(splitKey('w.npz:x')).toEqual(['w.npz', 'x']);
    expect(splitKey('run.a:40.npy')).toEqual(['run.a:40.npy', undefined]);
    expect(splitKey('a:b')).toEqual(['a:b', undefined]);
  });

  it('takes a key behind any ending, as the fix for a file of two networks writes it', () => {
    expect(splitKey('4000_checkpoint.tar:en')).toEqual(['4000_checkpoint.tar', 'en']);
    expect(splitKey('model.pth.tar:state_dict.en')).toEqual(['model.pth.tar:state_dict.en', undefined]);
  });

  it('names the file and the array in an error', async () => {
    await expect(readArray(folder.path('nowhere.npy'), ['x'])).rejects.toMatchObject({ code: 'E_NOT_FOUND', exit: 4 });
  });
});

it('what stands beside x in its file and is not read is said, but for y, and not where a key names x', async () => {
  const three = { x: { shape: [2, 3, 1], data: new Float32Array(6) }, y: { shape: [2], data: new Float32Array(2) } };
  const [file, pair] = [
    folder.write('beside.npz', await bytesOf('npz', { ...three, lengths: { shape: [2], data: Float32Array.of(3, 1) } })),
    folder.write('pair.npz', await bytesOf('npz', three)),
  ];
  const said = async (input: string, strict = false) =>
    (await runForward({ layers: 'rnn:2', D: 1, input, strict } as ForwardRequest)).assumptions.map(({ what }) => what);
  expect(await said(file)).toEqual([`x is x of ${file}, and lengths is not read`]);
  expect(await said(`${file}:x`)).toEqual([]);
  expect(await said(pair)).toEqual([]);
  await expect(said(file, true)).rejects.toMatchObject({ code: 'E_ASSUMED' });
});

describe('padding', () => {
  const torchCase = async (id: string) => {
    const c = readCase('torch', id);
    const state = Object.fromEntries(Object.entries(c.state_dict).map(([name, t]) => [name, recorded32(t as any)]));
    return { c, weights: folder.write(`${id}.npz`, await bytesOf('npz', state)), input: await npy(`${id}.npy`, recorded32(c.input)) };
  };

  it("PyTorch's lengths zero the padding and shrink to the longest", async () => {
    const { c, weights, input } = await torchCase('lstm_packed_unsorted_bi');
    const out = await runForward({ weights, input, lengths: c.lengths.join(','), task: 'many-to-many' });
    expectClose(out.tensors.y, recorded(c.output), TOLERANCE.float32);
    const short = await torchCase('lstm_packed_short_max');
    const shrunk = await runForward({
      weights: short.weights,
      input: short.input,
      lengths: short.c.lengths.join(','),
      task: 'many-to-many',
      K: 0,
    });
    expect(shrunk.shape[1]).toBe(Math.max(...short.c.lengths));
    expectClose(shrunk.tensors.y, recorded(short.c.output), TOLERANCE.float32);
  });

  it("PyTorch's initial states are layers × directions first", async () => {
    const { c, weights, input } = await torchCase('lstm_proj_2layer_bi_states');
    const h0 = await npy('h0.npy', recorded32(c.h0));
    const c0 = await npy('c0.npy', recorded32(c.c0));
    const out = await runForward({ weights, input, h0, c0, task: 'many-to-many' });
    expectClose(out.tensors.y, recorded(c.output), TOLERANCE.float32);
    expect(await failure({ weights, input, h0: await npy('h0-bad.npy', x(3, 2, 3)) })).toMatchObject({
      code: 'E_STATE_SHAPE',
      where: '--h0',
      fix: expect.stringContaining('one block for each layer and direction'),
    });
  });

  it('c goes to the layers that have one, behind layers that have none', async () => {
    const layers = ['rnn', 'lstm', 'gru', 'lstm'].map((kind, i) => ({ kind, name: `l${i}`, units: 3, returnSequences: true }));
    const model = checkSpec({ input: { timesteps: 4, features: 2 }, layers }, 'keras');
    const [h, c] = [x(4, 2, 3), x(2, 2, 3)];
    const states = await readInitialStates(model, 2, await npy('h4.npy', h), await npy('c2.npy', c));
    const [h1, h2, h3, h4, c1, c2] = [h, c].flatMap(t => Array.from({ length: t.shape[0] }, (_, i) => [...sliceRow(t, i).data]));
    expect([...states!.values()].map(own => own.map(t => [...t.data]))).toEqual([[h1], [h2, c1], [h3], [h4, c2]]);
  });

  it('a range of samples has its own lengths and first states', async () => {
    const request = {
      layers: 'bigru:3+seq,lstm:3+seq',
      input: await npy('x5.npy', x(5, 4, 2)),
      lengths: '3,1,4,2,3',
      h0: await npy('h5.npy', x(2, 5, 3)),
    };
    const whole = (await runForward(request)).tensors.y;
    for (const [from, to] of [
      [1, 3],
      [3, 5],
    ])
      expectClose((await runForward({ ...request, rows: { from, to } })).tensors.y, sliceFirst(whole, from, to), 0);
  });

  it('of two states, the one that is not given is zero, which is said', async () => {
    const [h0, c0] = [await npy('h.npy', x(1, 2, 5)), await npy('c.npy', x(1, 2, 5))];
    const assumed = async (request: object) => (await runForward({ N: 2, T: 3, D: 4, M: [5], ...request })).assumptions;
    const zero = (left: string) => [expect.objectContaining({ fact: 'state', what: `${left} is zero`, say: `--${left} FILE` })];
    expect(await assumed({ cell: 'lstm', h0 })).toEqual(zero('c0'));
    expect(await assumed({ cell: 'lstm', c0 })).toEqual(zero('h0'));
    for (const said of [{ cell: 'lstm', h0, c0 }, { cell: 'lstm' }, { cell: 'gru', h0 }]) expect(await assumed(said)).toEqual([]);
    expect(await failure({ N: 2, T: 3, D: 4, M: [5], cell: 'lstm', h0, strict: true })).toMatchObject({ code: 'E_ASSUMED' });
  });

  it("Keras' mask keeps the state and repeats the output", async () => {
    const c = readCase('keras', 'explicit_mask_simple_seq');
    const weights = folder.write(
      'mask-w.npz',
      await bytesOf('npz', Object.fromEntries(c.layers[0].weights.map((w: any, i: number) => [`arr_${i}`, recorded32(w)]))),
    );
    const mask = folder.write('mask.json', JSON.stringify(c.mask.map((row: boolean[]) => row.map(Number))));
    const out = await runForward({ weights, input: await npy('mask-x.npy', recorded32(c.input)), mask, task: 'many-to-many' });
    expectClose(out.tensors.y, recorded(c.output), TOLERANCE.float32);
  });

  it.each([
    [{ lengths: '3,4' }, 'E_LENGTHS', 'expected 3 lengths from 0 to 4, found 2 lengths'],
    [{ lengths: '3,4,5' }, 'E_LENGTHS', 'expected 3 lengths from 0 to 4, found 5 for sample 3'],
    [{ lengths: '3,4,0', framework: 'torch' }, 'E_LENGTHS', 'expected 3 lengths from 1 to 4, found 0 for sample 3'],
    [{ lengths: '3,4,1', mask: 'm.npy' }, 'E_CONFLICT', '--lengths and --mask cannot be used together'],
    [{ c0: 'c.npy' }, 'E_NO_C0', 'no layer has a cell state c: --c0 is for the LSTM'],
  ] as [ForwardRequest, string, string][])('refuses %j', async (request, code, message) => {
    expect(await failure({ ...request, input: await npy('n3.npy', x(3, 4, 3)) })).toMatchObject({ code, message });
  });

  it('refuses a mask of another shape, or of other values', async () => {
    const input = await npy('m-x.npy', x(2, 4, 3));
    expect(await failure({ input, mask: await npy('m-shape.npy', { shape: [2, 3], data: new Float32Array(6) }) })).toMatchObject({
      code: 'E_MASK',
      message: 'expected a mask [2, 4], found [2, 3]',
    });
    expect(await failure({ input, mask: await npy('m-value.npy', { shape: [2, 4], data: new Float32Array(8).fill(2) }) })).toMatchObject({
      code: 'E_MASK',
      message: 'a mask holds 0 and 1, found 2 at [0, 0]',
    });
  });
});

describe('stateful networks', () => {
  it('take their samples a batch at a time and carry the state, as predict does', async () => {
    const c = readCase('keras', 'stateful_lstm_two_calls');
    const arrays = c.layers.flatMap((l: any) => l.weights.map(recorded32));
    const weights = folder.write(
      'stateful.npz',
      await bytesOf('npz', Object.fromEntries(arrays.map((a: any, i: number) => [`arr_${i}`, a]))),
    );
    const inputs = c.calls.map((call: any) => recorded32(call.input));
    const [B, T, D] = inputs[0].shape;
    const joined = { shape: [B * inputs.length, T, D], data: Float32Array.from(inputs.flatMap((t: any) => [...t.data])) };
    const units = arrays[1].shape[0];
    const K = arrays[3].shape[1];
    const request = { layers: `lstm:${units}+stateful,dense:${K}`, D, N: B, weights, input: await npy('calls.npy', joined) };
    const out = await runForward(request);
    const expected = c.calls.flatMap((call: any) => [...recorded(call.output).data]);
    expectClose(out.tensors.y, { shape: [B * inputs.length, K], data: Float64Array.from(expected) }, TOLERANCE.float32);
    expect(await failure({ ...request, N: B + 1 })).toMatchObject({ code: 'E_BATCH' });
  });

  it('each call has the real steps of its own samples', async () => {
    const given = { Wx: 0.5, Wh: 0.3, bh: 0.1 };
    const shapes = { Wx: [1, 1], Wh: [1, 1], bh: [1] };
    const weights = folder.write(
      'stateful.json',
      JSON.stringify(
        Object.fromEntries(Object.entries(given).map(([name, v]) => [`rnn_1/${name}`, { shape: shapes[name as 'Wx'], data: [v] }])),
      ),
    );
    const steps = Array.from({ length: 4 }, (_, n) => [0, 1, 2].map(t => Math.sin(3 * n + t + 1)));
    const lengths = [3, 1, 2, 3];
    const h = [0, 0];
    const expected = steps.map((row, n) => {
      for (const v of row.slice(0, lengths[n])) h[n % 2] = Math.tanh(given.Wx * v + given.Wh * h[n % 2] + given.bh);
      return h[n % 2];
    });
    const input = await npy('lengths.npy', { shape: [4, 3, 1], data: Float64Array.from(steps.flat()) });
    const out = await runForward({ layers: 'rnn:1+stateful', D: 1, N: 2, weights, input, lengths: lengths.join(), engine: 'manual' });
    expectClose(out.tensors.y, { shape: [4, 1], data: Float64Array.from(expected) }, 1e-12);
  });
});

describe('limits', () => {
  it('refuses what does not fit before allocating it, with the exact size', async () => {
    const started = process.memoryUsage().arrayBuffers;
    expect(await failure({ N: 1000, T: 2 ** 31 - 1, D: 1_000_000 })).toMatchObject({ code: 'E_MEMORY', exit: 5 });
    expect(await failure({ M: [2_000_000] })).toMatchObject({ code: 'E_MEMORY', exit: 5 });
    expect(process.memoryUsage().arrayBuffers - started).toBeLessThan(2 ** 20);
  });

  it('counts a sequence of two axes as one sample, and the rows of a table as steps', async () => {
    const long = await npy('long.npy', x(5000, 3));
    expect((await runForward({ input: long, D: 3, maxMemory: 1e6 })).shape).toEqual([1, 2]);
    expect((await runForward({ input: long, D: 3, T: 10, maxMemory: 1e6 })).shape).toEqual([500, 2]);
  });

  it('honours --max-memory', async () => {
    expect(await failure({ maxMemory: 100 })).toMatchObject({
      code: 'E_MEMORY',
      message: expect.stringMatching(/^this needs \d+ bytes \(\d+ B\), the budget is 100 B$/),
    });
  });
});

describe('numbers that are not finite', () => {
  it('pass through as IEEE says, and are counted', async () => {
    const t = x(1, 4, 3);
    t.data[5] = Number.NaN;
    const input = await npy('nan.npy', t);
    const out = await runForward({ input });
    expect(out.notes).toContain('the input has 1 value that is not finite (first: NaN at [0,1,2])');
    expect(out.y).toEqual([[Number.NaN, Number.NaN]]);
    expect(await failure({ input, strictFinite: true })).toMatchObject({ code: 'E_NOT_FINITE', exit: 3 });
  });
});
