import type { RowActivation } from './activation.js';

/** max(0, x - tau), tau = (s_1 + ... + s_k - 1)/k of the partial sums s of the sorted row: as Keras 3 computes it */
export const sparsemax: RowActivation = {
  kind: 'row',
  name: 'sparsemax',
  keras: 'sparsemax',
  create: () => (x, from, to, out) => {
    const tau = threshold(x, from, to);
    for (let i = from; i < to; i++) out[i] = Math.max(x[i] - tau, 0);
  },
};

/**
 * tau = (s_1 + … + s_k − 1)/k, s_j the sum of the j largest and k the largest count for which 1 + k·x_(k) exceeds s_k. Martins and Astudillo (2016)
 * have s_k alone in the place of that sum; every backend of Keras 3.6 to 3.15 adds them all, and networks were trained with it. NaN when the row
 * holds a NaN or +∞.
 */
function threshold(x: ArrayLike<number>, from: number, to: number): number {
  const row: number[] = [];
  for (let i = from; i < to; i++) row.push(x[i]);
  if (row.some(value => !(value < Number.POSITIVE_INFINITY))) return Number.NaN;
  row.sort((a, b) => b - a);
  let [sum, sums, tau] = [0, 0, Number.NaN];
  for (let k = 1; k <= row.length; k++) {
    sum += row[k - 1];
    if (!(1 + k * row[k - 1] > sum)) break;
    sums += sum;
    tau = (sums - 1) / k;
  }
  return tau;
}
