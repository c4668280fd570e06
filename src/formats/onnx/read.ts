import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { sizeOf } from '../../tensor/tensor.js';
import { checkName, newBudget } from '../bytes/budget.js';
import { type Field, number, readMessage, schema, set, text } from '../bytes/protobuf.js';
import type { ByteSource, DType, FileTensor, Limits, OpenPart, TensorFile } from '../format.js';
import { checkGraph } from './check.js';
import { expandFunctions, functionKey, type OnnxFunction } from './functions.js';
import { type OnnxAttribute, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor, subgraphsOf } from './graph.js';
import { domain, readAttribute, readGraph, readNode, setOnce } from './nodes.js';
import type { Numbers } from './numbers.js';
import { ENTRY } from './tensor.js';

/**
 * Reads a ModelProto by the tables below (onnx.proto, field by field; unknown fields are skipped, as protocol buffers require).
 * `tensors` are the initializers of plain numbers, `architecture` the whole model as data.
 * @throws RnnError E_PROTOBUF, E_ONNX_… (format), E_LIMIT_… (limit)
 */
export function readOnnx(source: ByteSource, limits: Limits, openPart?: OpenPart): TensorFile {
  const draft: ModelDraft = {
    irVersion: 0,
    producerName: '',
    producerVersion: '',
    opsets: new Map(),
    functions: new Map(),
    metadata: new Map(),
    training: false,
    numbers: { source, budget: newBudget(limits), openPart, parts: new Map(), external: false },
  };
  readMessage(source, MODEL, draft, limits);
  if (!draft.graph) {
    throw new RnnError('format', 'E_ONNX_GRAPH', 'offset 0: there is no graph in it: not an ONNX model, or an empty file', {
      where: 'ModelProto.graph',
      found: `${source.size} bytes`,
    });
  }
  const notes: string[] = [];
  const graph = checkGraph(expandFunctions(draft.graph, draft.functions), notes);
  const { irVersion, producerName, producerVersion, opsets } = draft;
  const architecture: OnnxModel = {
    irVersion,
    producerName,
    producerVersion,
    opsets,
    graph,
    external: draft.numbers.external || undefined,
  };
  if (draft.training) notes.push('the training part of the model was not read');
  const metadata = new Map([
    ...draft.metadata,
    ['producer_name', producerName],
    ['producer_version', producerVersion],
    ['ir_version', String(irVersion)],
  ]);
  for (const [domain, version] of opsets) metadata.set(domain === '' ? 'opset' : `opset ${domain}`, String(version));
  return { format: 'onnx', tensors: plainTensors(graph, limits, notes), architecture, metadata, notes };
}

/**
 * Returns the initializers as FileTensors, including those of subgraphs, and float constants with more than one number. Those that cannot be
 * FileTensors (no numbers, 64-bit integers beyond 2^53) stay in the graph and are noted.
 */
function plainTensors(graph: OnnxGraph, limits: Limits, notes: string[]): Map<string, FileTensor> {
  const tensors = new Map<string, FileTensor>();
  for (const [name, tensor] of tensorsIn(graph, '')) {
    checkName(name, 'tensor', limits);
    const plain = plainTensor(tensor);
    if (typeof plain !== 'string') tensors.set(tensors.has(name) ? `${name}#${tensors.size}` : name, plain);
    else notes.push(`the initializer '${escapeText(name, 60)}' holds ${plain} and is not among the tensors`);
  }
  return tensors;
}

/** Returns tensors by name; in a subgraph, the name is prefixed with the node and the branch. */
function tensorsIn(graph: OnnxGraph, place: string): [string, OnnxTensor][] {
  return [
    ...[...graph.initializers].map(([name, tensor]): [string, OnnxTensor] => [place + name, tensor]),
    ...graph.nodes.flatMap((node, i) => {
      const value = node.domain === '' && node.opType === 'Constant' ? node.attributes.get('value') : undefined;
      const isWeight = value?.type === 'tensor' && FLOATS.has(value.value.dtype) && sizeOf(value.value.shape) > 1;
      if (isWeight) return [[place + node.outputs[0], value.value] as [string, OnnxTensor]];
      return subgraphsOf(node).flatMap(([name, inner]) => tensorsIn(inner, `${place}${node.name || `${node.opType}_${i}`}/${name}/`));
    }),
  ];
}

const FLOATS: ReadonlySet<DType | null> = new Set<DType | null>(['f16', 'bf16', 'f32', 'f64']);

function plainTensor(tensor: OnnxTensor): FileTensor | string {
  const { shape, dtype } = tensor;
  if (dtype === null) return 'no plain numbers';
  if (dtype !== 'i64' && dtype !== 'u64') return tensor as FileTensor;
  const integers = tensor.data as BigInt64Array;
  const data = Float64Array.from(integers, Number);
  return data.every((x, i) => BigInt(x) === integers[i]) ? { shape, dtype, data } : 'integers beyond 2^53';
}

interface ModelDraft {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  readonly opsets: Map<string, number>;
  readonly functions: Map<string, OnnxFunction>;
  readonly metadata: Map<string, string>;
  training: boolean;
  graph?: OnnxGraph;
  readonly numbers: Numbers;
}

const OPSET = schema<{ domain: string; version: number }>('OperatorSetIdProto', [
  [1, 'domain', set('domain', domain)],
  [2, 'version', set('version', number)],
]);

type FunctionDraft = { -readonly [K in keyof OnnxFunction]: OnnxFunction[K] } & {
  readonly inputs: string[];
  readonly outputs: string[];
  readonly nodes: OnnxNode[];
  readonly defaults: Map<string, OnnxAttribute>;
  readonly opsets: Map<string, number>;
  readonly numbers: Numbers;
};

const FUNCTION = schema<FunctionDraft>('FunctionProto', [
  [1, 'name', set('name', text)],
  [4, 'input', (d, f) => void d.inputs.push(f.name('tensor')), 'repeated'],
  [5, 'output', (d, f) => void d.outputs.push(f.name('tensor')), 'repeated'],
  [7, 'node', (d, f) => void d.nodes.push(readNode(f, d.numbers)), 'repeated'],
  [9, 'opset_import', readOpset, 'repeated'],
  [10, 'domain', set('domain', domain)],
  [11, 'attribute_proto', (d, f) => readAttribute({ attributes: d.defaults, numbers: d.numbers }, f), 'repeated'],
  [13, 'overload', set('overload', text)],
]);

const MODEL = schema<ModelDraft>('ModelProto', [
  [1, 'ir_version', set('irVersion', number)],
  [2, 'producer_name', set('producerName', text)],
  [3, 'producer_version', set('producerVersion', text)],
  [7, 'graph', set('graph', (f, d) => readGraph(f, d.numbers))],
  [8, 'opset_import', readOpset, 'repeated'],
  [14, 'metadata_props', readProperty, 'repeated'],
  [20, 'training_info', set('training', () => true), 'repeated'],
  [25, 'functions', readFunction, 'repeated'],
]);

function readOpset(model: { readonly opsets: Map<string, number> }, field: Field): void {
  const offset = field.offset;
  const { domain, version } = field.message(OPSET, { domain: '', version: 0 });
  setOnce(model.opsets, domain, version, 'operator sets', offset);
}

function readProperty(model: ModelDraft, field: Field): void {
  const { key, value } = field.message(ENTRY, { key: '', value: '' });
  model.metadata.set(key, value);
}

function readFunction(model: ModelDraft, field: Field): void {
  const { offset } = field;
  const lists = { inputs: [], outputs: [], nodes: [], defaults: new Map(), opsets: new Map() };
  const draft = field.message(FUNCTION, { domain: '', name: '', overload: '', ...lists, numbers: model.numbers });
  setOnce(model.functions, functionKey(draft), draft, 'functions', offset);
}
