import type { OnnxAttribute, OnnxNode } from '../../formats/onnx/graph.js';

/** Attributes added after set 17, with the values that mean the behaviour of the older operator. */
const NEWER: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {
  AveragePool: { dilations: 1 },
  LpPool: { dilations: 1, ceil_mode: 0 },
  SpaceToDepth: { mode: 'DCR' },
  Resize: { antialias: 0, keep_aspect_ratio_policy: 'stretch', axes: 'all' },
  QuantizeLinear: { saturate: 1, block_size: 0, output_dtype: 0, precision: 0 },
  DequantizeLinear: { block_size: 0, output_dtype: 0 },
  Cast: { saturate: 1, round_mode: 'up' },
};

/** Returns the node in the form of set 17, or what is newer in it if set 17 cannot express it. */
export function inOlderSet(node: OnnxNode): OnnxNode | { readonly newer: string } {
  const { opType, attributes } = node;
  const same = NEWER[opType] ?? {};
  const isSame = (key: string, attribute: OnnxAttribute) =>
    'value' in attribute && [attribute.value].flat().every(value => String(value) === String(same[key]));
  const newer = [...attributes].find(([key, attribute]) => Object.hasOwn(same, key) && !isSame(key, attribute))?.[0];
  if (newer) return { newer: `${opType} with ${newer}` };
  if (/^Scatter/.test(opType) && ['min', 'max'].some(word => isReduction(attributes, word)))
    return { newer: `${opType} of the least or largest` };
  return { ...node, attributes: new Map([...attributes].filter(([key]) => !Object.hasOwn(same, key))) };
}

function isReduction(attributes: OnnxNode['attributes'], word: string): boolean {
  const reduction = attributes.get('reduction');
  return reduction?.type === 'string' && reduction.value === word;
}
