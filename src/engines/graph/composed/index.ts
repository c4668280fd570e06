import { RnnError, within } from '../../../errors.js';
import { type Attributes, newBuilder } from '../../../formats/onnx/builder.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode, readsOf, withBodies } from '../../../formats/onnx/graph.js';
import { nodePlace, onlyAttributes } from '../../../ops/attributes.js';
import { ATTENTION } from './attention.js';
import type { Composed, Parts } from './composed.js';
import { FUSED } from './fused.js';
import { QUANTISED_FUNCTIONS } from './quantised.js';

/**
 * Operators that are replaced by several standard ONNX operators: those that ONNX Runtime writes when it optimises or quantises a graph
 * (com.microsoft), and attention. They are replaced when a graph is read, so that all code that works on graphs can handle them.
 */
const COMPOSED: Readonly<Record<string, Composed>> = { ...FUSED, ...ATTENTION, ...QUANTISED_FUNCTIONS };

export const COMPOSED_OPERATORS: readonly string[] = Object.keys(COMPOSED);

/** The operator set of the replacements. */
const OPSET = 23;

function composedOf({ domain, opType }: OnnxNode): Composed | undefined {
  const key = domain === '' ? opType : `${domain}.${opType}`;
  return Object.hasOwn(COMPOSED, key) ? COMPOSED[key] : undefined;
}

/** Returns the model with these operators replaced; a node with unknown attributes is left as it is. */
export function withParts(model: OnnxModel): OnnxModel {
  const graphs = graphsIn(model.graph);
  if (!graphs.some(graph => graph.nodes.some(composedOf))) return model;
  const names = graphs.flatMap(g => [...g.initializers.keys(), ...g.inputs.map(i => i.name), ...g.nodes.flatMap(n => n.outputs)]);
  const builder = newBuilder(names);
  const truths = truthsIn(graphs);
  const declared = new Map(
    graphs.flatMap(g => [
      ...g.inputs.map(i => [i.name, i.shape ?? undefined] as const),
      ...[...g.initializers].map(([n, t]) => [n, t.shape] as const),
    ]),
  );
  const read = new Set(graphs.flatMap(g => [...g.nodes.flatMap(readsOf), ...g.outputs.map(o => o.name)]));
  const partsOf = (node: OnnxNode): OnnxNode[] => {
    const composed = composedOf(node);
    const inside = withBodies(node, expanded);
    if (!composed) return [inside];
    const from = builder.nodes.length;
    try {
      onlyAttributes(node, composed.attributes);
      const parts = { ...partsBuilder(node, builder, truths), shapeOf: (name: string) => declared.get(name) };
      const gives = within(nodePlace(node), () => composed.parts(parts));
      if (!gives || node.outputs.some((name, i) => name !== '' && read.has(name) && gives[i] === undefined)) return [inside];
      const nodes = builder.nodes.slice(from).map(n => ({ ...n, opset: OPSET, offset: node.offset }));
      return [...nodes, ...node.outputs.flatMap((name, i) => (name !== '' && read.has(name) ? [identity(gives[i]!, name)] : []))];
    } catch (error) {
      if (error instanceof RnnError && error.kind !== 'shape') return [inside];
      throw error;
    }
  };
  const expanded = (graph: OnnxGraph): OnnxGraph => ({ ...graph, nodes: graph.nodes.flatMap(partsOf) });
  const graph = expanded(model.graph);
  return { ...model, graph: { ...graph, initializers: new Map([...graph.initializers, ...builder.initializers]) } };
}

function identity(from: string, to: string): OnnxNode {
  return { name: '', opType: 'Identity', domain: '', inputs: [from], outputs: [to], attributes: new Map() };
}

function partsBuilder(node: OnnxNode, builder: ReturnType<typeof newBuilder>, truths: ReadonlySet<string>): Omit<Parts, 'shapeOf'> {
  const name = node.name || node.opType;
  const number = (value: number) => builder.tensor(`${name}.number`, { shape: [], dtype: 'f32', data: Float32Array.of(value) });
  return {
    node,
    input: i => node.inputs[i] || undefined,
    isTruth: of => truths.has(of),
    op: (opType, inputs, attributes: Attributes = {}) => builder.add(opType, inputs, attributes, name),
    ops: (opType, inputs, count, attributes = {}) => builder.addMany(opType, inputs, count, attributes, name),
    number,
    integers: values => builder.integers(values),
    integer: value => builder.scalar(value),
  };
}

const TRUTH = /^(Equal|Less|LessOrEqual|Greater|GreaterOrEqual|And|Or|Xor|Not|IsNaN|IsInf)$/;
const MOVES = /^(Identity|Reshape|Transpose|Squeeze|Unsqueeze|Expand|Slice|Gather|Concat|Tile|Flatten|Trilu|Where|Pad)$/;

/** Returns the names of the boolean values. */
function truthsIn(graphs: readonly OnnxGraph[]): Set<string> {
  const truths = new Set<string>();
  for (const graph of graphs) {
    for (const { name, dtype } of [...graph.inputs, ...[...graph.initializers].map(([name, t]) => ({ name, dtype: t.dtype }))])
      if (dtype === 'bool') truths.add(name);
    for (const { opType, inputs, outputs, attributes } of graph.nodes) {
      const to = attributes.get('to');
      const value = attributes.get('value');
      const of = opType === 'Where' ? inputs[1] : inputs[0];
      const isTruth =
        TRUTH.test(opType) ||
        (opType === 'Cast' && to?.type === 'int' && to.value === 9n) ||
        (value?.type === 'tensor' && value.value.dtype === 'bool') ||
        (MOVES.test(opType) && truths.has(of));
      if (isTruth) for (const name of outputs) truths.add(name);
    }
  }
  return truths;
}
