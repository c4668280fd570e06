import { basename } from 'node:path';
import { CONVENTIONS } from '../../conventions/index.js';
import { type KerasDialect, modelOf, specFromKerasConfig } from '../../conventions/keras/config.js';
import { ownInitializers } from '../../conventions/keras/initializers.js';
import { kerasOutline } from '../../conventions/keras/outline.js';
import type { KerasOutline } from '../../conventions/keras/outlined.js';
import { dequantized, quantizedLayers } from '../../conventions/keras/quantized.js';
import { alphaAssumptions, precisionAssumptions } from '../../conventions/keras/runOtherwise.js';
import { tensorflowJsAssumptions } from '../../conventions/keras/tensorflowJs.js';
import { withVocabularies } from '../../conventions/keras/vocabularies.js';
import { halfPrecision } from '../../conventions/onnx/halfPrecision.js';
import { sharedRanges } from '../../conventions/onnx/sharedRanges.js';
import { unsaidParameters } from '../../conventions/onnx/unsaidParameters.js';
import { type ProgramSpec, programWith, specFromProgram } from '../../conventions/pt2/index.js';
import { checkNodes } from '../../engines/graph/checkNodes.js';
import { withParts } from '../../engines/graph/composed/index.js';
import { type GraphLayers, layersOfGraph } from '../../engines/graph/layersOf.js';
import { withCells } from '../../engines/graph/loops/index.js';
import { RnnError, within } from '../../errors.js';
import { escapeNames, shownPath } from '../../escape.js';
import { isObject, parseJsonBytes } from '../../formats/bytes/jsonText.js';
import type { TensorFile } from '../../formats/format.js';
import { readTensors } from '../../formats/index.js';
import { json } from '../../formats/json.js';
import { type Limits, overLimit, timed } from '../../formats/limits.js';
import type { OnnxModel } from '../../formats/onnx/graph.js';
import { printed } from '../../formats/printed.js';
import { type ByteSource, memorySource, readAll } from '../../formats/source.js';
import { tfjs } from '../../formats/tfjs.js';
import type { Assumption } from '../../model/assumptions.js';
import type { FrameworkName } from '../../model/frameworks.js';
import type { Weights } from '../../weights/weights.js';
import { reading } from '../comparing/readingWatch.js';
import { fileLimits } from '../limits.js';
import { splitKey } from './fileKey.js';
import { openBeside, openFile } from './fileSource.js';
import { keptNetworks } from './kept.js';
import { modelPath } from './modelPath.js';

/** What is in a model file, by its content: a description, weights, or both. */
export interface ModelFile {
  readonly file: TensorFile;
  readonly source: ByteSource;
  /** the tensors with packed ones unpacked, as they are computed with */
  readonly unpack?: (file: TensorFile) => TensorFile;
  /** what is computed differently from what the description says */
  readonly assumptions?: readonly Assumption[];
  /** the framework whose rules the description follows, if the file tells */
  readonly framework?: FrameworkName;
  /** a spec for checkSpec, where the file describes its network */
  readonly spec?: Record<string, unknown>;
  readonly graph?: { readonly model: OnnxModel; readonly layers: GraphLayers | { readonly reason: string } };
  /** the network's weights, where the description itself says which tensor is which */
  readonly weights?: Weights;
  /** the same description with other numbers under the file's own names, where it computes with some that are no layer's; undefined: other names */
  readonly withTensors?: (given: TensorFile['tensors']) => ProgramSpec | undefined;
  /** inputs that the file has as [T, N, …], and its spec as [N, T, …] */
  readonly stepsFirst?: ReadonlySet<string>;
  /** inputs of whole numbers */
  readonly wholeInputs?: ReadonlySet<string>;
  /** a Keras model as its summary shows it, read where that is asked for; what cannot be run has one too */
  readonly outline?: (file: TensorFile) => KerasOutline;
  /** its initialisers that are not the framework's defaults, where it says them */
  readonly ownInitializers?: () => readonly string[];
  /** why the file's own description of its network is not understood; its tensors can be shown all the same */
  readonly problem?: RnnError;
}

/** The tensors of a file; parts of a model of several files are read from its own folder. */
export async function readTensorFile(named: string): Promise<TensorFile> {
  const [name] = splitKey(named);
  const { path } = modelPath(name);
  const source = await openFile(path);
  return within(shownPath(name), () => readFileTensors(path, source)).finally(() => source.close());
}

async function readFileTensors(path: string, source: ByteSource): Promise<TensorFile> {
  const limits = fileLimits().read;
  const openPart = (name: string, inside?: 'inside') => openBeside(path, name, inside);
  const names = path === '-' ? {} : { nameHint: path, ownName: basename(path), openPart };
  return reading({ where: shownPath(path), seconds: limits.seconds }, () => readTensors(source, { limits, ...names }));
}

/**
 * The file that describes the network, read.
 * @throws RnnError kinds 'io', 'format', 'limit', 'convention', 'unsupported'
 */
export async function readModelFile(named: string): Promise<ModelFile> {
  const [name] = splitKey(named);
  const { path, kerasMetadata, graphAlone } = modelPath(name);
  const source = await openFile(path);
  return within(shownPath(name), async () => {
    if (graphAlone) return describedBy(besideGraph(await readFileTensors(path, source)), source);
    if (kerasMetadata !== undefined) return savedModel(await readFileTensors(path, source), source, kerasMetadata);
    if (json.sniff(source) && !tfjs.sniff(source) && !printed.sniff(source))
      return reading({ where: shownPath(path), seconds: fileLimits().read.seconds }, () => readJsonModel(source));
    return describedBy(await readFileTensors(path, source), source);
  }).finally(() => {
    source.keep?.();
    source.close();
  });
}

/** The same for a network that several parts of one command line ask for. Its errors are made anew each time, because callers add to their messages. */
export async function readNetworkFile(named: string): Promise<ModelFile> {
  const kept = keptNetworks<ModelFile>('files');
  const known = kept?.get(named);
  if (known) return known;
  const read = await readModelFile(named);
  if (!read.problem) kept?.set(named, read);
  return read;
}

/** TensorFlow's SavedModel: the variables of a checkpoint, and Keras' description of the model beside them. */
async function savedModel(file: TensorFile, source: ByteSource, kerasMetadata: string): Promise<ModelFile> {
  const { readKerasMetadata } = await import('../../formats/kerasMetadata.js');
  const described = await openFile(kerasMetadata);
  const { config, version } = within('keras_metadata.pb', () => readKerasMetadata(described, fileLimits().read));
  described.close();
  const metadata = new Map([...file.metadata, ...(version === undefined ? [] : [['keras_version', version] as const])]);
  return describedBy({ ...file, format: 'savedmodel', architecture: config, metadata }, source);
}

/** The variables of a SavedModel that does not describe its layers: what model.export() and tf.saved_model.save write. */
function besideGraph(file: TensorFile): TensorFile {
  const note = 'variables of a SavedModel without a description of its layers; its graph of TensorFlow is not read';
  return { ...file, format: 'savedmodel', metadata: new Map([...file.metadata, ['savedmodel', 'graph']]), notes: [...file.notes, note] };
}

/** A spec, with or without weights; the JSON of Keras' model.to_json(); or named weights. */
export async function readJsonModel(source: ByteSource): Promise<ModelFile> {
  const limits = timed(fileLimits().read);
  const bytes = readAll(source);
  // what Python wrote has numbers that JSON does not
  const python = Buffer.from(bytes).includes('"class_name"');
  const document = parseJsonBytes(bytes, { ...limits, python });
  const empty: TensorFile = { format: 'json', tensors: new Map(), metadata: new Map(), notes: [] };
  if (!isObject(document)) return describedBy(await json.read(source, limits), source);
  if (typeof document.class_name === 'string') {
    checkDescription(source, limits);
    const metadata = new Map(typeof document.keras_version === 'string' ? [['keras_version', document.keras_version]] : []);
    const file = { ...empty, metadata };
    return { source, file, framework: 'keras', ...described(() => document, file, dialectOf(file)) };
  }
  const { weights, ...spec } = document;
  if (weights !== undefined) {
    const file = await within('weights', () => json.read(memorySource(new TextEncoder().encode(JSON.stringify(weights))), limits));
    return { source, file, spec };
  }
  const names = Object.keys(document);
  if (document.layers === undefined && CONVENTIONS.some(convention => convention.detect(names))) {
    return describedBy(await json.read(source, limits), source);
  }
  if (names.some(name => SPEC_KEYS.has(name))) {
    checkDescription(source, limits);
    return { source, file: empty, spec };
  }
  return describedBy(await arraysIn(source, names, limits), source);
}

/** Keys of which a description of a network has at least one. */
// biome-ignore format: a table
const SPEC_KEYS: ReadonlySet<string> = new Set([
  '$schema', 'schema', 'layers', 'layer', 'input', 'inputs', 'output', 'outputs', 'functional',
]);

/** An object of arrays by name. @throws RnnError E_NO_MODEL (format) where it is none */
async function arraysIn(source: ByteSource, names: readonly string[], limits: Limits): Promise<TensorFile> {
  try {
    const file = await json.read(source, limits);
    if (file.tensors.size > 0) return file;
  } catch (error) {
    if (!(error instanceof RnnError) || error.code !== 'E_JSON_TENSOR') throw error;
  }
  const keys = `${escapeNames(names.slice(0, 5))}${names.length > 5 ? ', …' : ''}`;
  const what = names.length === 0 ? 'an empty JSON object' : `a JSON object with the keys ${keys}`;
  throw new RnnError('format', 'E_NO_MODEL', `${what}: no model and no arrays`, {
    expected: 'a spec ("layers"), Keras\' model.to_json() ("class_name"), or arrays by name',
    found: what,
    fix: 'rnn-cli schema spec prints what a spec may hold',
  });
}

/** Of a description alone; with numbers in it, it is as large as they are. @throws RnnError E_LIMIT_HEADER (limit) */
function checkDescription({ size }: ByteSource, { headerBytes }: Limits): void {
  if (size > headerBytes)
    throw overLimit('headerBytes', headerBytes, 'E_LIMIT_HEADER', `the description has ${size} bytes`, { found: size });
}

function describedBy(file: TensorFile, source: ByteSource): ModelFile {
  switch (file.format) {
    case 'keras':
    case 'savedmodel':
    case 'h5': {
      if (file.metadata.has('savedmodel')) return { source, file, framework: frameworkOf(file) };
      if (file.architecture === undefined)
        return { source, file, framework: file.format === 'h5' && !hasKerasNames(file) ? frameworkOf(file) : 'keras' };
      const config = withVocabularies(file.architecture, file);
      return { source, file, framework: 'keras', ...described(() => config, file, dialectOf(file)) };
    }
    case 'tfjs': {
      if (file.architecture === undefined) return { source, file, framework: 'tfjs' };
      return { source, file, framework: 'tfjs', ...described(() => topologyOf(file.architecture), file, 'tfjs') };
    }
    case 'pt2': {
      const withTensors = (given: TensorFile['tensors']) => programWith(file.architecture, file.tensors, given);
      return { source, file, framework: 'torch', withTensors, ...understood(() => specFromProgram(file.architecture, file.tensors)) };
    }
    case 'onnx': {
      checkNodes(file.architecture as OnnxModel);
      const model = withCells(withParts(file.architecture as OnnxModel));
      return {
        source,
        file,
        framework: 'onnx',
        graph: { model, layers: layersOfGraph(model) },
        assumptions: [...halfPrecision(model), ...unsaidParameters(model), ...sharedRanges(model)],
      };
    }
    default:
      return { source, file, framework: frameworkOf(file) };
  }
}

/** Keras' own attributes or names; any program may write an HDF5 file. */
function hasKerasNames({ tensors, metadata }: TensorFile): boolean {
  return (
    [...metadata.keys()].some(key => /(^|@)(keras_version|layer_names|weight_names)$/.test(key)) ||
    [...tensors.keys()].some(name => /(^|\/)vars\/\d+$/.test(name))
  );
}

/** By the names of its tensors. */
function frameworkOf({ tensors, metadata }: TensorFile): FrameworkName | undefined {
  return CONVENTIONS.find(convention => convention.detect([...tensors.keys()], metadata))?.framework;
}

/** What a Keras config says its network is, or why that cannot be told. */
function described(config: () => unknown, file: TensorFile, dialect: KerasDialect): Omit<ModelFile, 'file' | 'source'> {
  const outline = (held: TensorFile) => kerasOutline(config(), dialect, held);
  const read = understood(() => ({ spec: specFromKerasConfig(config(), dialect) }));
  // of a network that is not run, too: its summary counts what is stored
  const { problem: _, ...kept } = understood(() => {
    const { model } = modelOf(config());
    const packed = quantizedLayers(model);
    const unpack = (file: TensorFile) => dequantized(file, packed);
    const assumptions = [
      ...precisionAssumptions(model),
      ...(file.format === 'h5' ? alphaAssumptions(model) : []),
      ...(dialect === 'tfjs' ? tensorflowJsAssumptions(model) : []),
    ];
    return { assumptions, ...(packed.size > 0 ? { unpack } : {}) };
  });
  return {
    ...kept,
    ...read,
    ...(read.problem ? { problem: wholeProblem(read.problem, () => outline(file)) } : {}),
    outline,
    ownInitializers: () => ownInitializers(config()),
  };
}

/** The error for the first unsupported class, with all others of the same network in its message. */
function wholeProblem(first: RnnError, outline: () => KerasOutline): RnnError {
  const blockers = understood(() => ({ blockers: outline().blockers }) as never) as { blockers?: readonly RnnError[] };
  // both go the same way: the first that was met is the one that is known, from inside of how many models ever
  const all = blockers.blockers ?? [];
  const others = all[0]?.message === first.message ? all.slice(1) : all;
  if (others.length > 0) first.message += others.map(e => `; ${e.where}: ${e.message}`).join('');
  return first;
}

function understood(read: () => Omit<ModelFile, 'file' | 'source'>): Omit<ModelFile, 'file' | 'source'> {
  try {
    return read();
  } catch (error) {
    if (error instanceof RnnError) return { problem: error };
    throw error;
  }
}

/** Names that meant other functions in Keras 1 and 2. */
export function dialectOf({ metadata }: TensorFile): KerasDialect {
  const version = metadata.get('keras_version') ?? '';
  if (!/^[12]\./.test(version)) return 'keras3';
  return /^1\.|^2\.[0-3]\.\d+$/.test(version) ? 'standalone' : 'keras2';
}

/** tfjs keeps Keras' config as model_config, or at the top of the topology. */
function topologyOf(topology: unknown): unknown {
  const { model_config: config } = topology as { model_config?: unknown };
  if (config !== undefined) return config;
  if ((topology as { node?: unknown }).node !== undefined) {
    throw new RnnError('unsupported', 'E_TFJS_GRAPH', 'this is a tfjs graph model, whose layers are dissolved into operations', {
      expected: 'a tfjs layers model',
      found: 'a graph model',
      fix: 'convert with --output_format tfjs_layers_model, or use the Keras file it was made from',
    });
  }
  return topology;
}
