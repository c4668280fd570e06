import type { FloatArray, Part } from '../../tensor/types.js';
import type { DType } from '../format.js';

/**
 * An ONNX model as plain data, as the .onnx format reads and writes it (`TensorFile.architecture` of an .onnx file). The meaning of its operators
 * is not known here.
 */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** operator set by domain; '' is ONNX's own ('ai.onnx' is read as '') */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  /** whether some numbers are in other files next to the model's */
  readonly external?: boolean;
}

export interface OnnxGraph {
  readonly name: string;
  /** inputs that the caller provides, without the initializers that IR version 3 also lists as inputs */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** in file order */
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** '' is ONNX's own */
  readonly domain: string;
  /** '' for an optional input that is left out */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** of a function call, if several functions have its name */
  readonly overload?: string;
  /** names that its subgraphs read from the graphs around them */
  readonly captures?: readonly string[];
  /** version of ONNX's operators, if it differs from the model's (in the body of a function) */
  readonly opset?: number;
  /** where the node begins in the file it was read from, for messages */
  readonly offset?: number;
}

export interface OnnxTensor {
  readonly shape: readonly number[];
  /** null: a type that is not read (strings, complex, 4 and 8 bit floats); `data` is then empty */
  readonly dtype: DType | null;
  /** 64-bit integers are exact (exporters write 2^63 − 1 for 'to the end'); everything else is as in a FileTensor */
  readonly data: FloatArray | BigInt64Array;
  /** reads the numbers again, without keeping them; absent if they are in memory */
  readonly load?: () => FloatArray | BigInt64Array;
  readonly part?: Part;
}

/** `graph` is a body of If, Loop or Scan; `reference` names an attribute of the enclosing function; `other` has no value. */
export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'graph'; readonly value: OnnxGraph }
  | { readonly type: 'reference'; readonly value: string }
  | { readonly type: 'other' };

export interface OnnxValue {
  readonly name: string;
  /** null: not a tensor of plain numbers */
  readonly dtype: DType | null;
  /** null: rank unknown; a dimension is a size, a symbol ('batch'), or null */
  readonly shape: readonly (number | string | null)[] | null;
}

/** The subgraphs of a node, by the attributes that hold them. */
export function subgraphsOf(node: OnnxNode): [string, OnnxGraph][] {
  return [...node.attributes].flatMap(([name, attribute]): [string, OnnxGraph][] =>
    attribute.type === 'graph' ? [[name, attribute.value]] : [],
  );
}

/** Returns a graph and all its subgraphs, outer ones first. */
export function graphsIn(graph: OnnxGraph): OnnxGraph[] {
  return [graph, ...graph.nodes.flatMap(node => subgraphsOf(node).flatMap(([, inner]) => graphsIn(inner)))];
}

/** Returns all names that a node depends on: its inputs, and what its subgraphs read from outside. */
export function readsOf({ inputs, captures }: OnnxNode): readonly string[] {
  return captures ? [...inputs, ...captures] : inputs;
}

/** Returns the names that a graph reads but does not define. */
export function readFromAround(graph: OnnxGraph): string[] {
  const own = new Set([...graph.inputs.map(i => i.name), ...graph.initializers.keys(), ...graph.nodes.flatMap(n => n.outputs)]);
  const reads = [...graph.nodes.flatMap(readsOf), ...graph.outputs.map(o => o.name)];
  return [...new Set(reads.filter(name => name !== '' && !own.has(name)))];
}

/** Returns the node with its subgraphs changed and its `captures` updated. */
export function withBodies(node: OnnxNode, change: (graph: OnnxGraph) => OnnxGraph): OnnxNode {
  if (!node.captures) return node;
  const attributes = new Map(
    [...node.attributes].map(([name, a]): [string, OnnxAttribute] => [name, a.type === 'graph' ? { ...a, value: change(a.value) } : a]),
  );
  const captures = [...attributes.values()].flatMap(a => (a.type === 'graph' ? readFromAround(a.value) : []));
  return { ...node, attributes, captures: [...new Set(captures)] };
}
