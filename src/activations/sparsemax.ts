import type { RowActivation } from './activation.js';

export const sparsemax: RowActivation = {
  kind: 'row',
  name: 'sparsemax',
  keras: 'sparsemax',
  formula: 'max(0, x - tau) with tau such that a row sums to 1',
  create: () => (x, from, to, out) => {
    const tau = threshold(x, from, to);
    for (let i = from; i < to; i++) out[i] = Math.max(x[i] - tau, 0);
  },
};

/**
 * tau = (sum of the k largest − 1)/k, k the largest count for which 1 + k·x_(k) exceeds the sum of the k largest
 * (Martins and Astudillo 2016). NaN when the row holds a NaN or +∞.
 */
function threshold(x: ArrayLike<number>, from: number, to: number): number {
  const row: number[] = [];
  for (let i = from; i < to; i++) row.push(x[i]);
  if (row.some(value => !(value < Number.POSITIVE_INFINITY))) return Number.NaN;
  row.sort((a, b) => b - a);
  let sum = 0;
  let tau = Number.NaN;
  for (let k = 1; k <= row.length; k++) {
    sum += row[k - 1];
    if (1 + k * row[k - 1] > sum) tau = (sum - 1) / k;
  }
  return tau;
}
