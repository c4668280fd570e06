import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type Field, number, schema, set, text } from '../bytes/protobuf.js';
import { decodeUtf8 } from '../bytes/utf8.js';
import { type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValue, readFromAround } from './graph.js';
import type { Numbers } from './numbers.js';
import { finishTensor, newTensor, TENSOR } from './tensor.js';
import { ATTRIBUTE_TYPES, ONNX_DTYPES } from './types.js';

/** Reads GraphProto and its contents by the tables below: graphs contain nodes, nodes attributes, and attributes may contain graphs. */

export function setOnce(map: Map<string, unknown>, key: string, value: unknown, what: string, offset: number): void {
  if (map.has(key)) throw new RnnError('format', 'E_ONNX_DUPLICATE', `offset ${offset}: two ${what} are called '${escapeText(key, 80)}'`);
  map.set(key, value);
}

/** The domain of an operator, '' for ONNX's own. */
export function domain(field: Field): string {
  const name = field.string();
  return name === 'ai.onnx' ? '' : name;
}

interface GraphDraft {
  name: string;
  readonly nodes: OnnxNode[];
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
  readonly initializers: Map<string, OnnxTensor>;
  readonly numbers: Numbers;
}

/** A GraphProto: nodes, initializers, inputs and outputs. @throws RnnError E_ONNX_… (format) */
export function readGraph(field: Field, numbers: Numbers): OnnxGraph {
  const draft: GraphDraft = { name: '', nodes: [], inputs: [], outputs: [], initializers: new Map(), numbers };
  const { name, nodes, inputs, outputs, initializers } = field.message(GRAPH, draft);
  return { name, nodes, outputs, initializers, inputs: inputs.filter(input => !initializers.has(input.name)) };
}

const GRAPH = schema<GraphDraft>('GraphProto', [
  [1, 'node', (d, f) => void d.nodes.push(readNode(f, d.numbers)), 'repeated'],
  [2, 'name', set('name', text)],
  [5, 'initializer', readInitializer, 'repeated'],
  [11, 'input', (d, f) => void d.inputs.push(readValue(f)), 'repeated'],
  [12, 'output', (d, f) => void d.outputs.push(readValue(f)), 'repeated'],
  [15, 'sparse_initializer', refuseSparse, 'repeated'],
]);

function readInitializer(graph: GraphDraft, field: Field): void {
  const tensor = field.message(TENSOR, newTensor(field.offset));
  const value = within(`initializer '${escapeText(tensor.name, 80)}'`, () => finishTensor(tensor, graph.numbers));
  setOnce(graph.initializers, tensor.name, value, 'initializers', tensor.offset);
}

function refuseSparse(_: GraphDraft, field: Field): void {
  throw new RnnError('format', 'E_ONNX_SPARSE', `offset ${field.offset}: sparse initializers are not read`, { where: 'GraphProto' });
}

interface NodeDraft {
  name: string;
  opType: string;
  domain: string;
  overload: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: Map<string, OnnxAttribute>;
  readonly numbers: Numbers;
}

/** A NodeProto. @throws RnnError E_ONNX_… (format) */
export function readNode(field: Field, numbers: Numbers): OnnxNode {
  const draft: NodeDraft = { name: '', opType: '', domain: '', overload: '', inputs: [], outputs: [], attributes: new Map(), numbers };
  const { offset } = field;
  const { name, opType, domain, overload, inputs, outputs, attributes } = field.message(NODE, draft);
  const bodies = [...attributes.values()].flatMap(a => (a.type === 'graph' ? [readFromAround(a.value)] : []));
  const captures = bodies.length > 0 ? { captures: [...new Set(bodies.flat())] } : {};
  return { name, opType, domain, inputs, outputs, attributes, offset, ...captures, ...(overload === '' ? {} : { overload }) };
}

const NODE = schema<NodeDraft>('NodeProto', [
  [1, 'input', (d, f) => void d.inputs.push(f.name('tensor')), 'repeated'],
  [2, 'output', (d, f) => void d.outputs.push(f.name('tensor')), 'repeated'],
  [3, 'name', set('name', f => f.name('node'))],
  [4, 'op_type', set('opType', text)],
  [5, 'attribute', readAttribute, 'repeated'],
  [7, 'domain', set('domain', domain)],
  [8, 'overload', set('overload', text)],
]);

/** Adds an AttributeProto to its node. @throws RnnError E_ONNX_… (format) for types that no operator here has */
export function readAttribute(node: Pick<NodeDraft, 'attributes' | 'numbers'>, field: Field): void {
  const offset = field.offset;
  const draft = field.message(ATTRIBUTE, { name: '', type: 0, floats: [], ints: [], strings: [], numbers: node.numbers });
  setOnce(node.attributes, draft.name, finishAttribute(draft), 'attributes of a node', offset);
}

interface AttributeDraft {
  name: string;
  type: number;
  float?: number;
  int?: bigint;
  string?: string | null;
  tensor?: OnnxTensor;
  graph?: OnnxGraph;
  reference?: string;
  readonly floats: number[];
  readonly ints: bigint[];
  readonly strings: (string | null)[];
  readonly numbers: Numbers;
}

/** Returns text, or null for bytes that are not UTF-8, which attributes may contain. */
function textOrNull(field: Field): string | null {
  const bytes = field.bytes();
  try {
    return decodeUtf8(bytes);
  } catch {
    return null;
  }
}

const ATTRIBUTE = schema<AttributeDraft>('AttributeProto', [
  [1, 'name', set('name', text)],
  [2, 'f', set('float', f => f.float())],
  [3, 'i', set('int', f => f.int())],
  [4, 's', set('string', textOrNull)],
  [5, 't', readAttributeTensor],
  [6, 'g', set('graph', (f, d) => readGraph(f, d.numbers))],
  [7, 'floats', (d, f) => f.floats(d.floats), 'repeated'],
  [8, 'ints', (d, f) => f.ints(d.ints), 'repeated'],
  [9, 'strings', (d, f) => void d.strings.push(textOrNull(f)), 'repeated'],
  [20, 'type', set('type', number)],
  [21, 'ref_attr_name', set('reference', text)],
]);

function readAttributeTensor(attribute: AttributeDraft, field: Field): void {
  const tensor = field.message(TENSOR, newTensor(field.offset));
  attribute.tensor = within(`attribute '${escapeText(attribute.name, 40)}'`, () => finishTensor(tensor, attribute.numbers));
}

/** Returns the attribute by its stated type. Files of IR version 1 state none, so there the field that is present decides. */
function finishAttribute(d: AttributeDraft): OnnxAttribute {
  if (d.reference) return { type: 'reference', value: d.reference };
  const T = ATTRIBUTE_TYPES;
  const type = d.type !== 0 ? d.type : guessType(d);
  if (type === T.float) return { type: 'float', value: d.float ?? 0 };
  if (type === T.int) return { type: 'int', value: d.int ?? 0n };
  if (type === T.string && d.string !== null) return { type: 'string', value: d.string ?? '' };
  if (type === T.tensor && d.tensor) return { type: 'tensor', value: d.tensor };
  if (type === T.floats) return { type: 'floats', value: d.floats };
  if (type === T.ints) return { type: 'ints', value: d.ints };
  if (type === T.strings && !d.strings.includes(null)) return { type: 'strings', value: d.strings as string[] };
  return type === T.graph && d.graph ? { type: 'graph', value: d.graph } : { type: 'other' };
}

function guessType(d: AttributeDraft): number {
  const T = ATTRIBUTE_TYPES;
  if (d.float !== undefined) return T.float;
  if (d.int !== undefined) return T.int;
  if (d.string !== undefined) return T.string;
  if (d.tensor) return T.tensor;
  if (d.graph) return T.graph;
  if (d.floats.length > 0) return T.floats;
  return d.ints.length > 0 ? T.ints : d.strings.length > 0 ? T.strings : 0;
}

interface ValueDraft {
  name: string;
  elementType?: number;
  shape: (number | string | null)[] | null;
}

function readValue(field: Field): OnnxValue {
  const draft: ValueDraft = { name: '', shape: null };
  const { name, elementType, shape } = field.message(VALUE, draft);
  return { name, dtype: (elementType !== undefined && ONNX_DTYPES.get(elementType)) || null, shape };
}

/** A size, or null for "unknown", which exporters also write as -1. */
function dimension(field: Field): number | null {
  const value = field.int();
  return value >= 0n && value <= Number.MAX_SAFE_INTEGER ? Number(value) : null;
}

const DIMENSION = schema<{ value: number | string | null }>('TensorShapeProto.Dimension', [
  [1, 'dim_value', set('value', dimension)],
  [2, 'dim_param', set('value', f => f.string() || null)],
]);

const SHAPE = schema<(number | string | null)[]>('TensorShapeProto', [
  [1, 'dim', (d, f) => void d.push(f.message(DIMENSION, { value: null }).value), 'repeated'],
]);

const TENSOR_TYPE = schema<ValueDraft>('TypeProto.Tensor', [
  [1, 'elem_type', set('elementType', number)],
  [2, 'shape', set('shape', f => f.message(SHAPE, []))],
]);

const TYPE = schema<ValueDraft>('TypeProto', [[1, 'tensor_type', (d, f) => void f.message(TENSOR_TYPE, d)]]);

const VALUE = schema<ValueDraft>('ValueInfoProto', [
  [1, 'name', set('name', f => f.name('tensor'))],
  [2, 'type', (d, f) => void f.message(TYPE, d)],
]);
