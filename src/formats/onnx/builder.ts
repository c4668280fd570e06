import { type Tensor, toPrecision } from '../../tensor/tensor.js';
import { fileTensor } from '../fileTensor.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxValue } from './graph.js';

/** Collects the nodes and constants of a graph, and gives each a unique name. */
export interface GraphBuilder {
  readonly nodes: OnnxNode[];
  readonly initializers: Map<string, OnnxTensor>;
  /** adds a node with one output and returns that output's name */
  add(opType: string, inputs: readonly string[], attributes?: Attributes, name?: string): string;
  /** adds a node and returns the names of its first `count` outputs */
  addMany(opType: string, inputs: readonly string[], count: number, attributes?: Attributes, name?: string): string[];
  /** collects the nodes that `add` adds as a subgraph, which can use all names and constants of this graph */
  inside(name: string, inputs: readonly OnnxValue[], add: () => readonly string[]): OnnxAttribute;
  /** adds a constant in float32 */
  constant(name: string, t: Tensor): string;
  /** adds a constant as it is */
  tensor(name: string, t: OnnxTensor): string;
  /** adds one 64-bit integer */
  scalar(value: number): string;
  /** adds a list of 64-bit integers */
  integers(values: readonly number[]): string;
}

export type Attributes = Readonly<Record<string, OnnxAttribute>>;

export const int = (value: number): OnnxAttribute => ({ type: 'int', value: BigInt(value) });
export const ints = (...values: number[]): OnnxAttribute => ({ type: 'ints', value: values.map(BigInt) });
export const float = (value: number): OnnxAttribute => ({ type: 'float', value: Math.fround(value) });
export const floats = (values: readonly number[]): OnnxAttribute => ({ type: 'floats', value: values.map(v => Math.fround(v)) });
export const text = (value: string): OnnxAttribute => ({ type: 'string', value });
export const texts = (value: readonly string[]): OnnxAttribute => ({ type: 'strings', value });

/** Starts a graph. @param taken names that are already in use */
export function newBuilder(taken: readonly string[]): GraphBuilder {
  const fresh = freshNames(taken);
  const freshNode = freshNames([]);
  const builder: GraphBuilder = {
    nodes: [],
    initializers: new Map(),
    add: (opType, inputs, attributes, name) => builder.addMany(opType, inputs, 1, attributes, name)[0],
    addMany(opType, inputs, count, attributes = {}, name = '') {
      const base = name === '' ? opType : `${name}/${opType}`;
      const outputs = Array.from({ length: count }, (_, i) => fresh(count === 1 ? `${base}_out` : `${base}_out${i}`));
      builder.nodes.push({
        name: name === '' ? '' : freshNode(name),
        opType,
        domain: '',
        inputs,
        outputs,
        attributes: new Map(Object.entries(attributes)),
      });
      return outputs;
    },
    inside(name, inputs, add) {
      const from = builder.nodes.length;
      const outputs = add().map(output => ({ name: output, dtype: 'f32' as const, shape: null }));
      return { type: 'graph', value: { name, inputs, outputs, initializers: new Map(), nodes: builder.nodes.splice(from) } };
    },
    constant(name, t) {
      const own = fresh(name);
      builder.initializers.set(own, fileTensor(toPrecision(t, 'f32')));
      return own;
    },
    tensor(name, t) {
      const own = fresh(name);
      builder.initializers.set(own, t);
      return own;
    },
    scalar(value) {
      const own = fresh('sizes');
      builder.initializers.set(own, { shape: [], dtype: 'i64', data: BigInt64Array.of(BigInt(value)) });
      return own;
    },
    integers(values) {
      const own = fresh('sizes');
      builder.initializers.set(own, { shape: [values.length], dtype: 'i64', data: BigInt64Array.from(values, BigInt) });
      return own;
    },
  };
  return builder;
}

/** Returns a function that makes names unique by numbering them. */
function freshNames(taken: readonly string[]): (wanted: string) => string {
  const used = new Set(taken);
  return wanted => {
    let name = wanted;
    for (let n = 2; used.has(name); n++) name = `${wanted}_${n}`;
    used.add(name);
    return name;
  };
}
