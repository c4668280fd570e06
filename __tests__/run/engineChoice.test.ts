import os from 'node:os';
import { loadKernel } from '../../src/engines/batched/kernel.js';
import { weightShapesByLayer } from '../../src/model/shapes.js';
import { executionOf } from '../../src/run/engineChoice.js';
import { runForward } from '../../src/run/forward.js';
import { type MemoryRequest, networkInMemory } from '../../src/run/inMemory.js';
import type { Prepared } from '../../src/run/prepare.js';
import type { ForwardRequest } from '../../src/run/request.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { compiledKernel } from '../helpers/kernel.js';

/** The network of the request, with weights and an input of N samples that nobody computes with. */
async function wide(request: ForwardRequest, N: number, T = 100): Promise<Prepared> {
  const network = await networkInMemory(request as MemoryRequest);
  const weights = new Map<string, Tensor>();
  for (const [layer, shapes] of weightShapesByLayer(network.shapes))
    for (const { name, shape } of shapes) weights.set(`${layer}/${name}`, { shape, data: NONE });
  return { network, weights, input: { x: { shape: [N, T, request.D ?? 3], data: NONE } } } as unknown as Prepared;
}

const NONE = new Float32Array(0);
const LSTM: ForwardRequest = { cell: 'lstm', D: 64, M: [256] };

/** engine and reason, and whether onnxruntime was looked for */
async function choice(request: ForwardRequest, prepared: Prepared, installed = true) {
  const looks: boolean[] = [];
  const { engine, why } = await executionOf(request, prepared, async () => {
    looks.push(installed);
    return installed;
  });
  return { engine, why, looked: looks.length > 0 };
}

const batchedBecause = (why: string) => ({ engine: 'batched', why, looked: false });
const TOO_SMALL = batchedBecause('too little to do for loading anything else');

describe('--engine auto', () => {
  it('takes onnxruntime for a wide network with much to do, where it is installed, and says why', async () => {
    // 256·4·(64 + 256) weights in products
    const much = await wide(LSTM, 1000);
    expect(await choice(LSTM, much)).toEqual({
      engine: 'onnxruntime',
      why: '33 billion multiply-adds in wide layers, where it is faster; --engine batched has the same bits everywhere',
      looked: true,
    });
    expect(await choice(LSTM, much, false)).toEqual({
      engine: 'batched',
      why: '33 billion multiply-adds; onnxruntime-node, which is faster at that, is not installed',
      looked: true,
    });
  });

  it('counts the work of every thread: a start, and a time for every weight', async () => {
    // (1.25e9 + 800·327,680) / (100·327,680) samples of one thread are as much work as the start
    const many = (1.25e9 + 800 * 327_680) / (100 * 327_680);
    for (const more of [{ threads: 1 }, { threads: 2 }, { threads: 5, framework: 'torch' }] as const) {
      const request = { ...LSTM, ...more };
      const { threads } = more;
      expect(await choice(request, await wide(request, Math.floor(threads * many)))).toEqual(TOO_SMALL);
      expect(await choice(request, await wide(request, Math.ceil(threads * many)))).toMatchObject({ engine: 'onnxruntime' });
    }
    const cores = os.availableParallelism();
    expect(await choice(LSTM, await wide(LSTM, Math.floor(cores * many)))).toEqual(TOO_SMALL);
    expect(await choice(LSTM, await wide(LSTM, Math.ceil(cores * many)))).toMatchObject({ engine: 'onnxruntime' });
  });

  it('counts every layer that is wide enough: LSTMs from 128 units, GRUs from 256, no SimpleRNN', async () => {
    const words = async (layers: string, N: number) => (await choice({ layers, D: 64, threads: 1 }, await wide({ layers, D: 64 }, N))).why;
    expect(await words('lstm:127', 1e6)).toBe(TOO_SMALL.why);
    expect(await words('gru:255', 1e6)).toBe(TOO_SMALL.why);
    expect(await words('rnn:512', 1e6)).toBe(TOO_SMALL.why);
    expect(await words('lstm:128', 1e6)).toMatch(/^9800 billion multiply-adds in/);
    expect(await words('gru:256', 1e5)).toMatch(/^2500 billion multiply-adds in/);
    // 50 samples of one layer are too few, of two enough: below a billion in millions
    expect(await words('lstm:128', 100)).toBe(TOO_SMALL.why);
    expect(await words('lstm:128+seq,lstm:128', 100)).toMatch(/^2\.3 billion/);
  });

  it('does not even look for it where there is little to do', async () => {
    expect(await choice(LSTM, await wide(LSTM, 10))).toEqual(TOO_SMALL);
    expect(await choice({ cell: 'lstm', M: [16] }, await wide({ cell: 'lstm', M: [16] }, 1e6))).toEqual(TOO_SMALL);
  });

  it.each<[string, ForwardRequest]>([
    ['float64', { dtype: 'f64' }],
    ['gates and states of every step are kept', { trace: true }],
    ['gates and states of every step are kept', { states: true }],
    ['it has --fast', { fast: true }],
    ['a mistake is made on purpose', { simulate: 'state-carry' }],
    ['a part of the samples has the bits of the whole', { rows: { from: 0, to: 500 } }],
  ])('keeps batched: %s', async (why, more) => {
    const request = { ...LSTM, ...more };
    expect(await choice(request, await wide(LSTM, 1000))).toEqual(batchedBecause(why));
  });

  it('keeps batched for padded samples, kept states and graphs that are run as they stand', async () => {
    const much = await wide(LSTM, 1000);
    const padded = { ...much, input: { ...much.input, mask: new Uint8Array(1) } };
    expect(await choice(LSTM, padded)).toEqual(batchedBecause('padded samples'));
    const stateful = { layers: 'lstm:256+stateful', N: 1000, D: 64 };
    expect(await choice(stateful, await wide(stateful, 1000))).toEqual(batchedBecause('states are kept between calls'));
    const graph = (exact: boolean) => ({ ...much, network: { ...much.network, graph: { exact } as never } });
    expect(await choice(LSTM, graph(false))).toEqual(batchedBecause('a graph that is run node by node'));
    expect(await choice(LSTM, graph(true))).toMatchObject({ engine: 'onnxruntime' });
  });

  it('leaves an engine that was named alone, and gives no reason', async () => {
    const much = await wide(LSTM, 1000);
    for (const engine of ['batched', 'manual', 'onnxruntime'] as const)
      expect(await choice({ ...LSTM, engine }, much)).toEqual({ engine, why: undefined, looked: false });
  });

  it('hands on what is asked of the engine', async () => {
    const asked = { dtype: 'f64', threads: 3, fast: true } as const;
    const much = await wide(LSTM, 1);
    expect(await executionOf({ ...LSTM, ...asked, trace: true }, much)).toMatchObject({ ...asked, trace: true });
    expect(await executionOf({ ...LSTM, ...asked, states: true }, much)).toMatchObject({ ...asked, trace: true });
    expect((await executionOf({ ...LSTM, ...asked }, much)).trace).toBeFalsy();
  });

  it('stands in the result, with the reason', async () => {
    const result = await runForward({});
    expect(result).toMatchObject({ engine: 'batched', engineChoice: TOO_SMALL.why });
    expect((await runForward({ engine: 'batched' })).ySha256).toBe(result.ySha256);
  });
});

describe('--fast', () => {
  const request: ForwardRequest = { layers: 'lstm:9,gru:6@relu,rnn:5,dense:3', N: 6, T: 7, D: 5 };

  it('says that it has no effect where there is no kernel with it, and with a trace; beside float64 it is refused', async () => {
    const plain = await runForward(request);
    for (const [more, reason] of [
      [{}, 'no relaxed SIMD'],
      [{ trace: true }, 'every step'],
    ] as const) {
      const { notes, fast, ySha256 } = await runForward({ ...request, ...more, fast: true });
      expect(notes).toContainEqual(expect.stringMatching(new RegExp(`--fast has no effect: .*${reason}`)));
      expect(fast).toBeUndefined();
      expect(ySha256).toBe(plain.ySha256);
    }
    await expect(runForward({ ...request, dtype: 'f64', fast: true })).rejects.toMatchObject({ code: 'E_CONFLICT' });
  });

  it('labels a result with other last digits, which any piece of the input and number of threads has, too', async () => {
    await compiledKernel(true);
    expect((await loadKernel(true))?.fast).toBe(true);
    const plain = await runForward(request);
    const fast = await runForward({ ...request, fast: true });
    expect(fast).toMatchObject({ fast: true, engine: 'batched', notes: plain.notes });
    expect(plain.fast).toBeUndefined();
    const [a, b] = [plain.tensors.y.data, fast.tensors.y.data];
    const largest = Math.max(...a.map((v, k) => Math.abs(v - b[k])));
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(1e-6);
    const part = await runForward({ ...request, fast: true, rows: { from: 2, to: 3 }, threads: 1 });
    expect([...part.tensors.y.data]).toEqual([...b.subarray(6, 9)]);
  });
});
