import type { WeightShape } from '../../cells/cell.js';
import { isRecurrent, type LayerSpec } from '../../model/spec.js';
import type { NumpyStream } from './drawn.js';

/** Initialisers in NumPy, with the same draws in the same order as `weights/initializers`. */

type Kernel = (shape: readonly number[]) => string;

const list = (shape: readonly number[]) => shape.join(', ');
const fanIn: Kernel = ([rows]) => String(rows);
const bothFans: Kernel = shape => `(${shape[0]} + ${shape[shape.length - 1]})`;
const scaled =
  (call: string, times: number, fans: Kernel): Kernel =>
  shape =>
    `${call}(np.sqrt(${times} / ${fans(shape)}), ${list(shape)})`;

const KERNELS: Readonly<Record<string, Kernel>> = {
  glorot_uniform: scaled('uniform', 6, bothFans),
  he_uniform: scaled('uniform', 6, fanIn),
  lecun_uniform: scaled('uniform', 3, fanIn),
  glorot_normal: scaled('truncated', 2, bothFans),
  he_normal: scaled('truncated', 2, fanIn),
  lecun_normal: scaled('truncated', 1, fanIn),
  orthogonal: shape => `orthogonal(${list(shape)})`,
  random_normal: shape => `0.05 * normal(${list(shape)})`,
  random_uniform: shape => `uniform(0.05, ${list(shape)})`,
  standard_normal: shape => `normal(${list(shape)})`,
  zeros: shape => `np.zeros((${list(shape)}))`,
  ones: shape => `np.ones((${list(shape)}))`,
};

/** The Python expression that draws one weight. */
export function initText(init: string, layer: LayerSpec, { role, shape }: WeightShape, rows: number): string {
  if (init === 'torch') {
    if (isRecurrent(layer)) return `uniform(1 / np.sqrt(${layer.units}), ${list(shape)})`;
    return role === 'embeddings' ? `normal(${list(shape)})` : `uniform(1 / np.sqrt(${rows}), ${list(shape)})`;
  }
  if (role === 'bias') {
    const zeros = `np.zeros((${list(shape)},))`;
    return init === 'keras' && layer.kind === 'lstm' && layer.unitForgetBias ? `forget_bias(${zeros}, ${layer.units})` : zeros;
  }
  if (init === 'keras' && role === 'recurrentKernel') return KERNELS.orthogonal(shape);
  if (init === 'keras' && role === 'embeddings') return KERNELS.random_uniform(shape);
  return KERNELS[init === 'keras' ? 'glorot_uniform' : init](shape);
}

/** The Python functions that these expressions call. */
export function initPrelude({ uniform, normal }: NumpyStream): string {
  return `def uniform(limit, *shape):
    return ${uniform}(-limit, limit, shape)


def normal(*shape):
    return ${normal('*shape,')}


def truncated(deviation, *shape):
    values = []
    while len(values) < np.prod(shape):
        v = normal(1)[0]
        if -2 <= v <= 2:
            values.append(v * deviation / 0.8796256610342398)
    return np.reshape(values, shape)


def orthogonal(rows, columns):
    q, r = np.linalg.qr(normal(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    return q.T if rows < columns else q


def forget_bias(b, M):
    b.reshape(-1)[M : 2 * M] = 1
    return b

`;
}
