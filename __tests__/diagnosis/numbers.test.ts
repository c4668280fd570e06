import { countIn } from '../../src/diagnosis/differingValues.js';
import { smallNumber } from '../../src/diagnosis/figures.js';
import { fitTo, fitWithin, squaredDistance } from '../../src/diagnosis/fit.js';
import { affineFit, columnsThatVary } from '../../src/diagnosis/leastSquares.js';
import { differBeyondNoise, excessOf, largerNoise, largestNoise, timesNoise, ulpsOf, uniformNoise } from '../../src/diagnosis/noise.js';
import type { OutputReading } from '../../src/diagnosis/outputReadings.js';
import { differentNumbers, differingSamples, slicesOf } from '../../src/diagnosis/slices.js';
import { listed, plural } from '../../src/escape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { scenarioIn, tensor } from '../helpers/scenarios.js';

/** What the search for a mistake counts and fits with, on numbers that can be checked by hand. */

const row = (...values: number[]) => ({ shape: [values.length], data: Float64Array.from(values) });
const ULP = 2 ** -24;

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [13.4949, '13.49'],
    [99999, '1e5'],
    [99_999.4, '1e5'],
    [100_000, '1e5'],
    [123_456, '1.23e5'],
    [0.001, '0.001'],
    [0.0009999, '1e-3'],
    [-1.2345e-7, '-1.23e-7'],
    [1e-7, '1e-7'],
    [12, '12'],
    [1200, '1200'],
    [-2.5, '-2.5'],
  ])('%d is %s', (v, text) => {
    expect(smallNumber(v)).toBe(text);
  });

  it('have as many digits as are asked for', () => {
    expect([smallNumber(1 / 3, 6), smallNumber(1e-9 / 3, 6), smallNumber(1 / 3, 3)]).toEqual(['0.333333', '3.3333e-10', '0.333']);
  });

  it('count and list', () => {
    expect([plural(1, 'step'), plural(0, 'step'), plural(12, 'step')]).toEqual(['1 step', '0 steps', '12 steps']);
    expect([listed([1, 2], 2), listed([1, 2, 3], 2), listed([], 2)]).toEqual(['1, 2', '1, 2 …', '']);
  });
});

describe('noise', () => {
  it('is what the largest difference is measured in, each value by its own', () => {
    const [a, b, noise] = [row(1, 2, 3).data, row(1.5, 2, 4).data, row(0.1, 1, 1).data];
    expect(excessOf(a, b, noise)).toEqual({ left: 1, times: 5 });
    expect(excessOf(a, b, noise, 1)).toEqual({ left: 1, times: 1 });
    expect(excessOf(a, b, noise, 0, 2)).toEqual({ left: 0.5, times: 5 });
    expect(excessOf(a, a, noise)).toEqual({ left: 0, times: 0 });
  });

  it('is rounding up to ten times of it', () => {
    const noise = row(0.125).data;
    expect([1.25, 1.2500001].map(v => differBeyondNoise(row(0).data, row(v).data, noise))).toEqual([false, true]);
  });

  it('is never 0', () => {
    expect(uniformNoise(row(1, 2), 0).data).toEqual(Float64Array.of(Number.MIN_VALUE, Number.MIN_VALUE));
    expect(uniformNoise({ shape: [2, 1], data: Float64Array.of(1, 2) }, 0.5)).toEqual({ shape: [2, 1], data: Float64Array.of(0.5, 0.5) });
    expect(largestNoise(row(0), row(0))).toBe(Number.MIN_VALUE);
  });

  it('is the larger one of two, by value or at least one number', () => {
    expect(largerNoise(row(1, 4), Float64Array.of(3, 2)).data).toEqual(Float64Array.of(3, 4));
    expect(largerNoise(row(1, 4), 2).data).toEqual(Float64Array.of(2, 4));
  });

  it('of a value that cannot be decided does not count, unless none can', () => {
    // a sixteenth of a thousandth of their scale, 8
    const most = (8 * 1e-3) / 16;
    expect(largestNoise(row(most, 1e-6, 2 * most), row(8, 8, 8))).toBe(most);
    expect(largestNoise(row(2 * most, 3 * most), row(8, 8))).toBe(3 * most);
  });

  it('grows by so many times, at least once, infinite ones left out', () => {
    expect(timesNoise(row(3, 1, Infinity).data, row(2, 1, 1).data)).toBe(1.5);
    expect(timesNoise(row(0.5, 1).data, row(1, 1).data)).toBe(1);
    expect(timesNoise(row(1, 8, 3).data, row(1, 2, 1).data)).toBe(4);
  });

  it('is half a unit in the last place of the smaller one of the largest of its row and of its column', () => {
    const y = { shape: [2, 3], data: Float64Array.of(8, -1, 0, 2, 0.5, 0) };
    expect([...ulpsOf(y)]).toEqual(
      [8, 1, Number.MIN_VALUE / ULP, 2, 1, Number.MIN_VALUE / ULP].map(v => Math.max(Number.MIN_VALUE, v * ULP)),
    );
    expect([...ulpsOf({ shape: [1, 3], data: Float64Array.of(Infinity, 4, Number.NaN) })]).toEqual([
      Number.MIN_VALUE,
      4 * ULP,
      Number.MIN_VALUE,
    ]);
  });
});

describe('numbers that count', () => {
  it('are those further apart than a millionth of the largest', () => {
    expect(differentNumbers(Float64Array.of(1, 1, 1 + 1e-7, 2, 2.00001))).toBe(3);
    expect(differentNumbers(Float64Array.of(0, 0))).toBe(1);
    expect(differentNumbers(Float64Array.from({ length: 9000 }, (_, k) => k))).toBe(4096);
  });

  it('the first sample that is off and the one that is most', () => {
    const right = tensor([3, 2], () => 0);
    const noise = tensor([3, 2], () => 0.01);
    expect(differingSamples(right, { shape: [3, 2], data: Float64Array.of(0, 0.1, 0.2, 0, 0.5, 9) }, noise)).toEqual({
      first: 1,
      worst: 2,
    });
    expect(differingSamples(right, { shape: [3, 2], data: Float64Array.of(0, 0.1, 0, 0, 0.05, 0) }, noise)).toEqual({
      first: -1,
      worst: 0,
    });
  });

  it('of a row are no more than the units behind it that are not zero, and one less of a softmax', async () => {
    const different = async (layers: string) => {
      const { scenario, right } = await scenarioIn({ layers, N: 4, T: 3, D: 2 });
      const other = tensor(right.y.shape, k => k + 1);
      return slicesOf(scenario, right, other, uniformNoise(other, 1e-9)).different;
    };
    expect(await different('rnn:2,dense:5')).toBe(8);
    expect(await different('rnn:5,dense:2')).toBe(8);
    expect(await different('rnn:9,dense:3@softmax')).toBe(8);
    expect(await different('rnn:9,dense:1@sigmoid')).toBe(4);
    expect(await different('rnn:3')).toBe(12);
  });

  it('the difference is told in multiples of the noise, as a number, and which samples it is looked at in', async () => {
    const { scenario, right } = await scenarioIn({ layers: 'rnn:3,dense:2', N: 5, T: 3, D: 2 });
    const moved = tensor(right.y.shape, k => right.y.data[k] + (k === 4 ? 0.25 : k === 7 ? 1 : 0));
    const slices = slicesOf(scenario, right, moved, uniformNoise(moved, 0.001));
    expect(slices).toMatchObject({ first: 2, worstAt: 3, off: 2 });
    expect([slices.asSpecified, slices.asNumber].map(v => Number(v.toFixed(6)))).toEqual([
      1000,
      Number(Math.min(1, spread(moved.data)).toFixed(6)),
    ]);
    expect([slices.worst.other.data, slices.worst.scenario.input.x.shape[0]]).toEqual([moved.data.slice(6, 8), 1]);
    expect([slices.before.other.shape, slices.before.scenario.input.x.shape[0]]).toEqual([[4, 2], 4]);
    const same = slicesOf(scenario, right, right.y, uniformNoise(right.y, 0.001));
    expect(same).toMatchObject({ first: -1, worstAt: 0, off: 0, asSpecified: 0, asNumber: 0 });
    expect(same.before.other.shape).toEqual([2, 2]);
  });

  /** How far from the mean at most. */
  function spread(data: ArrayLike<number>): number {
    const values = Array.from(data);
    const mean = values.reduce((a, b) => a + b) / values.length;
    return Math.max(...values.map(v => Math.abs(v - mean)));
  }

  it('numbers beside the mean of their output are counted; of one row, beside that of all, and two tell nothing', async () => {
    const { scenario, right } = await scenarioIn({ layers: 'rnn:3,dense:2', N: 3, T: 3, D: 2 });
    const beside = (other: Tensor) => slicesOf(scenario, right, other, uniformNoise(other, 0.001)).beside(0.5);
    expect(beside({ shape: [3, 2], data: Float64Array.of(0, 10, 0.3, 10, 0, 13) })).toBe(3);
    expect(beside({ shape: [1, 4], data: Float64Array.of(0, 0, 0, 1) })).toBe(1);
    expect(beside({ shape: [1, 2], data: Float64Array.of(0, 0) })).toBe(2);
  });

  it('one sample is looked at whole', async () => {
    const { scenario, right } = await scenarioIn({ layers: 'rnn:3,dense:2', N: 1, T: 3, D: 2 });
    const moved = tensor([1, 2], k => right.y.data[k] + 1);
    const slices = slicesOf(scenario, right, moved, uniformNoise(moved, 0.001));
    expect(slices).toMatchObject({ first: -1, worstAt: 0, asNumber: 1 });
    expect([slices.worst, slices.before]).toEqual([slices.whole, slices.whole]);
  });
});

describe('what is off is counted by one limit', () => {
  const view = (right: number[], other: number[]) =>
    ({ kind: 'y', words: 'y', right: { y: row(...right) }, other: row(...other) }) as unknown as OutputReading;

  it('ten times the largest noise, in three digits', () => {
    const counted = countIn(view([1, 2, 3], [1, 2.1, 3.0001]), row(1e-6, 1e-6, 2e-6), undefined);
    expect(counted.limit).toBe('2e-5');
    expect([0, 1, 2].map(counted.isBeyond)).toEqual([false, true, true]);
    expect(counted.groups(2, k => (k === 0 ? 0 : 1))).toEqual([false, true]);
  });

  it('and not where each value by its own noise says otherwise', () => {
    // 1.5e-5 is more than ten times the first one's own noise, and less than the limit
    const counted = countIn(view([1, 2], [1 + 1.5e-5, 2]), row(1e-6, 2e-6), undefined);
    expect([counted.isBeyond(0), counted.groups(2, k => k)]).toEqual([false, undefined]);
    expect(counted.groups(1, () => 0)).toBeUndefined();
  });

  it('as the verdict does, where it is one of the same values', () => {
    const given = { isOff: (k: number) => k === 1, most: 0.5, of: null };
    const counted = countIn(view([1, 2], [1.4, 3]), row(1e-6, 1e-6), given);
    expect([counted.limit, counted.groups(2, k => k)]).toEqual(['0.5', [false, true]]);
    expect(countIn(view([1, 2], [1.4, 3]), row(1e-6, 1e-6), { ...given, of: 'the last row of y' }).limit).toBe('1e-5');
  });
});

describe('least squares', () => {
  const A = Float64Array.of(1, 2, 0, 1, 3, 1, -1, 2, 2, 0.5, 4, -2);
  const columnOf = (w: readonly number[], b: number) =>
    Array.from({ length: 6 }, (_, r) => w.reduce((sum, v, d) => sum + v * A[2 * r + d], b));

  it('finds every affine map that there is, column by column', () => {
    const [one, two] = [columnOf([0.5, -2], 3), columnOf([1, 1], 0)];
    const B = Float64Array.from({ length: 12 }, (_, k) => (k % 2 ? two : one)[Math.floor(k / 2)]);
    const found = affineFit(A, B, 6, 2, 2, true)!;
    expect(found.rank).toBe(3);
    for (const [k, v] of found.fitted.entries()) expect(Math.abs(v - B[k])).toBeLessThan(1e-12);
    // without a bias the first is out of reach, the second is not
    const without = affineFit(A, B, 6, 2, 2, false)!;
    expect(without.rank).toBe(2);
    expect(Math.max(...[1, 3, 5, 7, 9, 11].map(k => Math.abs(without.fitted[k] - B[k])))).toBeLessThan(1e-12);
    expect(Math.max(...[0, 2, 4, 6, 8, 10].map(k => Math.abs(without.fitted[k] - B[k])))).toBeGreaterThan(0.1);
  });

  it('leaves what is orthogonal to all columns', () => {
    const found = affineFit(Float64Array.of(1, 1, 1, 1), Float64Array.of(1, 2, 4, 9), 4, 1, 1, false)!;
    expect([...found.fitted].map(v => Number(v.toFixed(12)))).toEqual([4, 4, 4, 4]);
  });

  it('counts columns that say the same once', () => {
    const twice = Float64Array.from({ length: 18 }, (_, k) =>
      k % 3 < 2 ? A[2 * Math.floor(k / 3) + (k % 3)] : A[2 * Math.floor(k / 3)] + 1,
    );
    expect([
      affineFit(twice, columnOf([1, 2], 0), 6, 3, 1, true)!.rank,
      affineFit(twice, columnOf([1, 2], 0), 6, 3, 1, false)!.rank,
    ]).toEqual([3, 3]);
  });

  it('says nothing of as many rows as unknowns', () => {
    expect([affineFit(A, columnOf([1, 1], 0), 3, 2, 1, true), affineFit(A, columnOf([1, 1], 0), 2, 2, 1, false)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(affineFit(A, columnOf([1, 1], 0), 4, 2, 1, true)).toBeDefined();
    expect(affineFit(A, columnOf([1, 1], 0), 3, 2, 1, false)).toBeDefined();
  });

  it('knows the columns that are one number', () => {
    expect(columnsThatVary(Float64Array.of(1, 5, 0, 1, 6, 0, 1, 5, 1e-7), 3)).toEqual([1]);
    expect(columnsThatVary(Float64Array.of(1, 5, 0), 3)).toEqual([]);
  });
});

describe('numbers estimated from an output', () => {
  const at = Array.from({ length: 8 }, (_, k) => k / 4);
  const curve = ([a, b]: readonly number[]) => row(...at.map(t => a * Math.exp(b * t)));

  it('are found where the model can give it', () => {
    const found = fitTo(curve([2, -1.5]), [1, 0], curve, 1e-9)!;
    expect(found.values.map(v => Number(v.toFixed(7)))).toEqual([2, -1.5]);
    expect(found.y).toEqual(curve(found.values));
  });

  it('are none where it cannot, or there is no output of that size', () => {
    expect(fitTo(row(...at.map(t => Math.sin(9 * t))), [1, 0], curve, 1e-3)).toBeUndefined();
    expect(fitTo(row(1, 2), [1, 0], curve, 1e9)).toBeUndefined();
    expect(fitTo(curve([2, 1]), [1, 0], () => undefined, 1e9)).toBeUndefined();
    // nothing moves y
    expect(fitTo(row(1, 1), [0.5], () => row(0, 0), 0.5)).toBeUndefined();
  });

  it('are the start where that is near enough already', () => {
    let runs = 0;
    const counted = (v: readonly number[]) => {
      runs++;
      return curve(v);
    };
    expect(fitTo(curve([2, 1]), [2, 1], counted, 1e-9)?.values).toEqual([2, 1]);
    expect(runs).toBe(1);
  });

  it('may be off by more where a value was rounded by more', () => {
    const y = curve([2, -1]);
    const rounded = row(...Array.from(y.data, (v, k) => (k === 0 ? v + 0.01 : v)));
    const each = Float64Array.from(y.data, (_, k) => (k === 0 ? 0.01 : 1e-8));
    const found = fitWithin(rounded, [1, 0], curve, 1e-8, each)!;
    expect(found.values.map(v => Number(v.toFixed(5)))).toEqual([2, -1]);
    expect(found.y).toEqual(curve(found.values));
    expect(
      fitWithin(
        rounded,
        [1, 0],
        curve,
        1e-8,
        each.map(() => 1e-8),
        {},
      ),
    ).toBeUndefined();
  });

  it('are compared by the sum of squares, infinite where it is no number', () => {
    expect([squaredDistance(row(1, 2).data, row(3, 5).data), squaredDistance(row(Number.NaN).data, row(1).data)]).toEqual([13, Infinity]);
  });
});
