import type { RnnError } from '../errors.js';
import type { FileTensor } from '../formats/format.js';
import type { TorchModule } from '../formats/torch/module.js';
import type { Assumption } from '../model/assumptions.js';
import type { FrameworkName } from '../model/frameworks.js';
import type { ModelShapes } from '../model/shapes.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';

/**
 * A convention converts between named tensors and canonical weights: it knows how a framework names, orders, transposes and splits them. It knows
 * nothing of bytes (formats do) and computes nothing.
 */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** Facts that a weights file does not contain, from flags or their defaults. */
export interface NetworkHints {
  readonly task: 'many-to-one' | 'many-to-many';
  readonly pool: 'last' | 'max' | 'mean';
  readonly activation?: string;
  /** activation of the gates */
  readonly recurrentActivation?: string;
  readonly timesteps: number | null;
  /** D of the input, if a flag or the input gives it; null: token numbers; undefined: unknown */
  readonly features?: number | null;
  /** facts that flags state; the others are assumed */
  readonly said?: ReadonlySet<'task' | 'pool' | 'activation' | 'timeMajor'>;
  /** whether x is the user's own, not one that is drawn */
  readonly ownInput?: boolean;
  /** whether the tensors' names were made up from their shapes */
  readonly unnamed?: boolean;
  /** the whole module that the tensors belong to, if the file has it */
  readonly module?: TorchModule;
}

/** A network as far as its weights determine it. */
export interface ReadNetwork {
  readonly input: { features: number | null; timesteps: number | null };
  /** layers of a spec, for checkSpec */
  readonly layers: Record<string, unknown>[];
  readonly assumptions: readonly Assumption[];
  /** E_ASK: shapes and counts are known, but y only once this is answered */
  readonly ask?: RnnError;
}

export interface Convention {
  readonly name: string;
  /** the framework whose rules (bias rows, GRU variant) such a network follows */
  readonly framework: FrameworkName;
  /** whether the names, or the file's metadata, belong to this convention */
  detect(names: readonly string[], metadata?: ReadonlyMap<string, string>): boolean;
  /** whether its names are special cases of another convention's, so that it must be tried first */
  readonly special?: boolean;
  /** @throws RnnError E_WEIGHT_…, with the tensor, its shape and the expected one */
  toWeights(shapes: ModelShapes, tensors: NamedTensors, metadata?: ReadonlyMap<string, string>): Weights;
  /** Returns the layers that the tensors determine, as a spec for checkSpec. @throws RnnError E_UNDETERMINED naming the flag to give */
  toSpec(tensors: NamedTensors, hints: NetworkHints, metadata?: ReadonlyMap<string, string>): ReadNetwork;
  /** Returns the assumptions made when weights are read for a given network and fit it in more than one way. */
  assumed?(shapes: ModelShapes, tensors: NamedTensors): Assumption[];
  /** Returns D of a network that begins with this layer of a spec; undefined if the tensors do not show it */
  featuresFor?(tensors: NamedTensors, first: Readonly<Record<string, unknown>>): number | undefined;
}

/** A convention in which files can also be written. */
export interface WritableConvention extends Convention {
  /** Returns the weights under this convention's names, in their own precision. */
  fromWeights(shapes: ModelShapes, weights: Weights): Map<string, FileTensor>;
}
