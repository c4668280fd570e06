import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type OnnxAttribute, type OnnxGraph, type OnnxNode, readsOf } from './graph.js';

/**
 * Checks that a graph and its subgraphs are consistent: every name is defined once, every name that a node reads is defined, and there is no
 * cycle.
 * @param around names that a subgraph can read from the graphs around it
 * @returns the graph with its nodes in an order in which they can be computed; the file's order if possible
 * @throws RnnError E_ONNX_DUPLICATE, E_ONNX_MISSING, E_ONNX_CYCLE (format)
 */
export function checkGraph(graph: OnnxGraph, notes: string[], around: ReadonlySet<string> = new Set()): OnnxGraph {
  const given = new Set([...graph.inputs.map(input => input.name), ...graph.initializers.keys()]);
  const made = new Set<string>();
  for (const node of graph.nodes) {
    for (const name of node.outputs.filter(name => name !== '')) {
      if (given.has(name) || made.has(name))
        throw graphError('E_ONNX_DUPLICATE', node, `computes '${escapeText(name, 60)}', which already exists`);
      made.add(name);
    }
  }
  for (const node of graph.nodes) {
    const missing = readsOf(node).find(name => name !== '' && !given.has(name) && !made.has(name) && !around.has(name));
    if (missing !== undefined) throw graphError('E_ONNX_MISSING', node, `reads '${escapeText(missing, 60)}', which nothing computes`);
  }
  for (const { name } of graph.outputs) {
    if (!given.has(name) && !made.has(name) && !around.has(name)) {
      throw new RnnError('format', 'E_ONNX_MISSING', `nothing computes the graph's output '${escapeText(name, 60)}'`, { where: 'graph' });
    }
  }
  const nodes = inOrder(graph.nodes, made);
  if (nodes.some((node, i) => node !== graph.nodes[i])) notes.push('the nodes were not in order of computation and were sorted');
  const inside = new Set([...around, ...given, ...made]);
  return { ...graph, nodes: nodes.map(node => withChecked(node, notes, inside)) };
}

function withChecked(node: OnnxNode, notes: string[], around: ReadonlySet<string>): OnnxNode {
  if (!node.captures) return node;
  const attributes = [...node.attributes].map(([name, a]): [string, OnnxAttribute] => [
    name,
    a.type === 'graph' ? { ...a, value: checkGraph(a.value, notes, around) } : a,
  ]);
  return { ...node, attributes: new Map(attributes) };
}

/** Sorts nodes so that each comes after those it reads from, and otherwise in the order of the file. */
function inOrder(nodes: readonly OnnxNode[], made: ReadonlySet<string>): OnnxNode[] {
  const waiting = new Map<string, number[]>();
  const missing = nodes.map((node, i) => {
    const names = new Set(readsOf(node).filter(name => made.has(name)));
    for (const name of names) {
      const list = waiting.get(name) ?? [];
      list.push(i);
      waiting.set(name, list);
    }
    return names.size;
  });
  const ordered: OnnxNode[] = [];
  // each pass takes the nodes that are ready, in the file's order
  let ready = [...nodes.keys()].filter(i => missing[i] === 0);
  while (ready.length > 0) {
    const next: number[] = [];
    for (let at = 0; at < ready.length; at++) {
      const node = nodes[ready[at]];
      ordered.push(node);
      for (const name of node.outputs) {
        for (const i of waiting.get(name) ?? []) {
          if (--missing[i] === 0) next.push(i);
        }
      }
    }
    ready = next.sort((a, b) => a - b);
  }
  if (ordered.length < nodes.length) {
    const stuck = nodes[missing.findIndex(count => count > 0)];
    throw graphError('E_ONNX_CYCLE', stuck, 'depends on its own output, directly or through other nodes');
  }
  // keep the file's order where it can be computed in this order
  return isOrdered(nodes, made) ? [...nodes] : ordered;
}

function isOrdered(nodes: readonly OnnxNode[], made: ReadonlySet<string>): boolean {
  const known = new Set<string>();
  return nodes.every(node => {
    const ready = readsOf(node).every(name => !made.has(name) || known.has(name));
    for (const name of node.outputs) known.add(name);
    return ready;
  });
}

function graphError(code: string, node: OnnxNode, message: string): RnnError {
  const name = node.name === '' ? '' : ` '${escapeText(node.name, 60)}'`;
  const at = node.offset === undefined ? '' : `offset ${node.offset}: `;
  return new RnnError('format', code, `${at}the node${name} (${escapeText(node.opType, 40)}) ${message}`, { where: 'graph' });
}
