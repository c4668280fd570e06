import fc from 'fast-check';
import type { FileTensor } from '../../src/formats/format.js';
import { encodeTensors } from '../../src/run/files/save.js';
import { runForward } from '../../src/run/forward.js';
import { withLimits } from '../../src/run/limits.js';
import type { StreamFormat, StreamRequest } from '../../src/run/pieces.js';
import type { ForwardResult } from '../../src/run/result.js';
import { openForwardStream } from '../../src/run/stream.js';
import { precisionOf, type Tensor } from '../../src/tensor/tensor.js';
import { drawInput } from '../../src/weights/init.js';
import { randomNetwork } from '../helpers/architectures.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();
let files = 0;
const file = async (format: string, t: Tensor) =>
  folder.write(`x${files++}.${format}`, await bytesOf(format, { [format === 'npz' ? 'x' : format]: { ...t } as FileTensor }));

/** Why batched computed differs: an input in pieces has its own reason; and its numbers are in the file alone. */
function withoutReason({ engineChoice: _, ...result }: ForwardResult): ForwardResult {
  return { ...result, outputs: result.outputs.map(output => ({ ...output, y: [] })) };
}

/** y in pieces, as the bytes of a file */
async function streamed(request: StreamRequest, canRewind = true) {
  const stream = await openForwardStream(request, canRewind);
  if (!stream) return undefined;
  const pieces: Uint8Array[] = [];
  const sink = {
    canRewind,
    // as late as a slow disk: until then the bytes must stay
    async write(bytes: Uint8Array) {
      await new Promise(setImmediate);
      pieces.push(bytes.slice());
    },
    rewrite: async (bytes: Uint8Array) => void pieces[0].set(bytes),
  };
  const result = withoutReason(await stream.run(sink).finally(() => stream.close()));
  return { result, bytes: Buffer.concat(pieces) };
}

/** y of the whole input, as the bytes of a file */
async function whole({ format, chunk: _, onProgress: __, ...request }: StreamRequest) {
  const result = withoutReason(await runForward(request));
  return { result, bytes: Buffer.from(await encodeTensors(format, new Map([['y', result.tensors.y]]))) };
}

type Ran = Awaited<ReturnType<typeof whole>>;

/** Every bit of y, and all that is said of it. */
function expectSame({ result, bytes }: Ran, expected: Ran): void {
  expect(bytes.equals(expected.bytes)).toBe(true);
  expect({ ...result, y: 0, states: 0, tensors: 0 }).toEqual({ ...expected.result, y: 0, states: 0, tensors: 0 });
}

describe('a forward pass in pieces', () => {
  it('has every bit of the pass over the whole input, for any network, dtype and size of the pieces', async () => {
    const cases = fc.tuple(randomNetwork, fc.integer({ min: 1, max: 30 }), fc.constantFrom<'f32' | 'f64'>('f32', 'f64'), fc.nat(1e6));
    await fc.assert(
      fc.asyncProperty(cases, async ([{ spec, T, D }, N, dtype, seed]) => {
        const model = folder.write(`model${files++}.json`, JSON.stringify(spec));
        const input = await file('npy', drawInput([N, T, D], { seed: String(seed) }));
        const request = { model, input, dtype, format: 'npy' as StreamFormat };
        const expected = await whole(request);
        for (const chunk of [1, 2, 3, 7, 100]) {
          expectSame((await streamed({ ...request, chunk }))!, expected);
        }
      }),
      { numRuns: 12 },
    );
  });

  it.each<StreamFormat>(['csv', 'jsonl'])('writes the same .%s', async format => {
    const input = await file('npy', drawInput([23, 4, 3], { seed: '5' }));
    const request = { input, format, layers: 'bigru:5,dense:4' };
    const expected = await whole(request);
    for (const chunk of [1, 5, 23, 24]) expect((await streamed({ ...request, chunk }))!.bytes.equals(expected.bytes)).toBe(true);
  });

  it('of rows a:b is that part of the whole, and the parts together are the whole', async () => {
    const x = drawInput([29, 5, 3], { seed: '9' });
    const input = await file('npy', x);
    const request = { input, format: 'csv' as StreamFormat, cell: 'lstm' as const };
    const all = (await whole(request)).bytes;
    const ranges = [
      [0, 10],
      [10, 11],
      [11, 26],
      [26, 1000],
    ].map(([from, to]) => ({ from, to }));
    const inPieces = await Promise.all(ranges.map(async rows => (await streamed({ ...request, rows, chunk: 4 }))!));
    expect(Buffer.concat(inPieces.map(p => p.bytes)).equals(all)).toBe(true);
    expect(inPieces.map(p => p.result.shape[0])).toEqual([10, 1, 15, 3]);
    const atOnce = await Promise.all(ranges.map(rows => whole({ ...request, rows })));
    expect(atOnce.map(p => p.result.ySha256)).toEqual(inPieces.map(p => p.result.ySha256));
  });

  it('reads a table of --T rows a sample, from a header line on', async () => {
    const x = drawInput([17 * 4, 3], { seed: '8' });
    const rows = Array.from({ length: 68 }, (_, r) => Array.from(x.data.subarray(3 * r, 3 * r + 3)).join(','));
    const input = folder.write('table.csv', `a,b,c\n${rows.join('\n')}\n`);
    const request = { input, format: 'npy' as StreamFormat, T: 4, cell: 'gru' as const };
    const expected = await whole(request);
    for (const chunk of [1, 3, 17, 100]) {
      expectSame((await streamed({ ...request, chunk }))!, expected);
    }
    const share = { ...request, rows: { from: 5, to: 9 } };
    expect((await streamed(share))!.bytes.equals((await whole(share)).bytes)).toBe(true);
    expect(await streamed({ ...request, T: undefined, chunk: 2 })).toBeUndefined();
    await expect(streamed({ ...request, T: 5, chunk: 2 })).rejects.toMatchObject({
      code: 'E_ROWS',
      message: expect.stringContaining('68 rows'),
    });
    await expect(streamed({ ...request, rows: { from: 17, to: null } })).rejects.toMatchObject({ code: 'E_ROWS_RANGE' });
    const wrong = folder.write('wrong.csv', `${rows.join('\n')}\n1,2,x\n`);
    await expect(streamed({ ...request, input: wrong, chunk: 2 })).rejects.toMatchObject({
      code: 'E_CSV_CELL',
      message: expect.stringContaining('line 69, column 5'),
    });
  });

  it.each(['plain', 'named'])('reads JSON Lines, %s', async kind => {
    const x = drawInput([19, 4, 3], { seed: '8' });
    const sample = (n: number) => Array.from({ length: 4 }, (_, t) => Array.from(x.data.subarray((n * 4 + t) * 3, (n * 4 + t + 1) * 3)));
    const value = (n: number) => (kind === 'plain' ? sample(n) : { id: `s${n}`, x: sample(n), label: [n] });
    const lines = Array.from({ length: 19 }, (_, n) => JSON.stringify(value(n)));
    const input = folder.write(`${kind}.jsonl`, `${lines.join('\n\n')}\n`);
    const request = { input, format: 'jsonl' as StreamFormat, cell: 'lstm' as const };
    const expected = await whole(request);
    for (const chunk of [1, 4, 19, 50]) {
      expectSame((await streamed({ ...request, chunk }))!, expected);
    }
    for (const line of ['[[1,2,3]]', '{"x":[[1', '{"y":[[1,2,3]]}']) {
      const wrong = { ...request, input: folder.write('wrong.jsonl', `${lines.join('\n')}\n${line}\n`), chunk: 2 };
      const said = await whole(wrong).catch(({ code, message, where }) => ({ code, message, where }));
      await expect(streamed(wrong)).rejects.toMatchObject(said);
    }
  });

  it('has the bits of the whole where the file is longer than what is read at a time, and where y is x itself', async () => {
    const x = drawInput([1000, 7, 47], { seed: '6' });
    for (const dtype of ['f32', 'f64'] as const) {
      const data = dtype === 'f32' ? x.data : Float64Array.from(x.data);
      const request = { input: await file('npy', { shape: x.shape, data }), format: 'npy' as StreamFormat, dtype };
      for (const layers of ['dense:2', 'dropout:0.5']) {
        const expected = (await whole({ ...request, layers })).bytes;
        for (const chunk of [40, 300, 999]) expect((await streamed({ ...request, layers, chunk }))!.bytes.equals(expected)).toBe(true);
      }
    }
  });

  it.each<StreamFormat>(['npy', 'jsonl'])('of rows a:b, the parts together are the whole .%s', async format => {
    const input = await file('npy', drawInput([23, 4, 3], { seed: '7' }));
    const request = { input, format, layers: 'bilstm:5,dense:2' };
    const body = (bytes: Buffer) => (format === 'npy' ? bytes.subarray(128) : bytes);
    const expected = (await whole(request)).bytes;
    const parts = await Promise.all(
      [0, 8, 16].map(async from => (await streamed({ ...request, rows: { from, to: from + 8 }, chunk: 3 }))!),
    );
    expect(Buffer.concat(parts.map(p => body(p.bytes))).equals(body(expected))).toBe(true);
  });

  it('has no limit of bytes but one that was asked for, which it keeps before it computes anything', async () => {
    const input = await file('npy', drawInput([23, 4, 3], { seed: '7' }));
    const request = { input, format: 'npy' as StreamFormat, chunk: 4 };
    const size = 128 + 23 * 4 * 3 * 4;
    expect((await withLimits({ maxFile: size }, () => streamed(request)))!.result.shape).toEqual([23, 2]);
    await expect(withLimits({ maxFile: size - 1 }, () => streamed(request))).rejects.toMatchObject({ code: 'E_FILE_SIZE', exit: 5 });
  });

  it('of rows beyond the end is refused, in pieces and at once', async () => {
    const input = await file('npy', drawInput([4, 5, 3], { seed: '9' }));
    const request = { input, format: 'npy' as StreamFormat, rows: { from: 4, to: null } };
    for (const run of [streamed, whole]) {
      await expect(run(request)).rejects.toMatchObject({
        code: 'E_ROWS_RANGE',
        exit: 2,
        message: expect.stringContaining('has 4 (0 to 3)'),
      });
    }
  });

  it('counts what is not finite, with the place in the whole input', async () => {
    const x = drawInput([12, 2, 3], { seed: '3' });
    x.data[7 * 6 + 4] = Number.NaN;
    x.data[9 * 6] = Number.POSITIVE_INFINITY;
    const request = { input: await file('npy', x), format: 'npy' as StreamFormat, chunk: 5 };
    const { result } = (await streamed(request))!;
    expect(result.notes).toEqual((await whole(request)).result.notes);
    expect(result.notes[0]).toBe('the input has 2 values that are not finite (first: NaN at [7,1,1])');
    const part = { ...request, rows: { from: 5, to: 12 } };
    const { result: ofPart } = (await streamed(part))!;
    expect(ofPart.notes).toEqual((await whole(part)).result.notes);
    expect(ofPart.notes[0]).toBe('the input has 2 values that are not finite (first: NaN at [7,1,1])');
    await expect(streamed({ ...request, strictFinite: true })).rejects.toMatchObject({
      code: 'E_NOT_FINITE',
      message: 'the input has NaN at [7,1,1]',
    });
  });

  it('leaves to the whole input what looks at more than one sample, small files, and layouts that are not in order', async () => {
    const x = drawInput([6, 4, 3], { seed: '3' });
    const input = await file('npy', x);
    const request = { input, format: 'npy' as StreamFormat };
    expect(await streamed(request)).toBeUndefined();
    for (const more of [{ trace: true }, { states: true }, { lengths: '1,2,3,4,4,4' }, { simulate: 'state-carry' }, { timeMajor: true }]) {
      expect(await streamed({ ...request, chunk: 2, ...more })).toBeUndefined();
    }
    expect(await streamed({ ...request, chunk: 2, input: await file('npz', x) })).toBeUndefined();
    expect(await streamed({ ...request, chunk: 2, input: await file('npy', { ...x, shape: [24, 3] }) })).toBeUndefined();
  });

  it('leaves to the whole input a network of two outputs, and one whose input is no sequence', async () => {
    const dense = { kind: 'dense', units: 2 };
    const two = {
      input: { features: 3 },
      layers: [
        { kind: 'gru', units: 5, name: 'h' },
        { ...dense, name: 'y' },
      ],
      outputs: ['y', 'h'],
    };
    const image = { input: { shape: [4, 2, 3] }, layers: [{ kind: 'flatten' }, dense] };
    for (const [spec, shape] of [
      [two, [6, 4, 3]],
      [image, [6, 4, 2, 3]],
    ] as const) {
      const model = folder.write(`model${files++}.json`, JSON.stringify(spec));
      const input = await file('npy', drawInput(shape, { seed: '3' }));
      expect(await streamed({ model, input, format: 'npy', chunk: 2 })).toBeUndefined();
    }
  });

  it('a table whose rows nobody has counted needs an output whose head can be written last, in .npy alone', async () => {
    const input = folder.write('table.csv', '1,2,3\n4,5,6\n-1,0,2\n7,8,9\n0,0,1\n2,1,0\n');
    const request = { input, T: 2, chunk: 1 };
    expect(await streamed({ ...request, format: 'npy' }, false)).toBeUndefined();
    for (const [format, canRewind] of [
      ['npy', true],
      ['csv', false],
      ['jsonl', false],
    ] as const) {
      const pieces = await streamed({ ...request, format }, canRewind);
      expect(pieces!.result.shape).toEqual([3, 2]);
      expect(pieces!.bytes.equals((await whole({ ...request, format })).bytes)).toBe(true);
    }
  });

  it('refuses a truncated file before it computes anything, and a wrong --N', async () => {
    const bytes = await bytesOf('npy', { npy: drawInput([6, 4, 3], { seed: '3' }) });
    const short = folder.write('short.npy', bytes.subarray(0, bytes.length - 1));
    const request = { format: 'npy' as StreamFormat, chunk: 2 };
    for (const run of [streamed, whole]) {
      await expect(run({ ...request, input: short })).rejects.toMatchObject({
        code: 'E_NPY_SHORT',
        message: expect.stringContaining('found 287'),
      });
      await expect(run({ ...request, input: folder.write('good.npy', bytes), N: 5 })).rejects.toMatchObject({ code: 'E_INPUT_SHAPE' });
    }
  });

  it('reads float16 and float64 as the whole-file reader does', async () => {
    const x = drawInput([9, 3, 3], { seed: '4' });
    const wide = { shape: x.shape, data: Float64Array.from(x.data, v => v / 3) };
    const input = await file('npy', wide);
    expect(precisionOf(wide)).toBe('f64');
    const request = { input, format: 'npy' as StreamFormat, chunk: 2 };
    expect((await streamed(request))!.bytes.equals((await whole(request)).bytes)).toBe(true);
  });

  it('stops where nobody reads any more', async () => {
    const input = await file('npy', drawInput([50, 4, 3], { seed: '3' }));
    const stream = (await openForwardStream({ input, format: 'csv', chunk: 1 }, false))!;
    let written = 0;
    const result = await stream.run({ canRewind: false, write: async () => ++written < 3, rewrite: async () => undefined });
    await stream.close();
    expect(written).toBe(3);
    expect(result.shape[0]).toBeLessThan(50);
  });
});

describe('one long sequence', () => {
  const [T, D] = [7501, 36];
  const x = drawInput([1, T, D], { seed: '11' });
  x.data.fill(0, D * 2000, D * 2100);
  x.data.fill(0, D * (T - 4));
  const residual = {
    input: { features: D },
    layers: [
      { kind: 'gru', units: 3, name: 'a', returnSequences: true },
      { kind: 'rnn', units: 3, name: 'b', returnSequences: true },
      { kind: 'add', name: 's', inputs: ['a', 'b'] },
      { kind: 'concatenate', name: 'c', inputs: ['s', 'a'] },
      { kind: 'lstm', units: 2, name: 'd' },
    ],
  };
  const sequence: Tensor = { shape: [T, D], data: x.data };
  const network = (spec: object) => ({ model: folder.write(`model${files++}.json`, JSON.stringify(spec)), seed: '4' });

  it.each<[string, Tensor, Partial<StreamRequest>]>([
    ['a stack with every step', x, { layers: 'lstm:4+proj=2+seq,gru:3+resetbefore+seq,dense:2@softmax' }],
    ['the last step of rows [T, D]', sequence, { layers: 'lstm:4+seq,gru:3' }],
    ['padding inside and at the end', x, { layers: 'masking:0,lstm:4+seq,dropout,gru:3+seq', D }],
    ['branches', x, network(residual)],
    ['a state as output, sizes alone', x, network({ ...residual, output: 'd/c' })],
    ['float64', x, { M: [3], cell: 'gru', dtype: 'f64', task: 'many-to-many' }],
  ])('%s: in pieces of time it has every bit of the whole', async (_, tensor, given) => {
    const request = { ...given, input: await file('npy', tensor), format: 'npy' as StreamFormat };
    const expected = await whole(request);
    const { result, bytes } = (await streamed(request))!;
    expect(bytes.equals(expected.bytes)).toBe(true);
    expect({ ...result, y: 0, states: 0, tensors: 0 }).toEqual({ ...expected.result, y: 0, states: 0, tensors: 0 });
  });

  it('a table in pieces of time, whose length its end tells', async () => {
    const few = { shape: [4000, D], data: x.data.subarray(0, 4000 * D) };
    const request = { layers: 'gru:3+seq', input: await file('csv', few), format: 'npy' as StreamFormat };
    const expected = await whole(request);
    expect((await streamed(request))!.bytes.equals(expected.bytes)).toBe(true);
    expect(await streamed(request, false)).toBeUndefined();
  });

  it('says of NaN at which step, and is whole where a layer looks at other steps', async () => {
    const spoilt = { shape: x.shape, data: Float32Array.from(x.data) };
    spoilt.data[D * 7400 + 1] = Number.NaN;
    const request = { layers: 'rnn:3', input: await file('npy', spoilt), format: 'npy' as StreamFormat };
    expect((await streamed(request))!.result.notes[0]).toBe('the input has 1 value that is not finite (first: NaN at [0,7400,1])');
    const wholly = [
      { layers: 'birnn:3' },
      { layers: 'rnn:3+backwards' },
      { layers: 'rnn:3+seq,maxpool' },
      { D: 4 },
      { format: 'jsonl', layers: 'rnn:2+seq' },
    ];
    for (const more of wholly as Partial<StreamRequest>[]) expect(await streamed({ ...request, ...more })).toBeUndefined();
  });
});
