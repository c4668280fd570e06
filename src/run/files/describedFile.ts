import { conventionOf } from '../../conventions/index.js';
import { alphaAssumptions, precisionAssumptions } from '../../conventions/keras/computedDifferently.js';
import { type KerasDialect, modelOf, specFromKerasConfig } from '../../conventions/keras/config.js';
import { ownInitializers } from '../../conventions/keras/initializers.js';
import { kerasOutline } from '../../conventions/keras/outline.js';
import type { KerasOutline } from '../../conventions/keras/outlined.js';
import { dequantized, quantizedLayers } from '../../conventions/keras/quantized.js';
import { tensorflowJsAssumptions } from '../../conventions/keras/tensorflowJs.js';
import { withVocabularies } from '../../conventions/keras/vocabularies.js';
import { disputedDefaults } from '../../conventions/onnx/disputedDefaults.js';
import { halfPrecision } from '../../conventions/onnx/halfPrecision.js';
import { sharedRanges } from '../../conventions/onnx/sharedRanges.js';
import { type ProgramSpec, programWith, specFromProgram } from '../../conventions/pt2/index.js';
import { checkNodes } from '../../engines/graph/checkNodes.js';
import { withParts } from '../../engines/graph/composed/index.js';
import { type GraphLayers, layersOfGraph } from '../../engines/graph/layersOf.js';
import { withCells } from '../../engines/graph/loops/index.js';
import { RnnError } from '../../errors.js';
import type { TensorFile } from '../../formats/format.js';
import type { OnnxModel } from '../../formats/onnx/graph.js';
import type { ByteSource } from '../../formats/source.js';
import type { Assumption } from '../../model/assumptions.js';
import type { FrameworkName } from '../../model/frameworks.js';
import type { Weights } from '../../weights/weights.js';

/** The contents of a model file: a description, weights, or both. */
export interface ModelFile {
  readonly file: TensorFile;
  readonly source: ByteSource;
  /** unpacks packed tensors into the form in which they are used */
  readonly unpack?: (file: TensorFile) => TensorFile;
  /** where the computation differs from the description */
  readonly assumptions?: readonly Assumption[];
  /** the framework whose rules the description follows, if known */
  readonly framework?: FrameworkName;
  /** a spec for checkSpec, if the file describes its network */
  readonly spec?: Record<string, unknown>;
  readonly graph?: { readonly model: OnnxModel; readonly layers: GraphLayers | { readonly reason: string } };
  /** the network's weights, if the description says which tensor is which */
  readonly weights?: Weights;
  /**
   * the description with other numbers for the file's own names, for files that also compute with numbers of no layer; undefined: the names
   * do not match
   */
  readonly withTensors?: (given: TensorFile['tensors']) => ProgramSpec | undefined;
  /** inputs that are [T, N, …] in the file and [N, T, …] in its spec */
  readonly stepsFirst?: ReadonlySet<string>;
  /** inputs that are integers */
  readonly wholeInputs?: ReadonlySet<string>;
  /** the content of Keras' model summary, read on demand; also exists for models that cannot be run */
  readonly outline?: (file: TensorFile) => KerasOutline;
  /** initialisers that are not the framework's defaults, if the file names them */
  readonly ownInitializers?: () => readonly string[];
  /** why the description in the file is not understood; its tensors can still be shown */
  readonly problem?: RnnError;
}

/**
 * Reads a file's description of its network, by format. @throws RnnError for a damaged description; one that is not understood becomes
 * `problem`
 */
export function describedBy(file: TensorFile, source: ByteSource): ModelFile {
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
        assumptions: [...halfPrecision(model), ...disputedDefaults(model), ...sharedRanges(model)],
      };
    }
    default:
      return { source, file, framework: frameworkOf(file) };
  }
}

/** Whether the file has Keras' attributes or names, since any program may write HDF5. */
function hasKerasNames({ tensors, metadata }: TensorFile): boolean {
  return (
    [...metadata.keys()].some(key => /(^|@)(keras_version|layer_names|weight_names)$/.test(key)) ||
    [...tensors.keys()].some(name => /(^|\/)vars\/\d+$/.test(name))
  );
}

/** Guesses the framework from the names of the tensors. */
function frameworkOf({ tensors, metadata }: TensorFile): FrameworkName | undefined {
  return conventionOf([...tensors.keys()], metadata)?.framework;
}

/** The network that a Keras config describes, or the reason why it is not understood. */
export function described(config: () => unknown, file: TensorFile, dialect: KerasDialect): Omit<ModelFile, 'file' | 'source'> {
  const outline = (held: TensorFile) => kerasOutline(config(), dialect, held);
  const read = understood(() => ({ spec: specFromKerasConfig(config(), dialect) }));
  // also for a network that cannot be run: its summary counts the stored tensors
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
  // both searches visit the layers in the same order, so the first blocker is this error, however deeply its model is nested
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

/** The dialect of a config: some names had other meanings in Keras 1 and 2. */
export function dialectOf({ metadata }: TensorFile): KerasDialect {
  const version = metadata.get('keras_version') ?? '';
  if (!/^[12]\./.test(version)) return 'keras3';
  return /^1\.|^2\.[0-3]\.\d+$/.test(version) ? 'standalone' : 'keras2';
}

/** Keras' config in a tfjs file: model_config, or the topology itself. */
function topologyOf(topology: unknown): unknown {
  const { model_config: config } = topology as { model_config?: unknown };
  if (config !== undefined) return config;
  if ((topology as { node?: unknown }).node !== undefined) {
    throw new RnnError('unsupported', 'E_TFJS_GRAPH', 'this is a TensorFlow.js graph model, which has no layers, only operations', {
      expected: 'a tfjs layers model',
      found: 'a graph model',
      fix: 'convert with --output_format tfjs_layers_model, or use the Keras file it was made from',
    });
  }
  return topology;
}
