import { RnnError } from '../../errors.js';
import { ONNX_TYPES } from '../../formats/onnx/types.js';
import { asObject, type Json } from '../../layers/kerasConfig.js';
import type { Call } from './calls.js';
import { callInputsOf } from './layers.js';
import { hasMasks } from './removedMasks.js';

/** Arguments with masks of attention's parts, the axis that each lacks, and the input whose own mask it replaces. */
const PART_MASKS = [
  ['query_mask', 2, 0],
  ['value_mask', 1, 1],
  ['key_mask', 1, 2],
] as const;

/**
 * Joins the masks of attention's parts into one mask [N, T, S]. MultiHeadAttention replaces a given query mask by the query's own mask, or none
 * (keras/src/layers/attention/multi_head_attention.py). @throws RnnError E_KERAS_OPTION
 */
export function joinedMasks(layers: Json[], layer: Json, name: string, given: Call): Call {
  const { query_mask: ofQuery, ...others } = given.rest;
  const isUsed = layer.class_name !== 'MultiHeadAttention';
  const parts = PART_MASKS.filter(([key]) => given.rest[key] !== undefined && (isUsed || key !== 'query_mask'));
  if (!('attention_mask' in callInputsOf(layer.class_name)) || (parts.length === 0 && ofQuery === undefined)) return given;
  const { attention_axes } = asObject(layer.config ?? {}, 'layer');
  // what the layer passes on is the query's own mask, which this one would take away
  if ((isUsed && ofQuery !== undefined && hasMasks(layers)) || String(attention_axes ?? 1) !== '1')
    throw new RnnError(
      'unsupported',
      'E_KERAS_OPTION',
      'attention is called with a query mask together with other masks, or along several axes',
      {
        where: 'query_mask',
        expected: 'attention_mask, or the masks that come with the tensors',
        found: parts.map(([key]) => key).join(', '),
      },
    );
  const rest: Record<string, unknown> = { ...others };
  const inputs = [...given.inputs];
  const op = (own: string, of: string, values: readonly string[], operands?: unknown, attributes?: unknown) => {
    layers.push({
      kind: 'op',
      name: `${name}/${own}`,
      op: of,
      inputs: values,
      ...(operands ? { operands } : {}),
      ...(attributes ? { attributes } : {}),
    });
    return `${name}/${own}`;
  };
  const truth = (key: string) =>
    op(`${key}_truth`, 'Cast', [(given.rest[key] as { value: string }).value], undefined, { to: ONNX_TYPES.bool });
  const joined = parts.map(([key, axis, input]) => {
    delete rest[key];
    if (inputs[input] !== undefined) inputs[input] = op(`${key}_of`, 'Identity', [inputs[input]]);
    return op(key, 'Unsqueeze', [truth(key)], [null, { type: 'int', value: [axis] }]);
  });
  const all = rest.attention_mask === undefined ? joined : [...joined, truth('attention_mask')];
  if (all.length === 0) return { ...given, rest };
  const mask = all.reduce((a, b, i) => op(`mask_${i}`, 'And', [a, b]));
  return { ...given, inputs, rest: { ...rest, attention_mask: { value: mask } } };
}
