import { RnnError } from '../../errors.js';
import type { OnnxGraph, OnnxNode } from '../../formats/onnx/graph.js';
import { graphOf, nodeLabel } from '../../ops/attributes.js';
import type { Walk } from './graphWalk.js';
import type { Nodes, Wire } from './nodes.js';
import { notExpressible } from './notExpressible.js';

/** An If whose branches differ in shape, and whose condition is not known before the graph runs. */
export class Undecided extends RnnError {
  constructor(
    readonly node: OnnxNode,
    { kind, code, message }: RnnError,
  ) {
    super(kind, code, message);
  }
}

/**
 * Follows an If: the branch taken if the condition is known, else both branches, joined by a Where.
 * @param follow follows the nodes of a branch
 */
export function branch(
  node: OnnxNode,
  condition: Wire | undefined,
  walk: Walk,
  follow: (graph: OnnxGraph, walk: Walk) => void,
): readonly Wire[] {
  if (node.opType !== 'If' || !condition) throw notExpressible(`${node.opType} depends on computed values`);
  const given = (name: string) => {
    const graph = graphOf(node, name);
    if (!graph) throw notExpressible('If has no branches');
    const inside = { ...walk, values: new Map(walk.values) };
    const from = walk.nodes.unfit.length;
    follow(graph, inside);
    if (walk.nodes.unfit.length > from) throw walk.nodes.unfit.splice(from)[0];
    walk.nodes.node = node;
    return graph.outputs.map(output => inside.values.get(output.name)!);
  };
  const taken = walk.taken?.get(node);
  if (taken) return given(taken);
  if ('constant' in condition) return given(condition.constant.data[0] === 0 ? 'else_branch' : 'then_branch');
  const { said } = walk.nodes;
  const before = new Map(said);
  const [yes, no] = ['then_branch', 'else_branch'].map(name => {
    const wires = possible(() => given(name));
    const own = [...said];
    said.clear();
    for (const [letter, size] of before) said.set(letter, size);
    return { wires, own: new Map(own) };
  });
  // an axis has the size that one branch needs only where the other needs it, too
  for (const [letter, size] of yes.own) if (no.own.get(letter) === size) said.set(letter, size);
  return joined(node, condition, [yes.wires, no.wires], walk);
}

/** What an undecided If gives. */
function joined(
  node: OnnxNode,
  condition: Wire,
  [yes, no]: readonly [readonly Wire[] | RnnError, readonly Wire[] | RnnError],
  walk: Walk,
): readonly Wire[] {
  if (yes instanceof RnnError) {
    if (no instanceof RnnError) throw no;
    return no;
  }
  if (no instanceof RnnError) return yes;
  return yes.map((wire, i) => either(node, condition, [wire, no[i]], walk.nodes));
}

/** A branch that fails on these sizes cannot be the one that is taken. */
export function possible<T>(give: () => T): T | RnnError {
  try {
    return give();
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'shape') return error;
    throw error;
  }
}

/** Joins two branches by a Where. @throws RnnError if they give different shapes */
function either(node: OnnxNode, condition: Wire, wires: readonly [Wire, Wire], nodes: Nodes): Wire {
  const [a, b] = wires.map(wire => nodes.shape(wire).map(d => d.symbol));
  if (a.join() !== b.join())
    throw new Undecided(
      node,
      notExpressible(`${nodeLabel(node)} gives [${a.join(', ')}] or [${b.join(', ')}], depending on computed values`),
    );
  const one = nodes.shape(condition).length === 0 ? condition : nodes.op('condition', 'Reshape', [condition, nodes.int([])]);
  return nodes.op(node.name || 'if', 'Where', [one, ...wires]);
}
