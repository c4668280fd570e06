import { graphsIn, type OnnxModel, type OnnxNode } from '../../formats/onnx/graph.js';
import { isHalf, ONNX_DTYPES } from '../../formats/onnx/types.js';
import type { Assumption } from '../../model/assumptions.js';
import { intOf } from '../../ops/attributes.js';

/**
 * The assumption that a graph which computes in 16 bits is run in float32. It does not count if weights are only stored in 16 bits and cast before
 * use, or if a value is cast to 16 bits and back.
 */
export function halfPrecision({ graph }: OnnxModel): Assumption[] {
  const computes = graphsIn(graph).some(({ inputs, outputs, nodes, initializers }) => {
    const halves = new Set([...inputs, ...outputs].filter(v => isHalf(v.dtype)).map(v => v.name));
    for (const [name, { dtype }] of initializers) if (isHalf(dtype)) halves.add(name);
    for (const node of nodes) if (castsToHalf(node)) halves.add(node.outputs[0]);
    return nodes.some(node => node.opType !== 'Cast' && [...node.inputs, ...node.outputs].some(name => halves.has(name)));
  });
  if (!computes) return [];
  const what =
    '16-bit floats were computed as float32, which usually moves y by about 0.1 % of its scale (bfloat16: 1 %), more where the network amplifies rounding';
  return [{ fact: 'precision', what, value: 'float32', why: 'the graph computes in float16 or bfloat16', say: null }];
}

function castsToHalf(node: OnnxNode): boolean {
  return node.opType === 'Cast' && isHalf(ONNX_DTYPES.get(intOf(node, 'to') ?? 0));
}
