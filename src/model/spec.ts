import { isCellName } from '../cells/index.js';
import type { ActivationLayerSpec } from '../layers/activation.js';
import type * as all from '../layers/all.js';
import type { DenseSpec } from '../layers/dense.js';
import type { DropoutSpec } from '../layers/dropout.js';
import type { EmbeddingSpec } from '../layers/embedding.js';
import type { FlattenSpec } from '../layers/flatten.js';
import { findLayerKind } from '../layers/index.js';
import type { MaskingSpec } from '../layers/masking.js';
import type { MergeSpec } from '../layers/merging.js';
import type { OperatorSpec } from '../layers/operator.js';
import type { PoolSpec } from '../layers/pooling.js';
import type { RecurrentSpec } from '../layers/recurrentSpec.js';
import type { RepeatSpec } from '../layers/repeat.js';

/**
 * The architecture as plain JSON: what to build, not how it is computed. Each layer kind declares its own fields in layers/;
 * the published JSON Schema is schemas/spec.schema.json. A file may leave out fields that have a default; `checkSpec` fills them in,
 * so all other code sees complete layers.
 */
export const SPEC_SCHEMA = 'rnn-cli/spec@2';
/** Most layers of a network, however it is described. */
export const MOST_LAYERS = 100_000;
/** The first schema, without several inputs, outputs, states and operators; still read. */
export const FIRST_SPEC_SCHEMA = 'rnn-cli/spec@1';

/** A layer of any kind in layers/all.ts, or of a cell. */
export type LayerSpec = Parameters<(typeof all)[keyof typeof all]['kerasClass']>[0] | RecurrentSpec;

export interface InputSpec {
  readonly name: string;
  /** null: symbolic */
  readonly batch: number | null;
  readonly timesteps: number | null;
  /** D; null when the input is token numbers [N, T] for an embedding */
  readonly features: number | null;
  /** sizes after the batch of an input that is neither a sequence [T, D] nor token numbers [T]: a state [M], an image [H, W, C] */
  readonly shape?: readonly (number | null)[];
}

/** A further output: the name it is reported under, and the name of its value. */
export interface OutputSpec {
  readonly name: string;
  readonly value: string;
}

export interface ModelSpec {
  readonly schema: typeof SPEC_SCHEMA;
  /** Keras model name, as its summary prints it */
  readonly name: string;
  /** Keras: a functional model's summary shows its InputLayer */
  readonly functional: boolean;
  readonly input: InputSpec;
  /** inputs after the first */
  readonly otherInputs?: readonly InputSpec[];
  readonly layers: readonly LayerSpec[];
  /** the value that is the model's output y: a layer's name, or `layer/h` for one of its states */
  readonly output: string;
  /** outputs after the first */
  readonly otherOutputs?: readonly OutputSpec[];
  /** name the first output is reported under, if it is not that of its value */
  readonly outputName?: string;
}

/** Returns the spec to write for a model: a single input or output as `input`, `output`; several as lists. */
export function specOf({ input, otherInputs, output, outputName, otherOutputs, ...rest }: ModelSpec): Record<string, unknown> {
  const outputs = [{ name: outputName ?? output, value: output }, ...(otherOutputs ?? [])];
  return {
    ...rest,
    ...(otherInputs ? { inputs: [input, ...otherInputs].map(written) } : { input: written(input) }),
    ...(otherOutputs || outputName !== undefined ? { outputs } : { output }),
  };
}

/** An explicit shape replaces timesteps and features. */
function written({ name, batch, shape, ...sizes }: InputSpec): Record<string, unknown> {
  return shape ? { name, batch, shape } : { name, batch, ...sizes };
}

/** All inputs of a model, the first one first. */
export function inputsOf(model: ModelSpec): readonly InputSpec[] {
  return [model.input, ...(model.otherInputs ?? [])];
}

/** All outputs of a model by the names they are reported under, y first. */
export function outputsOf(model: ModelSpec): readonly OutputSpec[] {
  return [{ name: model.outputName ?? model.output, value: model.output }, ...(model.otherOutputs ?? [])];
}

/** The names of the layers that y depends on. */
export function layersBehind({ layers, output }: ModelSpec): ReadonlySet<string> {
  const found = new Set<string>();
  const byName = new Map(layers.map(layer => [layer.name, layer]));
  const values = [output];
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    // a value is named after its layer; a state is lstm_1/h
    const layer = byName.get(value) ?? byName.get(value.replace(/\/[^/]*$/, ''));
    if (!layer || found.has(layer.name)) continue;
    found.add(layer.name);
    values.push(...layer.inputs, ...(layer.states ?? []), ...(layer.mask ? [layer.mask] : []));
  }
  return found;
}

export type { CellName } from '../cells/index.js';
export type { MergeMode } from '../layers/bidirectional.js';
export type {
  ActivationLayerSpec,
  DenseSpec,
  DropoutSpec,
  EmbeddingSpec,
  FlattenSpec,
  MaskingSpec,
  MergeSpec,
  OperatorSpec,
  PoolSpec,
  RecurrentSpec,
  RepeatSpec,
};

export function isRecurrent(layer: LayerSpec): layer is RecurrentSpec {
  return isCellName(layer.kind);
}

/** Names of the values that embeddings look up, directly or step by step, or that hold text. Inputs among them are token numbers. */
export function tokenValues(layers: readonly LayerSpec[]): ReadonlySet<string> {
  const values = new Set<string>();
  for (const { kind, name, inputs } of [...layers].reverse()) {
    // unknown for a class that cannot be run; its network is still shown
    const tokens = findLayerKind(kind)?.tokens;
    if (tokens === 'read') for (const input of inputs) values.add(input);
    else if (tokens && values.has(name)) values.add(inputs[0]);
  }
  return values;
}
