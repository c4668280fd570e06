import { RECURRENT_OPS } from '../../conventions/onnx/recurrentNode.js';
import { graphsIn, type OnnxGraph } from '../../formats/onnx/graph.js';
import { intOf, intsOf } from '../../ops/attributes.js';

/** Names that exporters and people give to the axes N, T … */
const NAMES: readonly [RegExp, string][] = [
  [/^(n|b|batch(_?size)?|samples?|num_batch(es)?)$/i, 'N'],
  [/^(t|l|s|time(_?steps?)?|steps?|seq(uence)?(_?len(gth)?)?|num_steps|frames)$/i, 'T'],
];

/**
 * Infers the letters of the axes of every input of a graph, which may be [T, N, D] as in ONNX's own operators, from the recurrent nodes and
 * convolutions that read it and from the names of its axes. Any other axis gets the letter of its position: N first, T second of three, D last.
 */
export function axisLetters(graph: OnnxGraph): string[][] {
  const roles = recurrentRoles(graph);
  const bySymbol = new Map<string, string>();
  for (const { name, shape } of graph.inputs) {
    for (const [axis, n] of (shape ?? []).entries()) {
      if (typeof n !== 'string') continue;
      const letter = roles.get(`${name}:${axis}`) ?? NAMES.find(([pattern]) => pattern.test(n))?.[1];
      if (letter) bySymbol.set(n, letter);
    }
  }
  return graph.inputs.map(({ name, shape }, i) => {
    const own = (shape ?? []).map((n, axis) => roles.get(`${name}:${axis}`) ?? bySymbol.get(String(n)));
    const known = own.includes('N') || own.includes('T');
    // a first axis of fixed size is not the batch if that of the first input is open: it is a stack of states
    const stack = i > 0 && typeof shape?.[0] === 'number' && typeof graph.inputs[0].shape?.[0] !== 'number';
    const first = known || stack ? 'A' : 'N';
    const usual =
      shape?.length === 3 ? [first, first === 'N' ? 'T' : 'B', 'D'] : [first, ...'BCEFGH'.slice(0, Math.max(0, own.length - 2)), 'D'];
    // all inputs have the same batch; any other axis belongs to its input alone
    return own.map((letter, axis) => letter ?? (usual[axis] === 'N' || i === 0 ? usual[axis] : `${usual[axis]}${i + 1}`));
  });
}

/** Operators whose outputs have the axes of their input. */
const KEEPS: ReadonlySet<string> = new Set(['Slice', 'Split', 'Identity', 'Cast']);

/** Letters of a convolution's input, [N, C, T] or [N, C, H, W]. Channels that are the last axis of the graph's input keep the letter of that axis. */
function convolved([samples, channels, ...space]: readonly string[]): (readonly [string, string])[] {
  const letters = space.length === 1 ? ['T'] : space.length === 2 ? ['H', 'W'] : [];
  const [first, ...others] = letters.map((letter, i) => [space[i], letter] as const);
  if (!first) return [];
  return [[samples, 'N'], ...(channels.endsWith(':1') ? [[channels, 'C'] as const] : []), first, ...others];
}

/** Returns 'input:axis' -> letter for inputs that a recurrent node or a convolution reads, directly or with permuted axes. */
function recurrentRoles(graph: OnnxGraph): Map<string, string> {
  const nodes = graphsIn(graph).flatMap(g => g.nodes);
  const axes = new Map(graph.inputs.map(({ name, shape }) => [name, (shape ?? []).map((_, axis) => `${name}:${axis}`)]));
  const roles = new Map<string, string>();
  for (const node of nodes) {
    const from = axes.get(node.inputs[0] ?? '');
    if (node.domain !== '') continue;
    if (from && node.opType === 'Transpose') {
      const perm = intsOf(node, 'perm') ?? from.map((_, i) => from.length - 1 - i);
      const permuted = perm.flatMap(p => from[p] ?? []);
      if (permuted.length === from.length) axes.set(node.outputs[0], permuted);
    }
    // parts of a stack of states have its axes
    if (from && KEEPS.has(node.opType)) for (const name of node.outputs) axes.set(name, from);
    if (from && node.opType === 'Conv') for (const [axis, letter] of convolved(from)) roles.set(axis, letter);
    if (!Object.hasOwn(RECURRENT_OPS, node.opType)) continue;
    const batchFirst = intOf(node, 'layout') === 1;
    for (const [axis, letter] of (batchFirst ? ['N', 'T'] : ['T', 'N']).entries()) if (from?.[axis]) roles.set(from[axis], letter);
    for (const state of [5, 6]) {
      const axis = axes.get(node.inputs[state] ?? '')?.[batchFirst ? 0 : 1];
      if (axis) roles.set(axis, 'N');
    }
  }
  return roles;
}
