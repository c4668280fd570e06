import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { flat, readCase } from '../helpers/reference.js';

const TUTORIAL = { T: 10, D: 3, M: [5], K: 2 } as const;

function largestDifference(actual: unknown, expected: unknown): number {
  const [a, e] = [flat(actual as never), flat(expected as never)];
  return a.length === e.length ? Math.max(...a.map((value, i) => Math.abs(value - e[i]))) : Number.POSITIVE_INFINITY;
}

describe('forward with the numbers of a user’s own script', () => {
  it.each([
    ['N1', '0', 1],
    ['N4', '42', 4],
  ] as const)('--rng keras gives the notebook’s %s from seed %s', async (run, seed, N) => {
    const record = readCase('', 'notebook')[run];
    const result = await runForward({ ...TUTORIAL, N, rng: 'keras', seed });
    expect(largestDifference(result.y, record.predict.data)).toBeLessThanOrEqual(2e-6);
    expect(result.rng).toBe('keras');
    expect(result.init).toBe('keras');
    expect(result.promises).toEqual({ weights: 'keras-philox/v1', input: 'numpy-legacy/v1' });
    expect([result.weightsSource, result.inputSource]).toEqual([`seed ${seed}`, `seed ${seed}`]);
  });

  it('--rng torch is a PyTorch network: two biases, its own initialiser', async () => {
    const result = await runForward({ ...TUTORIAL, N: 4, rng: 'torch', seed: '1', trace: true });
    expect(result.promises).toEqual({ weights: 'torch-cpu/v1', input: 'torch-cpu/v1' });
    expect(result.init).toBe('torch');
    const keras = await runForward({ ...TUTORIAL, N: 4, rng: 'torch', framework: 'keras', seed: '1' });
    expect(result.weightsSha256).not.toBe(keras.weightsSha256); // one row of biases
    expect(largestDifference(keras.y, result.y)).toBeLessThanOrEqual(1e-6);
  });

  it('--input-rng takes X from another stream and leaves the weights', async () => {
    const own = await runForward({ ...TUTORIAL, rng: 'keras', seed: '3' });
    const other = await runForward({ ...TUTORIAL, rng: 'keras', inputRng: 'pcg64', seed: '3' });
    expect(other.weightsSha256).toBe(own.weightsSha256);
    expect(other.ySha256).not.toBe(own.ySha256);
    expect(other.promises.input).toBe('numpy-pcg64/v1');
  });

  it('compare names the sequences too', async () => {
    const result = await runCompare({ ...TUTORIAL, N: 4, rng: 'keras', seed: '42' });
    expect([result.seed, result.rng, result.promises]).toEqual(['42', 'keras', { weights: 'keras-philox/v1', input: 'numpy-legacy/v1' }]);
    expect(result.exit).toBe(0);
  });

  it('says seed 42 and seedrandom where nothing is asked for', async () => {
    const result = await runForward(TUTORIAL);
    expect([result.seed, result.rng, result.weightsSource, result.inputSource]).toEqual(['42', 'seedrandom', 'seed 42', 'seed 42']);
    expect(result.promises).toEqual({ weights: 'seedrandom/v1', input: 'seedrandom/v1' });
  });

  it('refuses what no such script draws', async () => {
    await expect(runForward({ ...TUTORIAL, rng: 'keras', seed: 'abc' })).rejects.toThrow('keras.utils.set_random_seed');
    await expect(runForward({ ...TUTORIAL, rng: 'torch', init: 'he_normal' })).rejects.toThrow(
      "--rng torch supports only torch's own initialisation, not 'he_normal'",
    );
    await expect(runForward({ layers: 'gru:4+resetbefore', D: 3, T: 5, rng: 'torch' })).rejects.toThrow('PyTorch has no gru');
  });
});
