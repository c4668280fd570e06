import { takeAlong } from '../../tensor/axes.js';
import { largestDifference } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Fix, listed, mistake, NEAR_NOISE, runScenario, type Scenario, squaredDistance, workOf } from '../mistake.js';
import { eachColumn } from '../scenario.js';
import { isApart, partFor } from './estimated.js';
import { isFeatures, seeing, withX } from './inputs.js';
import { otherOrders } from './kernels.js';

/** The features of x in another order, or one of them missing. */

/** Reorders features: column d of the result is column from[d]. */
const withFeatures = (x: Tensor, from: readonly number[]) => takeAlong(x, 2, x.shape[2], d => from[d]);

export const featuresPermuted = mistake('features-permuted', 'the features of x are in another order', ['insideStep', 'alone'], {
  why: 'The features of x are in another order than the weights expect: the columns of the table were sorted or read in another order.',
  numpy: 'x = x[..., order]             # ← the order of the columns the network was trained with',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 3 },
  variants(scenario) {
    const D = isFeatures(scenario) ? scenario.input.x.shape[2] : 1;
    return featureOrders(D).map(order => seeing(x => withFeatures(x, order), orderText(order), { fix: orderFix(order) }));
  },
  // with more features: exchanges pairs, one after the other, as long as y comes closer
  estimate(scenario, right, other, noise) {
    const D = isFeatures(scenario) ? scenario.input.x.shape[2] : 1;
    const part = D > MOST_ORDERS && isApart(scenario, right, other) ? partFor(scenario, other, 0, Math.min(D, MOST_FEATURES)) : undefined;
    if (!part || D > MOST_FEATURES) return [];
    const near = NEAR_NOISE * noise;
    const under = (order: readonly number[], s: Scenario) => runScenario(withX(s, withFeatures(s.input.x, order)))?.y;
    const off = (order: readonly number[]) => {
      const y = under(order, part.scenario);
      return y ? squaredDistance(y.data, part.other.data) : Infinity;
    };
    const own = Array.from({ length: D }, (_, d) => d);
    const starts = [own, [...own].reverse(), rolled(own, 1), rolled(own, Math.floor(D / 2)), ...mixedOrders(own)];
    let runs = Math.min(MOST_RUNS, MOST_WORK / workOf(part.scenario));
    for (const start of starts) {
      if (runs <= 0) break;
      const order = nearest(start, order => {
        runs--;
        return off(order);
      });
      const y = under(order, scenario);
      if (!y || largestDifference(y.data, other.data).abs > NEAR_NOISE * near || order.every((from, d) => from === d)) continue;
      const why = `${orderText(order).slice(0, -1)} (found from your output).`;
      // which of the orders it is counts as less than a number
      return [{ y, chosen: 1, why, fix: orderFix(order) }];
    }
    return [];
  },
});

/** Most features for which every order is tried, and most for which an order is searched. */
const MOST_ORDERS = 4;
const MOST_FEATURES = 12;

/** Most runs of that search, and most multiply-adds. */
const MOST_RUNS = 6000;
const MOST_WORK = 1e8;
const MOST_STARTS = 60;
const GOLDEN = 0.6180339887498949;

/** Starting orders that have little in common, the same ones each time. */
function mixedOrders(own: readonly number[]): number[][] {
  const place = (d: number, start: number) => ((d + 1) ** 2 * (start + 1) * GOLDEN) % 1;
  return Array.from({ length: MOST_STARTS }, (_, start) => [...own].sort((a, b) => place(a, start) - place(b, start)));
}

/** Describes the order: column d of x contains column order[d] of the correct one. */
function orderText(order: readonly number[]): string {
  const moved = order.flatMap((from, d) => (from === d ? [] : `feature ${d + 1} holds feature ${from + 1}`));
  return `The features of x are in another order than the weights expect: ${listed(moved, 8)}.`;
}

function orderFix(order: readonly number[]): Fix {
  return { numpy: `x = x[..., [${order.map((_, d) => order.indexOf(d)).join(', ')}]]   # ← back to the right order` };
}

const rolled = (own: readonly number[], by: number) => own.map(d => (d + by + own.length) % own.length);

/** All orders of up to four features; for more, the reversed one and one rotated by one. */
function featureOrders(D: number): number[][] {
  const own = Array.from({ length: D }, (_, d) => d);
  if (D < 2) return [];
  return D <= MOST_ORDERS
    ? otherOrders(own.map(String)).map(order => order.map(Number))
    : [[...own].reverse(), rolled(own, 1), rolled(own, -1)];
}

/** The order from which no exchange of two features comes closer. */
function nearest(start: readonly number[], off: (order: readonly number[]) => number): readonly number[] {
  let best = { order: start, left: off(start) };
  for (let again = true; again; ) {
    again = false;
    const { order: from } = best;
    for (let a = 0; a < from.length; a++)
      for (let b = a + 1; b < from.length; b++) {
        const order = from.map((v, d) => (d === a ? from[b] : d === b ? from[a] : v));
        const left = off(order);
        if (left < best.left) [best, again] = [{ order, left }, true];
      }
  }
  return best.order;
}

export const featureMissing = mistake('feature-missing', 'one feature of x is left out', ['insideStep', 'alone'], {
  why: 'One feature of x does not reach the network: its column is zero or was left out, or its row of Wx is zero.',
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← x with all its D features',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 3 },
  variants(scenario) {
    const D = isFeatures(scenario) ? scenario.input.x.shape[2] : 1;
    if (D < 2) return [];
    return Array.from({ length: D }, (_, d) => d)
      .filter(d => D <= MOST_FEATURES || d === 0 || d === D - 1)
      .map(missing =>
        seeing(
          x => eachColumn(x, (v, d) => (d === missing ? 0 : v)),
          `Feature ${missing + 1} of x does not reach the network: its column is zero or was left out, or its row of Wx is zero.`,
        ),
      );
  },
});
