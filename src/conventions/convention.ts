import type { RnnError } from '../errors.js';
import type { FileTensor } from '../formats/format.js';
import type { TorchModule } from '../formats/torch/module.js';
import type { Assumption } from '../model/assumptions.js';
import type { FrameworkName } from '../model/frameworks.js';
import type { ModelShapes } from '../model/shapes.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';

/**
 * A convention is named tensors <-> canonical weights: how a framework names, orders, transposes and splits them.
 * It knows no bytes (that is a format's business) and computes nothing.
 */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** Hints for a description that weights determine: what flags give, for facts that a file cannot show. */
export interface NetworkHints {
  readonly task: 'many-to-one' | 'many-to-many';
  readonly pool: 'last' | 'max' | 'mean';
  readonly activation?: string;
  /** of the gates */
  readonly recurrentActivation?: string;
  readonly timesteps: number | null;
  /** D of the input, if a flag or the input gives it; null: token numbers; undefined: unknown */
  readonly features?: number | null;
  /** facts that flags give; the rest is assumed */
  readonly said?: ReadonlySet<'task' | 'pool' | 'activation'>;
  /** the names of the tensors were made up from their shapes */
  readonly unnamed?: boolean;
  /** the whole module that the tensors are of, where the file has it */
  readonly module?: TorchModule;
}

/** A network as far as its weights show it. */
export interface ReadNetwork {
  readonly input: { features: number | null; timesteps: number | null };
  /** of a spec, for checkSpec */
  readonly layers: Record<string, unknown>[];
  readonly assumptions: readonly Assumption[];
  /** E_ASK: shapes and counts are known, numbers only when this has been answered */
  readonly ask?: RnnError;
}

export interface Convention {
  readonly name: string;
  /** the framework whose rules (bias rows, GRU variant) such a network follows */
  readonly framework: FrameworkName;
  /** whether these names are of this convention, or the file's metadata says so */
  detect(names: readonly string[], metadata?: ReadonlyMap<string, string>): boolean;
  /** its names are special cases of another convention's, so it is tried first */
  readonly special?: boolean;
  /** @throws RnnError E_WEIGHT_…: which tensor has which shape and which was expected */
  toWeights(shapes: ModelShapes, tensors: NamedTensors, metadata?: ReadonlyMap<string, string>): Weights;
  /** The layers that the tensors alone determine, as a spec for checkSpec. @throws RnnError E_UNDETERMINED naming the flag to give */
  toSpec(tensors: NamedTensors, hints: NetworkHints, metadata?: ReadonlyMap<string, string>): ReadNetwork;
  /** The assumptions in reading weights for a network described elsewhere, if the tensors fit it in more than one way. */
  assumed?(shapes: ModelShapes, tensors: NamedTensors): Assumption[];
  /** D of a network that begins with this layer of a spec; undefined where the tensors do not tell */
  featuresFor?(tensors: NamedTensors, first: Readonly<Record<string, unknown>>): number | undefined;
}

/** A convention that files can also be written in. */
export interface WritableConvention extends Convention {
  /** The same weights under this convention's names, float32 or float64 as they are. */
  fromWeights(shapes: ModelShapes, weights: Weights): Map<string, FileTensor>;
}
