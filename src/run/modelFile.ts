import { dirname, join } from 'node:path';
import { CONVENTIONS } from '../conventions/index.js';
import { type KerasDialect, specFromKerasConfig } from '../conventions/kerasConfig.js';
import { checkNodes } from '../engines/graph/checkNodes.js';
import { type GraphLayers, layersOfGraph } from '../engines/graph/layersOf.js';
import { RnnError, within } from '../errors.js';
import { shownPath } from '../escape.js';
import { isObject, parseJsonBytes } from '../formats/bytes/jsonText.js';
import type { TensorFile } from '../formats/format.js';
import { readTensors } from '../formats/index.js';
import { json, startsLikeJson } from '../formats/json.js';
import { type Limits, overLimit, timed } from '../formats/limits.js';
import type { OnnxModel } from '../formats/onnxGraph.js';
import { tfjs } from '../formats/tfjs.js';
import type { FrameworkName } from '../model/frameworks.js';
import { reading } from './elsewhere.js';
import { readBytes } from './files.js';
import { fileLimits } from './limits.js';

/** What is in a model file, by its content: a description, weights, or both. */
export interface ModelFile {
  readonly file: TensorFile;
  readonly bytes: Uint8Array;
  /** whose rules the description follows, where the file tells */
  readonly framework?: FrameworkName;
  /** a spec for checkSpec, where the file describes its network */
  readonly spec?: Record<string, unknown>;
  readonly graph?: { readonly model: OnnxModel; readonly layers: GraphLayers | { readonly reason: string } };
  /** why the file's own description of its network is not understood; its tensors can be shown all the same */
  readonly problem?: RnnError;
}

/** Bytes and tensors of a file; a tfjs model.json reads its shards from its own folder. */
export async function readTensorFile(path: string): Promise<{ bytes: Uint8Array; file: TensorFile }> {
  const bytes = await readBytes(path);
  return { bytes, file: await within(shownPath(path), () => readFileTensors(path, bytes)) };
}

function readFileTensors(path: string, bytes: Uint8Array): Promise<TensorFile> {
  const readPart = path === '-' ? undefined : (name: string) => readBytes(join(dirname(path), name));
  const limits = fileLimits().read;
  return reading({ where: shownPath(path), seconds: limits.seconds }, () =>
    readTensors(bytes, { limits, nameHint: path === '-' ? undefined : path, readPart }),
  );
}

/**
 * The file that describes the network, read.
 * @throws RnnError kinds 'io', 'format', 'limit', 'convention', 'unsupported'
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await readBytes(path);
  return within(shownPath(path), async () => {
    if (startsLikeJson(bytes) && !tfjs.sniff(bytes))
      return reading({ where: shownPath(path), seconds: fileLimits().read.seconds }, () => readJsonModel(bytes));
    return describedBy(await readFileTensors(path, bytes), bytes);
  });
}

/** A spec, with or without weights; the JSON of Keras' model.to_json(); or named weights. */
export async function readJsonModel(bytes: Uint8Array): Promise<ModelFile> {
  const limits = timed(fileLimits().read);
  const document = parseJsonBytes(bytes, limits);
  const empty: TensorFile = { format: 'json', tensors: new Map(), metadata: new Map(), notes: [] };
  if (!isObject(document)) return { bytes, file: empty, spec: document as unknown as Record<string, unknown> };
  if (typeof document.class_name === 'string') {
    checkDescription(bytes, limits);
    const metadata = new Map(typeof document.keras_version === 'string' ? [['keras_version', document.keras_version]] : []);
    const file = { ...empty, metadata };
    return { bytes, file, framework: 'keras', ...described(() => specFromKerasConfig(document, dialectOf(file))) };
  }
  const { weights, ...spec } = document;
  if (weights !== undefined) {
    const file = await within('weights', () => json.read(new TextEncoder().encode(JSON.stringify(weights)), limits));
    return { bytes, file, spec };
  }
  const names = Object.keys(document);
  if (document.layers === undefined && CONVENTIONS.some(convention => convention.detect(names))) {
    return describedBy(await json.read(bytes, limits), bytes);
  }
  checkDescription(bytes, limits);
  return { bytes, file: empty, spec };
}

/** Of a description alone; with numbers in it, it is as large as they are. @throws RnnError E_LIMIT_HEADER (limit) */
function checkDescription(bytes: Uint8Array, { headerBytes }: Limits): void {
  if (bytes.length > headerBytes)
    throw overLimit('headerBytes', headerBytes, 'E_LIMIT_HEADER', `the description has ${bytes.length} bytes`, { found: bytes.length });
}

function describedBy(file: TensorFile, bytes: Uint8Array): ModelFile {
  switch (file.format) {
    case 'keras':
    case 'h5': {
      if (file.architecture === undefined) return { bytes, file, framework: 'keras' };
      return { bytes, file, framework: 'keras', ...described(() => specFromKerasConfig(file.architecture, dialectOf(file))) };
    }
    case 'tfjs': {
      if (file.architecture === undefined) return { bytes, file, framework: 'tfjs' };
      return { bytes, file, framework: 'tfjs', ...described(() => specFromKerasConfig(topologyOf(file.architecture), 'tfjs')) };
    }
    case 'onnx': {
      const model = file.architecture as OnnxModel;
      checkNodes(model);
      return { bytes, file, framework: 'onnx', graph: { model, layers: layersOfGraph(model) } };
    }
    default:
      return { bytes, file, framework: CONVENTIONS.find(convention => convention.detect([...file.tensors.keys()]))?.framework };
  }
}

/** What the file says its network is, or why that cannot be told. */
function described(read: () => Record<string, unknown>): Pick<ModelFile, 'spec' | 'problem'> {
  try {
    return { spec: read() };
  } catch (error) {
    if (error instanceof RnnError) return { problem: error };
    throw error;
  }
}

/** Keras 2 and 1 wrote other functions under the names of today. */
export function dialectOf({ metadata }: TensorFile): KerasDialect {
  return /^[12]\./.test(metadata.get('keras_version') ?? '') ? 'keras2' : 'keras3';
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
