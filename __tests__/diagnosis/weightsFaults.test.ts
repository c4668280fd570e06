import { compareWeights } from '../../src/diagnosis/weightsFaults.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { tensor } from '../helpers/scenarios.js';

/** What is said of two tensors of one name: each change as loops of the test's own, and a change near it that is none of them. */
const model = checkSpec({
  input: { timesteps: 4, features: 3 },
  layers: [
    { kind: 'lstm', name: 'l', units: 2, returnSequences: true, bidirectional: 'concat' },
    { kind: 'gru', name: 'g', units: 3, returnSequences: true },
    { kind: 'lstm', name: 'p', units: 6, returnSequences: true },
    { kind: 'rnn', name: 'r', units: 5, returnSequences: true },
    { kind: 'dense', name: 'd', units: 5 },
  ],
});
const shapes = inferShapes(model);
const shapeOf = (name: string) => {
  const found = shapes.layers
    .flatMap(l => l.weights.map(w => [`${l.layer.name}/${w.name}`, w.shape] as const))
    .find(([own]) => own === name);
  if (!found) throw new Error(`no ${name}`);
  return found[1];
};
const drawn = (shape: readonly number[], by = 1) => tensor(shape, k => Math.fround(Math.sin(by + 3 * k + k * k)));

/** Each number from its row and column; `at` gives those of the first tensor. */
type Move = (r: number, c: number, at: (r: number, c: number) => number) => number;
const moved = (t: Tensor, f: Move, shape = t.shape) => {
  const width = t.shape.at(-1)!;
  return tensor(shape, k => f(Math.floor(k / shape.at(-1)!), k % shape.at(-1)!, (r, c) => t.data[r * width + c]));
};
/** Gate g of the result is gate order[g] of the first; called by the order in which the blocks of the first are read. */
const gates =
  (order: readonly number[], M: number): Move =>
  (r, c, at) =>
    at(r, order[Math.floor(c / M)] * M + (c % M));
const onGate =
  (gate: number, M: number, f: (v: number) => number): Move =>
  (r, c, at) =>
    Math.floor(c / M) === gate ? f(at(r, c)) : at(r, c);
const flat = (t: Tensor, shape: readonly number[], place: (k: number) => number) => tensor(shape, k => t.data[place(k)]);
const turned = (t: Tensor) => {
  const [R, C] = t.shape;
  return flat(t, [C, R], k => (k % R) * C + Math.floor(k / R));
};
const half = (v: number) => {
  // float16 has 11 digits of binary and no exponent below −14
  const step = 2 ** Math.max(-24, Math.floor(Math.log2(Math.abs(v))) - 10);
  const n = v / step;
  const even = Math.abs(n % 1) === 0.5 ? 2 * Math.round(n / 2) : Math.round(n);
  return even * step;
};
const bfloat = (v: number) => {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, v);
  const raw = bits.getUint32(0);
  bits.setUint32(0, ((raw + 0x7fff + ((raw >>> 16) & 1)) & 0xffff0000) >>> 0);
  return bits.getFloat32(0);
};

const CASES: readonly (readonly [string, string, (t: Tensor) => Tensor, string | null])[] = [
  ['nothing', 'g/Wx', t => t, null],
  ['rounding', 'g/Wx', t => moved(t, (r, c, at) => at(r, c) * (1 + 2 ** -23)), null],
  ['a square matrix turned', 'd/Wo', turned, 'transposed'],
  ['i and f exchanged', 'p/Wx', t => moved(t, gates([1, 0, 2, 3], 6)), 'gate-order:figo'],
  ['z and r exchanged', 'g/Wx', t => moved(t, gates([1, 0, 2], 3)), 'gate-order:rzg'],
  ['a bias of other gates', 'p/bh', t => moved(t, gates([0, 2, 3, 1], 6)), 'gate-order:iofg'],
  [
    '1 more in the forget gate',
    'p/bh',
    t =>
      moved(
        t,
        onGate(1, 6, v => v + 1),
      ),
    'with 1 added to the forget gate',
  ],
  [
    '1 less in the forget gate',
    'p/bh',
    t =>
      moved(
        t,
        onGate(1, 6, v => v - 1),
      ),
    'with 1 taken from the forget gate',
  ],
  [
    '1 more in another gate',
    'p/bh',
    t =>
      moved(
        t,
        onGate(0, 6, v => v + 1),
      ),
    null,
  ],
  [
    'z turned',
    'g/Wh',
    t =>
      moved(
        t,
        onGate(0, 3, v => -v),
      ),
    'with the sign of z turned (1 − z)',
  ],
  [
    'r turned',
    'g/Wh',
    t =>
      moved(
        t,
        onGate(1, 3, v => -v),
      ),
    null,
  ],
  ['the rows of a bias exchanged', 'g/bh', t => moved(t, (r, c, at) => at(1 - r, c)), 'its two rows exchanged'],
  [
    'the rows of a bias added up',
    'g/bh',
    t => moved(t, (r, c, at) => (r === 0 ? at(0, c) + at(1, c) : 0)),
    'its rows added up in the first',
  ],
  ['the rows of a bias subtracted', 'g/bh', t => moved(t, (r, c, at) => (r === 0 ? at(0, c) - at(1, c) : 0)), null],
  ['halves of rows exchanged', 'g/Wx', t => moved(t, (r, c, at) => at((r + 2) % 4, c)), 'with its two halves of rows exchanged'],
  ['quarters of rows exchanged', 'g/Wx', t => moved(t, (r, c, at) => at((r + 1) % 4, c)), null],
  ['half of each', 'd/bo', t => moved(t, (r, c, at) => at(r, c) / 2), 'halved'],
  ['twice each', 'r/bh', t => moved(t, (r, c, at) => 2 * at(r, c)), 'doubled'],
  ['zeros', 'd/Wo', t => moved(t, () => 0), 'zero'],
  ['another sign', 'd/Wo', t => moved(t, (r, c, at) => -at(r, c)), 'negated'],
  ['each gate turned', 'g/Wh', t => moved(t, (r, c, at) => at(c % 3, 3 * Math.floor(c / 3) + r)), 'transposed in each gate'],
  ['reshaped', 'g/Wx', t => flat(turned(t), t.shape, k => k), 'reshaped instead of transposed'],
  ['in half precision', 'd/Wo', t => moved(t, (r, c, at) => half(at(r, c))), 'rounded to float16'],
  ['in bfloat16', 'd/Wo', t => moved(t, (r, c, at) => bfloat(at(r, c))), 'rounded to bfloat16'],
  ['in tenths', 'd/Wo', t => moved(t, (r, c, at) => Math.round(10 * at(r, c)) / 10), null],
  ['0.25 more', 'd/bo', t => moved(t, (r, c, at) => at(r, c) + 0.25), '0.25 added'],
  ['three times each', 'd/Wo', t => moved(t, (r, c, at) => 3 * at(r, c)), 'multiplied by 3'],
  ['squares', 'd/Wo', t => moved(t, (r, c, at) => at(r, c) ** 2), null],
  [
    'another order, and each gate turned',
    'g/Wh',
    t => {
      const own = moved(t, gates([1, 0, 2], 3));
      return moved(own, (r, c, at) => at(c % 3, 3 * Math.floor(c / 3) + r));
    },
    'gate-order:rzg, then transposed in each gate',
  ],
  ['another shape, turned', 'g/Wx', turned, 'transposed'],
  ['another shape, reshaped', 'g/Wx', t => flat(t, [t.shape[1], t.shape[0]], k => k), 'reshaped'],
  ['another shape in another order', 'g/Wx', t => turned(moved(t, gates([1, 0, 2], 3))), 'gate-order:rzg, then transposed'],
  ['another shape and other numbers', 'g/Wx', t => turned(moved(t, (r, c, at) => at(r, c) + r)), null],
  ['fewer numbers', 'g/Wx', t => flat(t, [t.shape[0] - 1, t.shape[1]], k => k), null],
];

const compared = (first: Map<string, Tensor>, second: Map<string, Tensor>) => compareWeights(model.layers, first, second);

describe('the change from one tensor to another', () => {
  it.each(CASES)('%s', (words, name, change, expected) => {
    const first = drawn(shapeOf(name));
    const second = change(first);
    const [found] = compared(new Map([[name, first]]), new Map([[name, second]]));
    const off = Array.from(first.data, (v, k) => Math.abs(v - second.data[k]));
    const isAlike = first.shape.join() === second.shape.join();
    const equal = words === 'nothing' || words === 'rounding';
    expect(found).toMatchObject({ name, shape: first.shape, change: expected, equal });
    expect(found.maxAbs).toBe(isAlike ? Math.max(...off) : null);
    if (!isAlike) expect(found.differing).toBeNull();
    else if (equal) expect(found.differing).toEqual({ count: 0, most: [] });
    else {
      expect(found.differing!.count).toBe(off.filter((d, k) => d > 2 ** -22 * Math.max(0.3, Math.abs(first.data[k]))).length);
      const [r, c = 0] = found.differing!.most;
      expect(found.differing!.most.map((v, axis) => v >= 0 && v < first.shape[axis])).not.toContain(false);
      expect(off[first.shape.length === 1 ? r : r * first.shape[1] + c]).toBeGreaterThan(0);
    }
  });
});

describe('tensors of other names', () => {
  const names = ['l/forward/Wx', 'l/backward/Wx'] as const;
  const [a, b] = names.map((name, i) => drawn(shapeOf(name), 5 * i + 1));
  it('the other direction', () => {
    const found = compared(
      new Map([
        [names[0], a],
        [names[1], b],
      ]),
      new Map([
        [names[0], b],
        [names[1], a],
      ]),
    );
    expect(found.map(t => t.change)).toEqual(['the other direction', 'the other direction']);
  });

  it('another layer', () => {
    const [one, other] = [drawn([5, 5]), drawn([5, 5], 9)];
    const found = compared(
      new Map([
        ['r/Wh', one],
        ['d/Wo', other],
      ]),
      new Map([
        ['r/Wh', other],
        ['d/Wo', one],
      ]),
    );
    expect(found.map(t => t.change)).toEqual(['from d/Wo', 'from r/Wh']);
  });

  it('only on one side: a bias of zeros is as good as none', () => {
    const zeros = tensor([5], () => 0);
    const [missing, added, zero] = [
      compared(new Map([['d/bo', drawn([5])]]), new Map()),
      compared(new Map(), new Map([['d/Wo', drawn([5, 5])]])),
      compared(new Map([['d/bo', zeros]]), new Map()),
    ].flat();
    expect(missing).toEqual({ name: 'd/bo', shape: [5], maxAbs: null, equal: false, differing: null, change: 'missing in the second' });
    expect(added).toEqual({ name: 'd/Wo', shape: [5, 5], maxAbs: null, equal: false, differing: null, change: 'missing in the first' });
    expect(zero).toEqual({
      name: 'd/bo',
      shape: [5],
      maxAbs: 0,
      equal: true,
      differing: { count: 0, most: [] },
      change: 'zero, and missing in the second',
    });
    expect(compared(new Map(), new Map([['d/Wo', tensor([5, 5], () => 0)]]))[0]).toMatchObject({
      equal: false,
      change: 'missing in the first',
    });
  });

  it('one number that is huge hides no other', () => {
    const first = tensor([40], k => (k === 7 ? 1e9 : 0.5 + k / 100));
    const second = tensor([40], k => first.data[k] + (k === 3 ? 1e-4 : 0));
    expect(compared(new Map([['r/bh', first]]), new Map([['r/bh', second]]))[0]).toMatchObject({
      equal: false,
      differing: { count: 1, most: [3] },
    });
  });
});
