import { hasMask, maskReaders } from '../../model/masks.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { sliceFirst } from '../../tensor/layout.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { type Hypothesis, listed, mistake, plural, runScenario, type Scenario, smallNumber, type Way, workOf } from '../mistake.js';
import { differBeyondNoise } from '../noise.js';
import { changeLayer, changeLoop, inLayers, mapData, recurrentLayers, samplesOf } from '../scenario.js';
import { inEach } from '../variants.js';
import { estimating, isApart } from './estimated.js';
import { isLastAlone, pools } from './heads.js';
import { withLength, withSteps } from './inputSteps.js';
import { LAST_OF_PACKED, lengthsOf, withLengths } from './masks.js';

/** Padding of sequences of different lengths: on the other side, removed, added, or with the lengths of other samples. */

/** Number of steps at the end (or the start) of sample n that are zero in every feature. */
function zerosAt(x: Tensor, n: number, where: 'end' | 'start'): number {
  const [, T] = x.shape;
  let count = 0;
  while (count < T && isZeroStep(x, n * T + (where === 'end' ? T - 1 - count : count))) count++;
  return count;
}

/** A mask [N, T] of x [N, T, …]: 0 where a step is zero in every feature. */
function realSteps(x: Tensor): Uint8Array {
  return Uint8Array.from({ length: x.shape[0] * x.shape[1] }, (_, k) => (isZeroStep(x, k) ? 0 : 1));
}

/** Whether step k is zero, counted over all samples one after the other. */
function isZeroStep(x: Tensor, k: number): boolean {
  const width = sizeOf(x.shape.slice(2));
  for (let i = k * width; i < (k + 1) * width; i++) if (x.data[i] !== 0) return false;
  return true;
}

export const paddingSide = mistake('padding-side', 'short sequences are padded on the other side', ['often', 'alone'], {
  why: 'Short sequences are padded with zeros on the other side: in front (Keras’ pad_sequences does that by default) instead of behind, or behind instead of in front.',
  keras: "x = pad_sequences(sequences, padding='post')   # ← the default is padding='pre'",
  torch: 'x = pad_sequence(sequences, batch_first=True)   # zeros behind',
  numpy: 'x[n, :length] = sequence      # ← zeros behind; x[n, -length:] puts them in front',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2, lengths: [3, 2] },
  variants(scenario) {
    const T = scenario.input.x.shape[1];
    return (['end', 'start'] as const).flatMap((where): Way[] => {
      const padding = paddingOf(scenario, where);
      if (!padding.some(p => p > 0) || padding.every(p => p === T)) return [];
      const change = (s: Scenario): Scenario => {
        const own = paddingOf(s, where);
        const x = withSteps(s.input.x, T, (t, n) => (where === 'end' ? t - own[n] : t >= T - own[n] ? -1 : t + own[n]));
        return { ...s, input: { ...s.input, x, mask: undefined } };
      };
      const [there, here] = where === 'end' ? ['in front of', 'behind'] : ['behind', 'in front of'];
      const why = `The zeros that fill up short sequences stand ${there} them instead of ${here} them (pad_sequences: padding='${where === 'end' ? 'pre' : 'post'}').`;
      return [{ change, why }];
    });
  },
});

export const paddingSkipped = mistake('padding-skipped', 'padding is left out, where the network runs it', ['often'], {
  why: 'Steps of x that are zero in every feature are left out, as Masking and mask_zero=True do; the network runs them like real ones.',
  keras: 'SimpleRNN(M)                  # ← no Masking() and no mask_zero=True in front of it',
  torch: 'out, h_n = rnn(x)             # ← not rnn(pack_padded_sequence(x, lengths, …))',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← all T steps of every sample',
  example: null,
  variants(scenario) {
    if (hasMask(scenario) || maskReaders(scenario.model).readers.length === 0) return [];
    const behind = paddingOf(scenario, 'end');
    const padding = realSteps(scenario.input.x).filter(real => real === 0).length;
    const isElsewhere = padding > behind.reduce((a, b) => a + b, 0);
    const atEnd: Way = {
      change: s =>
        withLengths(
          s,
          paddingOf(s, 'end').map(count => s.input.x.shape[1] - count),
        ),
      why: 'Each sequence ends before the zeros that fill it up (pack_padded_sequence, Masking, mask_zero=True); the network runs them like real steps.',
    };
    const ends = recurrentLayers(scenario).filter(l => !l.returnSequences);
    const zerosRead: Way = {
      change: s =>
        atEnd.change(
          inLayers(
            ends.map(l => l.name),
            (all, l) => lastOfPacked(all, l as RecurrentSpec),
          )(s) ?? s,
        ),
      why: 'Each sequence ends before the zeros that fill it up (pack_padded_sequence), and its last output is read from the last row, which pad_packed_sequence fills with zeros behind the end of a short one: out[:, -1] instead of h_n.',
      fix: { torch: LAST_OF_PACKED },
    };
    const anywhere: Way = { change: s => ({ ...s, input: { ...s.input, mask: realSteps(s.input.x) } }) };
    return [
      ...(behind.some(count => count > 0) ? [atEnd, ...(ends.length > 0 ? [zerosRead] : [])] : []),
      ...(isElsewhere ? [anywhere] : []),
    ];
  },
});

/** Takes the last row of a packed sequence for the last state: zeros after the end of a short one. */
function lastOfPacked(scenario: Scenario, { name, bidirectional }: RecurrentSpec): Scenario {
  const zeros = changeLayer(scenario, name, { zeroOutputForMask: true });
  return bidirectional === null ? zeros : changeLoop(zeros, name, { last: 'end' });
}

/** Number of padding steps of each sample at that end: by its length, or else the steps that are zero in every feature. */
function paddingOf(scenario: Scenario, where: 'end' | 'start'): number[] {
  const { x } = scenario.input;
  const [N, T] = x.shape;
  const lengths = where === 'end' ? lengthsOf(scenario) : undefined;
  return Array.from({ length: N }, (_, n) => (lengths ? T - lengths[n] : zerosAt(x, n, where)));
}

const ENDS = ['before the first', 'after the last'] as const;

/** x with `count` more steps that hold one number. */
function padded(s: Scenario, where: (typeof ENDS)[number], count: number, value: number): Scenario {
  const { x } = s.input;
  const T = x.shape[1];
  const isPadding = (t: number) => (where === 'after the last' ? t >= T : t < count);
  const longer = withSteps(x, T + count, t => (isPadding(t) ? -1 : where === 'after the last' ? t : t - count));
  return withLength(
    s,
    mapData(longer, (v, i) => (isPadding(Math.floor(i / x.shape[2]) % (T + count)) ? value : v)),
  );
}

export const inputPadded = mistake('input-padded', 'steps were added to the sequence', ['alone'], {
  why: 'The network runs more steps than x has, before its first or after its last: padding that is not masked changes h, too.',
  numpy: 'for t in range(length): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← the real steps only',
  keras: 'model.add(Masking())',
  torch: 'packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)',
  variants(scenario) {
    const T = scenario.input.x.shape[1];
    const layers = recurrentLayers(scenario);
    const givesSequence = layers.length === 0 || (layers[layers.length - 1].returnSequences && pools(scenario).length === 0);
    if (givesSequence) return [];
    const running = (T2: number, from: (t: number) => number) => (s: Scenario) => withLength(s, withSteps(s.input.x, T2, from));
    // tokens have no −1
    const counts = scenario.input.x.shape.length === 3 ? [1, 2, 3] : [];
    return [
      ...counts.flatMap(count =>
        ENDS.map(
          (where): Way => ({
            rare: true,
            change: s => padded(s, where, count, -1),
            why: `The network runs ${plural(count, 'more step')} with x = −1 (pad_sequences(value=-1)), ${where} step of x.`,
          }),
        ),
      ),
      ...[1, 2, 3, 4, 5].flatMap(count =>
        ENDS.map(where => ({
          rare: count > 1,
          change: running(T + count, t => (where === 'after the last' ? t : t - count)),
          why: `The network runs ${plural(count, 'more step')} with x = 0, ${where} step of x.`,
        })),
      ),
      ...[1, 2, 3].flatMap(count => {
        const [rare, times] = count === 1 ? [false, 'twice'] : [true, `${count + 1} times (padding with mode='edge')`];
        return [
          { rare, change: running(T + count, t => Math.max(0, t - count)), why: `The first step of x is run ${times}.` },
          { rare, change: running(T + count, t => Math.min(T - 1, t)), why: `The last step of x is run ${times}.` },
        ];
      }),
    ];
  },
  estimate: estimating(scenario =>
    scenario.input.x.shape.length !== 3 || scenario.input.mask || !isLastAlone(scenario)
      ? []
      : [1, 2].flatMap(count =>
          ENDS.map(where => ({
            start: [[-1]],
            patience: 2,
            change: (s, [v]) => padded(s, where, count, v),
            why: ([v]) =>
              `The network runs ${plural(count, 'more step')} with x = ${smallNumber(v)}, ${where} step of x (estimated from your output).`,
          })),
        ),
  ),
});

export const lengthsPermuted = mistake('lengths-permuted', 'the lengths belong to other samples', ['alone'], {
  why: 'The lengths are in another order than the samples: they were sorted (pack_padded_sequence wants them so) and the samples were not, or the other way round.',
  torch: 'packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)',
  numpy: 'order = np.argsort(-lengths); x, lengths = x[order], lengths[order]   # ← both',
  example: { layers: 'rnn:2,dense:1', N: 3, T: 3, D: 2, lengths: [1, 3, 2] },
  variants(scenario) {
    const lengths = lengthsOf(scenario);
    if (!lengths || lengths.length < 2) return [];
    const N = lengths.length;
    const orders: [string, number[]][] = [
      ['sorted from long to short', [...lengths].sort((a, b) => b - a)],
      ['sorted from short to long', [...lengths].sort((a, b) => a - b)],
      ['in reverse order', [...lengths].reverse()],
      ['one sample further', lengths.map((_, n) => lengths[(n + N - 1) % N])],
      ['one sample earlier', lengths.map((_, n) => lengths[(n + 1) % N])],
    ];
    return orders
      .filter(([, order]) => order.some((v, n) => v !== lengths[n]))
      .map(([words, order]) => ({
        needs: 'input' as const,
        change: s => withLengths(s, order),
        why: `The lengths are ${words}: ${listed(order, 8)} instead of ${listed(lengths, 8)}.`,
      }));
  },
  estimate(scenario, right, other, _noise, each) {
    const lengths = lengthsOf(scenario);
    if (!lengths || !isApart(scenario, right, other)) return [];
    const kinds = [...new Set(lengths)];
    if (kinds.length * lengths.length * workOf(samplesOf(scenario, 0, 1)) > MOST_WORK) return [];
    // for each sample, the length (among the existing ones) with which its y is the other one
    const found: number[] = [];
    for (let n = 0; n < lengths.length; n++) {
      const [sample, own, noise] = [samplesOf(scenario, n, n + 1), sliceFirst(other, n, n + 1), sliceFirst(each, n, n + 1)];
      const length = [lengths[n], ...kinds].find(v => {
        const changed = withLengths(sample, [v]);
        const y = changed && runScenario(changed)?.y;
        return y && !differBeyondNoise(y.data, own.data, noise.data);
      });
      if (length === undefined) return [];
      found.push(length);
    }
    const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b).join();
    const y = sorted(found) === sorted(lengths) ? runScenario(withLengths(scenario, found)!)?.y : undefined;
    const why = `The lengths belong to other samples: ${listed(found, 8)} instead of ${listed(lengths, 8)} (found from your output).`;
    return y ? [{ y, why, chosen: found.filter((v, n) => v !== lengths[n]).length }] : [];
  },
});

/** Most multiply-adds for finding the lengths. */
const MOST_WORK = 1e8;
const ZEROED =
  '@ runs over the padding, and its output there is set to zero afterwards: the forward direction is right that way, but the backward one starts in the padding behind the end of a short sequence.';

/** Both directions run over all steps, and the rows of padding are set to zero afterwards. */
function runOverPadding(s: Scenario, { name }: { readonly name: string }): Scenario {
  const { x, mask } = s.input;
  const zeroed = (t: Tensor) =>
    mask && t.shape.length === 3 && t.shape[1] === x.shape[1] ? mapData(t, (v, k) => (mask[Math.floor(k / t.shape[2])] ? v : 0)) : t;
  return changeLoop(s, name, { unmasked: [0, 1], merged: zeroed });
}

export const maskOneWay: Hypothesis = mistake('mask-one-way', 'the backward direction starts in the padding', ['alone'], {
  why: 'One direction of a bidirectional layer ignores the lengths: the backward one starts in the padding behind the end of a short sequence.',
  torch: 'packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)',
  numpy: 'for t in reversed(range(length)): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← from length − 1, not from T − 1',
  example: { layers: 'birnn:2,dense:1', N: 2, T: 3, D: 2, lengths: [3, 2] },
  variants(scenario) {
    const both = recurrentLayers(scenario).filter(l => l.bidirectional !== null);
    if (!hasMask(scenario) || both.length === 0) return [];
    const oneWay = [1, 0].map(way => ({
      layer: both.length === 1 ? both[0].name : null,
      change: inLayers(
        both.map(l => l.name),
        (s, l) => changeLoop(s, l.name, { unmasked: [way] }),
      ),
      why:
        way === 1
          ? maskOneWay.why
          : 'The forward direction of a bidirectional layer continues into the padding behind the end of a short sequence; the backward one does not.',
    }));
    const sequences = both.filter(l => l.returnSequences);
    return [...oneWay, ...inEach(sequences, runOverPadding, { why: ZEROED })];
  },
});
