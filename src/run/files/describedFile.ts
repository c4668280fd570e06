import { conventionOf } from '../../conventions/index.js';
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
import { RnnError } from '../../errors.js';
import type { TensorFile } from '../../formats/format.js';
import type { OnnxModel } from '../../formats/onnx/graph.js';
import type { ByteSource } from '../../formats/source.js';
import type { Assumption } from '../../model/assumptions.js';
import type { FrameworkName } from '../../model/frameworks.js';
import type { Weights } from '../../weights/weights.js';

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

/** What a file says of its network, by its format. @throws RnnError of a damaged description; one that is not understood is `problem` */
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
  return conventionOf([...tensors.keys()], metadata)?.framework;
}

/** What a Keras config says its network is, or why that cannot be told. */
export function described(config: () => unknown, file: TensorFile, dialect: KerasDialect): Omit<ModelFile, 'file' | 'source'> {
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
