import '../helpers/unbundled.js';
import { loadKernel } from '../../src/engines/batched/kernel.js';
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { executionOf } from '../../src/run/engineChoice.js';
import { runForward } from '../../src/run/forward.js';
import { type Prepared, prepare } from '../../src/run/prepare.js';
import type { ForwardRequest } from '../../src/run/request.js';
import { compiledKernel } from '../helpers/kernel.js';

jest.mock('../../src/engines/onnxruntime.js', () => ({
  ...jest.requireActual('../../src/engines/onnxruntime.js'),
  isInstalled: jest.fn(),
}));
const installed = jest.mocked(isInstalled);

/** The network of the request with an input of N samples that nobody computes with. */
async function wide(request: ForwardRequest, N: number, T = 100): Promise<Prepared> {
  const prepared = await prepare({ ...request, T: 1 });
  const D = prepared.input.x.shape[2];
  return { ...prepared, input: { ...prepared.input, x: { shape: [N, T, D], data: new Float32Array(0) } } };
}

const LSTM: ForwardRequest = { cell: 'lstm', D: 64, M: [256] };

describe('--engine auto', () => {
  beforeEach(() => {
    installed.mockReset();
    installed.mockResolvedValue(true);
  });

  it('takes onnxruntime for a wide network with much to do, where it is installed, and says why', async () => {
    const much = await wide(LSTM, 1000);
    expect(await executionOf(LSTM, much)).toMatchObject({ engine: 'onnxruntime', why: expect.stringContaining('33 billion') });
    installed.mockResolvedValue(false);
    expect(await executionOf(LSTM, much)).toMatchObject({ engine: 'batched', why: expect.stringContaining('not installed') });
  });

  it('does not even look for it where there is little to do', async () => {
    expect(await executionOf(LSTM, await wide(LSTM, 10))).toMatchObject({ engine: 'batched' });
    expect(await executionOf({ cell: 'lstm', M: [16] }, await wide({ cell: 'lstm', M: [16] }, 1e6))).toMatchObject({ engine: 'batched' });
    expect(installed).not.toHaveBeenCalled();
  });

  it.each<[string, ForwardRequest]>([
    ['float64', { dtype: 'f64' }],
    ['a trace', { trace: true }],
    ['the states of every step', { states: true }],
    ['fused multiply-add', { fast: true }],
    ['a mistake', { simulate: 'state-carry' }],
    ['a part of the samples', { rows: { from: 0, to: 500 } }],
  ])('keeps batched for %s', async (_, more) => {
    const request = { ...LSTM, ...more };
    const { engine, why } = await executionOf(request, await wide(LSTM, 1000));
    expect(engine).toBe('batched');
    expect(why).toEqual(expect.any(String));
  });

  it('keeps batched for padded samples and for kept states', async () => {
    const much = await wide(LSTM, 1000);
    const padded = { ...much, input: { ...much.input, mask: new Uint8Array(1) } };
    expect((await executionOf(LSTM, padded)).engine).toBe('batched');
    const stateful = { layers: 'lstm:256+stateful', N: 1000, D: 64 };
    expect((await executionOf(stateful, await wide(stateful, 1000))).engine).toBe('batched');
  });

  it('leaves an engine that was named alone, and gives no reason', async () => {
    const much = await wide(LSTM, 1000);
    for (const engine of ['batched', 'manual', 'onnxruntime'] as const)
      expect(await executionOf({ ...LSTM, engine }, much)).toMatchObject({ engine, why: undefined });
    expect(installed).not.toHaveBeenCalled();
  });

  it('stands in the result, with the reason', async () => {
    const result = await runForward({});
    expect(result).toMatchObject({ engine: 'batched', engineChoice: expect.any(String) });
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
