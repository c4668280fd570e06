import { RnnError } from '../errors.js';
import { allocate, type FloatArray, precisionOf, type Tensor } from '../tensor/tensor.js';
import { multiply, NO_COST, sequenceOf } from './dims.js';
import type { LayerBase, LayerKind, Value } from './layer.js';

/** Over time, [N, T, M] -> [N, M]: maximum, mean, or the last step in time order. */
export interface PoolSpec extends LayerBase {
  readonly kind: 'maxpool' | 'avgpool' | 'last';
  /** leave masked steps out. Keras' GlobalMaxPooling1D does not, its GlobalAveragePooling1D does */
  readonly useMask: boolean;
}

type PoolOneUnit = (x: FloatArray, T: number, at: (t: number) => number, real: (t: number) => boolean) => number;

function pooling(name: PoolSpec['kind'], kerasClass: string, useMask: boolean, pool: PoolOneUnit): LayerKind<PoolSpec> {
  return {
    name,
    reads: 'sequence',
    grammar: {},
    kerasClass: () => kerasClass,
    fields: { useMask: { type: 'boolean', default: useMask } },
    weightShapes: () => [],
    outputShape(_layer, [input]) {
      const [N, , M] = sequenceOf(input);
      return [N, M];
    },
    cost(_layer, [input]) {
      const [, T, M] = sequenceOf(input);
      return name === 'last' ? NO_COST : { ...NO_COST, elementwise: multiply(T.size, M.size) };
    },
    formula: () => null,
    apply: (layer, [input]) => ({ tensor: poolTime(input, layer.useMask, pool) }),
  };
}

// NaN passes: once most is NaN, nothing is greater.
export const maxpool = pooling('maxpool', 'GlobalMaxPooling1D', false, (x, T, at, real) => {
  let most = -Infinity;
  for (let t = 0; t < T; t++) if (real(t) && (x[at(t)] > most || Number.isNaN(x[at(t)]))) most = x[at(t)];
  return most;
});

// A sample without any real step has mean 0 / 0 = NaN in Keras as well.
export const avgpool = pooling('avgpool', 'GlobalAveragePooling1D', true, (x, T, at, real) => {
  let sum = 0;
  let steps = 0;
  for (let t = 0; t < T; t++) {
    if (!real(t)) continue;
    sum += x[at(t)];
    steps++;
  }
  return sum / steps;
});

export const last = pooling('last', 'Lambda', true, (x, T, at, real) => {
  let t = T - 1;
  while (t > 0 && !real(t)) t--;
  return x[at(t)];
});

function poolTime(input: Value, useMask: boolean, pool: PoolOneUnit): Tensor {
  const [N, T, M] = input.tensor.shape;
  if (T === 0) throw new RnnError('shape', 'E_EMPTY', 'cannot pool over zero time steps');
  const mask = useMask ? input.mask : undefined;
  const data = allocate(N * M, precisionOf(input.tensor));
  for (let n = 0; n < N; n++) {
    const real = mask ? (t: number) => mask[n * T + t] === 1 : () => true;
    for (let m = 0; m < M; m++) data[n * M + m] = pool(input.tensor.data, T, t => (n * T + t) * M + m, real);
  }
  return { shape: [N, M], data };
}
