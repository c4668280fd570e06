import { runCompare } from '../../src/run/compare.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/**
 * Keras and PyTorch compute a normalisation as x·f + (β − mean·f) in float32, with f = γ/√(var + ε): each term is rounded before they are taken from each other.
 * Such a y is no other network's, however small the difference is that they leave.
 */
const folder = temporaryFolder();
const [N, T, D] = [3, 4, 2];
const { fround } = Math;
// the samples and features lie around 40, about one apart
const x = Float64Array.from({ length: N * T * D }, (_, k) => fround(40 + (k % 2) + Math.sin(7 * k) / 3));

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { mean, variance: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length };
}

/** @param rowOf which numbers of x are normalised with number k */
function asFrameworks(rowOf: (k: number) => readonly number[], epsilon: number): Float64Array {
  return x.map((v, k) => {
    const { mean, variance } = moments(rowOf(k));
    const f = fround(1 / Math.sqrt(variance + epsilon));
    return fround(fround(v * f) + fround(-fround(fround(mean) * f)));
  });
}

const at = (k: number, ...others: readonly number[]) => others.map(o => x[o]).concat(x[k]);
const CASES: Readonly<Record<string, (k: number) => readonly number[]>> = {
  layernorm: k => at(k, k % D === 0 ? k + 1 : k - 1),
  'groupnorm:1': k => Array.from(x.subarray(Math.floor(k / (T * D)) * T * D, (Math.floor(k / (T * D)) + 1) * T * D)),
  batchnorm: () => [39.25, 40.25],
};

async function verdictOf(layers: string, y: Float64Array): Promise<string> {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [N, T, D], data: x } }));
  const against = folder.write('y.npy', await bytesOf('npy', { npy: { shape: [N, T, D], data: y } }));
  const { mean, variance } = moments(CASES.batchnorm(0));
  const each = (value: number) => ({ shape: [D], data: Float64Array.of(value, value) });
  const tensors = { gamma: each(1), beta: each(0), mean: each(mean), variance: each(variance) };
  const named = Object.fromEntries(Object.entries(tensors).map(([name, t]) => [`batchnorm_1/${name}`, t]));
  const weights = layers === 'batchnorm' ? folder.write('w.npz', await bytesOf('npz', named)) : undefined;
  const { status } = await runCompare({ layers, input, against, weights, explain: false });
  return status;
}

describe.each(Object.entries(CASES))('%s far from zero', (layers, rowOf) => {
  const y = asFrameworks(rowOf, 1e-3);

  it('is the same where the two terms were rounded before their difference', async () => {
    expect(await verdictOf(layers, y)).toBe('SAME');
  });

  it('is different where y is off by more than rounding does', async () => {
    const off = y.map((v, k) => (k === 5 ? v + 0.01 : v));
    expect(await verdictOf(layers, off)).toBe('DIFFERENT');
  });
});
