import type { Tensor } from '../../tensor/tensor.js';
import type { Hypothesis } from '../hypothesis.js';
import { mapData } from '../scenario.js';
import { eachFeature, isFeatures, seeing } from './inputs.js';
import { otherOrders } from './kernels.js';

/** The features of x in another order, or one of them missing. */

/** Column d of the result is column from[d]. */
function withFeatures(x: Tensor, from: readonly number[]): Tensor {
  const D = x.shape[2];
  return mapData(x, (_, i) => x.data[i - (i % D) + from[i % D]]);
}

export const featuresPermuted: Hypothesis = {
  name: 'features-permuted',
  title: 'the features of x are in another order',
  insideStep: true,
  alone: true,
  why: 'The features of x are in another order than the weights expect: the columns of the table were sorted or read in another order.',
  fix: { numpy: 'x = x[..., order]             # ← the order of the columns the network was trained with' },
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 3 },
  variants(scenario) {
    const D = isFeatures(scenario) ? scenario.input.x.shape[2] : 1;
    return featureOrders(D).map(({ order, rare }) =>
      seeing(
        'features-permuted',
        x => withFeatures(x, order),
        `The features of x are in another order than the weights expect: ${order
          .flatMap((from, d) => (from === d ? [] : `feature ${d + 1} holds feature ${from + 1}`))
          .slice(0, 8)
          .join(', ')}${D > 8 ? ' …' : ''}.`,
        { rare, fix: { numpy: `x = x[..., [${order.map((_, d) => order.indexOf(d)).join(', ')}]]   # ← back to the right order` } },
      ),
    );
  },
};

/** Every order of up to four features; of more the reversed one, one further, and every exchange of two. */
function featureOrders(D: number): { order: number[]; rare: boolean }[] {
  const own = Array.from({ length: D }, (_, d) => d);
  if (D < 2) return [];
  if (D <= 4) {
    return otherOrders(own.map(String)).map(order => ({ order: order.map(Number), rare: false }));
  }
  const rolled = (by: number) => own.map(d => (d + by + D) % D);
  const exchanged =
    D > MOST_EXCHANGED ? [] : own.flatMap(a => own.filter(b => b > a).map(b => own.map(d => (d === a ? b : d === b ? a : d))));
  return [
    ...[[...own].reverse(), rolled(1), rolled(-1)].map(order => ({ order, rare: false })),
    ...exchanged.map(order => ({ order, rare: true })),
  ];
}

const MOST_EXCHANGED = 12;

export const featureMissing: Hypothesis = {
  name: 'feature-missing',
  title: 'one feature of x is left out',
  insideStep: true,
  alone: true,
  why: 'One feature of x does not reach the network: its column is zero or was left out.',
  fix: { numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← x with all its D features' },
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 3 },
  variants(scenario) {
    const D = isFeatures(scenario) ? scenario.input.x.shape[2] : 1;
    if (D < 2) return [];
    return Array.from({ length: D }, (_, d) => d)
      .filter(d => D <= MOST_EXCHANGED || d === 0 || d === D - 1)
      .map(missing =>
        seeing(
          'feature-missing',
          x => eachFeature(x, (v, d) => (d === missing ? 0 : v)),
          `Feature ${missing + 1} of x does not reach the network: its column is zero, or was left out.`,
        ),
      );
  },
};
