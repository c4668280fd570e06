import { RnnError } from '../../errors.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { showShape } from '../dims.js';
import type { ScriptCall } from '../facets.js';
import { numbers } from '../fields.js';
import { checkOption, type Json } from '../kerasConfig.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import { CROSSED_FROM, crossed, fingerprint, keyed } from './fingerprint.js';

/**
 * Hashes whole numbers into bins (Keras Hashing), or tuples with one number from each input (HashedCrossing): [N, …] -> [N, …].
 * No text is read here.
 */
export interface HashingSpec extends LayerBase {
  readonly kind: 'hashing';
  readonly bins: number;
  /** key of SipHash; null: FarmHash, which has none */
  readonly salt: readonly number[] | null;
  /** the number that is mapped to bin 0, which no other number is */
  readonly maskValue: number | null;
  /** '' if it is part of a layer that encodes the bins */
  readonly kerasClass: string;
}

const CLASSES = ['Hashing', 'HashedCrossing', ''];

export const hashing: LayerKind<HashingSpec> = {
  name: 'hashing',
  joins: true,
  tokens: 'read',
  reads: 'anything',
  kerasClass: layer => layer.kerasClass,
  fields: {
    bins: { type: 'size' },
    salt: numbers({ count: 2, default: null }),
    maskValue: { type: 'number', default: null },
    kerasClass: { type: 'choice', choices: CLASSES, default: 'Hashing' },
  },
  scripts: { keras: { expression: constructed, type: () => 'i64' } },
  outputShape(_layer, inputs) {
    const [first, ...others] = inputs.map(showShape);
    const other = others.find(shape => shape !== first);
    if (other === undefined) return inputs[0];
    throw new RnnError('shape', 'E_MERGE', `crosses inputs of one shape but gets ${first} and ${other}`, {
      expected: first,
      found: other,
    });
  },
  apply(layer, inputs) {
    const tensors = inputs.map(({ tensor }) => tensor);
    const binOf =
      layer.maskValue !== null && layer.bins > 1 && inputs.length === 1 ? masked(layer, layer.maskValue) : hashed(layer, layer.bins);
    const { shape } = tensors[0];
    const data = Float64Array.from(tensors[0].data, (_, k) => binOf(tensors.map(t => whole(t.data, k))));
    return { tensor: { shape, data }, kind: 'int' };
  },
};

function constructed({ bins, salt, maskValue }: HashingSpec, { inputs }: ScriptCall): string {
  const [first, ...others] = inputs.map(x => `keras.ops.cast(${x}, "int64")`);
  if (others.length > 0) return `keras.layers.HashedCrossing(${bins})([${[first, ...others].join(', ')}])`;
  const options = [`salt=${pythonText(salt)}`, `mask_value=${pythonText(maskValue)}`];
  return `keras.layers.Hashing(${[bins, ...options].join(', ')})(${first})`;
}

/** Reads the fields from a Keras config. @throws RnnError E_KERAS_OPTION */
export function hashingOf(config: Json): Json {
  checkOption(config, 'sparse', [false]);
  const { num_bins: bins, salt = null, mask_value: maskValue = null } = config;
  return { bins, salt: typeof salt === 'number' ? [salt, salt] : salt, maskValue };
}

/** Truncates element k to a whole number, as Keras does. @throws RnnError E_TOKEN if it is not finite, or so large that it may have been rounded */
function whole(data: FloatArray, k: number): bigint {
  const v = data[k];
  const limit = data instanceof Float32Array ? 2 ** 24 : 2 ** 53;
  if (Math.abs(v) < limit) return BigInt(Math.trunc(v));
  const message = Number.isFinite(v)
    ? `hashes ${v}, which may be another number than the one that was given`
    : `hashes ${v}, which is no number`;
  throw new RnnError('shape', 'E_TOKEN', message, {
    expected: `whole numbers within ±${limit - 1}`,
    found: `${v} at position ${k}`,
    ...(Number.isFinite(v) && limit === 2 ** 24 ? { fix: 'compute in float64 (--dtype f64)' } : {}),
  });
}

function hashed({ salt }: HashingSpec, bins: number): (values: readonly bigint[]) => number {
  return values => {
    if (values.length > 1) return Number(values.reduce((hash, v) => crossed(hash, BigInt.asUintN(64, v)), CROSSED_FROM) % BigInt(bins));
    const bytes = new TextEncoder().encode(String(values[0]));
    return Number((salt === null ? fingerprint(bytes) : keyed(bytes, salt)) % BigInt(bins));
  };
}

/** Reserves bin 0 for the mask value. */
function masked(layer: HashingSpec, mask: number): (values: readonly bigint[]) => number {
  const binOf = hashed(layer, layer.bins - 1);
  return values => (Number(values[0]) === mask ? 0 : binOf(values) + 1);
}
