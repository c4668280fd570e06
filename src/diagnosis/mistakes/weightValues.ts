import { once } from '../../once.js';
import { doublesOf, type FloatArray, type Tensor } from '../../tensor/tensor.js';
import { mapData, mistake, onAllWeights, recurrentLayers, type Scenario, type Way } from '../mistake.js';

/**
 * Mistakes that apply a rule to all numbers of a matrix: small ones set to zero, rows and columns scaled to a given norm, a largest value.
 */

/** Matrices that were changed together, and their description. */
type Part = readonly [words: string, isIn: (layer: string, weight: string) => boolean];

const ALL: Part = ['each matrix', () => true];

/** All matrices, those of the recurrent layers, and each kind of them. */
function partsOf(scenario: Scenario): Part[] {
  const recurrent = new Set(recurrentLayers(scenario).map(l => l.name));
  const others = [...scenario.weights].some(([layer, own]) => !recurrent.has(layer) && [...own].some(([name, t]) => isMatrix(t, name)));
  return [
    ALL,
    ...(others ? [['each matrix of the recurrent layers', layer => recurrent.has(layer)] satisfies Part] : []),
    ['each Wh', (_, weight) => /(^|\/)Wh$/.test(weight)],
    ['each Wx', (_, weight) => /(^|\/)Wx$/.test(weight)],
  ];
}

/** Each single matrix, unless another part consists of that matrix alone. */
function matricesOf({ weights }: Scenario, beside: readonly Part[]): Part[] {
  const all = [...weights].flatMap(([layer, own]) => [...own].filter(([name, t]) => isMatrix(t, name)).map(([name]) => ({ layer, name })));
  const isTold = beside.flatMap(([, isIn]) => {
    const some = all.filter(({ layer, name }) => isIn(layer, name));
    return some.length === 1 ? some : [];
  });
  return all
    .filter(one => !isTold.includes(one))
    .map(({ layer, name }): Part => [`${name} of ${layer}`, (other, weight) => other === layer && weight === name]);
}

const isMatrix = (t: Tensor, name: string) => t.shape.length > 1 && !/(^|\/)bh$/.test(name);

/** Changes the matrices of a part. */
const onMatrices = ([, isIn]: Part, change: (t: Tensor) => Tensor) =>
  onAllWeights((t, name, layer) => (isMatrix(t, name) && isIn(layer, name) ? change(t) : t));

// ---- small numbers are zero -----------------------------------------------------------------------------------------------------------------

const SHARES = [0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9];
const LIMITS = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2];
/** Most matrices for which each is tried alone. */
const MOST_ALONE = 8;

/** Number of values in a share of n: torch.nn.utils.prune rounds; with np.quantile, it is the number of values up to that quantile. */
const COUNTS = [(n: number, share: number) => Math.round(share * n), (n: number, share: number) => Math.floor(share * (n - 1)) + 1];

/** The counts that select different numbers in matrices of these sizes. */
const countsFor = (share: number, sizes: readonly number[]) =>
  COUNTS.filter((count, i) => i === 0 || sizes.some(n => count(n, share) !== COUNTS[0](n, share)));

const sizesOf = ({ weights }: Scenario) =>
  [...weights.values()].flatMap(own => [...own].filter(([name, t]) => isMatrix(t, name)).map(([, t]) => t.data.length));

function without({ shape, data }: Tensor, limit: number): Tensor {
  const out = new Float64Array(data.length);
  for (let k = 0; k < out.length; k++) out[k] = Math.abs(data[k]) <= limit ? 0 : data[k];
  return { shape, data: out };
}

/** Caches a quantity of each tensor that many variants use. */
function ofTensor<R>(compute: (t: Tensor) => R): (t: Tensor) => R {
  const known = new WeakMap<FloatArray, R>();
  return t => {
    const result = known.get(t.data) ?? compute(t);
    known.set(t.data, result);
    return result;
  };
}

const sorted = ofTensor(({ data }) => doublesOf(data, Math.abs).sort());

/** The largest of the `count` smallest magnitudes. */
const limitOf = (sizes: Float64Array, count: number) => (count < 1 ? -1 : sizes[Math.min(count, sizes.length) - 1]);

/** Sets the two smallest of every four consecutive numbers along `axis` to zero. */
function twoOfFour(t: Tensor, axis: 0 | 1): Tensor {
  const [R, C] = t.shape;
  const at = (k: number, i: number) => (axis === 0 ? (Math.floor(Math.floor(k / C) / 4) * 4 + i) * C + (k % C) : k - (k % 4) + i);
  return mapData(t, (v, k) => {
    const larger = [0, 1, 2, 3].map(i => at(k, i)).filter(j => j !== k && Math.abs(t.data[j]) > Math.abs(v));
    return t.shape.length === 2 && (axis === 0 ? R : C) % 4 === 0 && larger.length > 1 ? 0 : v;
  });
}

/** Prunes all matrices with one common limit. */
function prunedTogether(all: () => Float64Array, share: number, count: (typeof COUNTS)[number]): Way['change'] {
  const limit = once(() => limitOf(all(), count(all().length, share)));
  return onMatrices(ALL, t => without(t, limit()));
}

/** The magnitudes of all matrices, sorted. */
function sortedTogether({ weights }: Scenario): Float64Array {
  const matrices = [...weights.values()].flatMap(own => [...own].filter(([name, t]) => isMatrix(t, name)));
  return concatenated(matrices.map(([, t]) => sorted(t))).sort();
}

function concatenated(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const weightsPruned = mistake('weights-pruned', 'small weights are set to zero', ['insideStep', 'alone'], {
  why: 'The weights that are small are 0, as pruning or a threshold leaves them.',
  numpy: 'np.mean(Wx == 0)              # ← the share of zeros, matrix by matrix: none where nothing was pruned',
  torch: 'model.load_state_dict(torch.load("w.pt"))   # ← before torch.nn.utils.prune',
  variants(scenario) {
    const parts = partsOf(scenario);
    const matrices = matricesOf(scenario, parts);
    const together = once(() => sortedTogether(scenario));
    const way = (words: string, change: Way['change']): Way => ({ rare: true, change, why: `${words} are 0, as pruning leaves them.` });
    const percent = (share: number) => `${Math.round(100 * share)} %`;
    const sizes = sizesOf(scenario);
    const shared = (part: Part) =>
      SHARES.flatMap(share =>
        countsFor(share, part === ALL ? sizes : []).map(count =>
          way(
            `Of ${part[0]} the smallest ${percent(share)} of the numbers`,
            onMatrices(part, t => without(t, limitOf(sorted(t), count(t.data.length, share)))),
          ),
        ),
      );
    return [
      ...parts.flatMap(shared),
      ...(matrices.length <= MOST_ALONE ? matrices.flatMap(shared) : []),
      ...SHARES.flatMap(share =>
        countsFor(share, [sizes.reduce((a, b) => a + b, 0)]).map(count =>
          way(`Of all matrices together the smallest ${percent(share)} of the numbers`, prunedTogether(together, share, count)),
        ),
      ),
      ...LIMITS.map(limit =>
        way(
          `All numbers of the matrices up to ±${limit}`,
          onMatrices(ALL, t => without(t, limit)),
        ),
      ),
      ...([0, 1] as const).map(axis =>
        way(
          `Of every four numbers in a ${axis === 0 ? 'column' : 'row'} of each matrix the two smallest (2:4 sparsity)`,
          onMatrices(ALL, t => twoOfFour(t, axis)),
        ),
      ),
    ];
  },
});

// ---- lengths ------------------------------------------------------------------------------------------------------------------------------

/** The norms of the columns (axis 0) or rows of a matrix. */
const lengthsOf = [0, 1].map(axis =>
  ofTensor(({ shape, data }) => {
    const C = shape[shape.length - 1];
    const squares = new Float64Array(axis === 0 ? C : data.length / C);
    for (let k = 0, r = 0; k < data.length; r++) for (let c = 0; c < C; c++, k++) squares[axis === 0 ? c : r] += data[k] * data[k];
    return squares.map(Math.sqrt);
  }),
);

/** Multiplies each row or column of [R, C] by `factor` of its norm. */
function scaledLines(t: Tensor, axis: 0 | 1, factor: (length: number) => number): Tensor {
  const factors = lengthsOf[axis](t).map(length => (length > 0 ? factor(length) : 1));
  if (factors.every(f => f === 1)) return t;
  const C = t.shape[t.shape.length - 1];
  const data = new Float64Array(t.data.length);
  for (let k = 0, r = 0; k < data.length; r++) for (let c = 0; c < C; c++, k++) data[k] = t.data[k] * factors[axis === 0 ? c : r];
  return { shape: t.shape, data };
}

const POWER_STEPS = 200;

/** The largest singular value of [R, C], by the power method. */
const spectralNorm = ofTensor(({ shape: [R, C], data }): number => {
  let v = Float64Array.from({ length: C }, (_, c) => 1 + Math.sin(c + 1) / 2);
  let length = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    const next = new Float64Array(C);
    for (let r = 0, at = 0; r < R; r++, at += C) {
      let u = 0;
      for (let c = 0; c < C; c++) u += data[at + c] * v[c];
      for (let c = 0; c < C; c++) next[c] += data[at + c] * u;
    }
    const size = Math.hypot(...next);
    if (!(size > 0)) return 1;
    const before = length;
    length = Math.sqrt(size);
    v = next.map(one => one / size);
    if (Math.abs(length - before) < 1e-13 * length) break;
  }
  return length;
});

const MOST_LENGTHS = [0.5, 1, 2, 3, 4];

export const weightsNormalised = mistake('weights-normalised', 'rows or columns of the weights have length 1', ['insideStep', 'alone'], {
  why: 'Rows or columns of the weights are divided by their length: of a weight normalisation (W = g · v / |v|) the factor g is left out, or a norm was applied once more.',
  numpy: 'np.linalg.norm(Wx, axis=0)    # ← 1 everywhere: the factor g of W = g · v / |v| is missing',
  torch: "torch.nn.utils.remove_weight_norm(module)   # ← before the state dict is saved: 'weight' is then g · v / |v|",
  variants(scenario) {
    const way = (words: string, change: Way['change'], fix?: Way['fix']): Way => ({
      rare: true,
      change,
      why: `${words}.`,
      ...(fix && { fix }),
    });
    return partsOf(scenario).flatMap(part => {
      const isAll = part === ALL;
      const of = part[0];
      return [
        ...([0, 1] as const).map(axis =>
          way(
            `The ${axis === 0 ? 'columns' : 'rows'} of ${of} are divided by their length (weight normalisation without its factor)`,
            onMatrices(part, t => scaledLines(t, axis, length => 1 / length)),
          ),
        ),
        way(
          `The numbers of ${of} are divided by its largest singular value (spectral normalisation)`,
          onMatrices(part, t => (t.shape.length === 2 ? scaled(t, 1 / spectralNorm(t)) : t)),
          { numpy: 'np.linalg.norm(Wx, 2)         # ← 1 where a matrix was divided by it' },
        ),
        ...(isAll || of.includes('recurrent')
          ? MOST_LENGTHS.map(most =>
              way(
                `The columns of ${of} are no longer than ${most} (max_norm)`,
                onMatrices(part, t => scaledLines(t, 0, length => Math.min(1, most / length))),
                { keras: 'x = LSTM(M)(i)                # ← no kernel_constraint=max_norm(c)' },
              ),
            )
          : []),
      ];
    });
  },
});

const scaled = (t: Tensor, factor: number) => mapData(t, v => factor * v);

const LARGEST = [0.01, 0.05, 0.1, 0.2, 0.25, 0.5, 1];

export const weightsClipped = mistake('weights-clipped', 'the weights are cut off at a largest value', ['insideStep', 'alone'], {
  why: 'The weights are cut off at a largest value: weight clipping that was left on, or a number format that holds no larger ones.',
  numpy: 'np.abs(Wx).max()              # ← the limit, where np.clip was applied',
  variants: scenario =>
    partsOf(scenario)
      .slice(0, 2)
      .flatMap(part =>
        LARGEST.map(
          (limit): Way => ({
            rare: true,
            change: onMatrices(part, t => mapData(t, v => Math.min(limit, Math.max(-limit, v)))),
            why: `The numbers of ${part[0]} are cut off at ±${limit}.`,
          }),
        ),
      ),
});
