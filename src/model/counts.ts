import type { WeightShape } from '../cells/cell.js';
import { getCell } from '../cells/index.js';
import { multiply, timesSteps } from '../layers/dims.js';
import { formulaOf } from '../layers/formula.js';
import { getLayerKind } from '../layers/index.js';
import type { LayerCost } from '../layers/layer.js';
import { exactSize } from '../tensor/tensor.js';
import { DEFAULTS, FRAMEWORKS, type FrameworkName, isTorchProjection } from './frameworks.js';
import { inferShapes, type LayerShapes, type ModelShapes } from './shapes.js';
import { isRecurrent, type ModelSpec, type RecurrentSpec } from './spec.js';

/** Parameters, multiply-adds and bytes: every count is summed from shapes, in BigInt, never from a closed formula. */

/** Parameters of one layer. */
export function parameterCount({ weights }: LayerShapes): bigint {
  return numbersIn(weights);
}

function numbersIn(weights: readonly WeightShape[]): bigint {
  return weights.reduce((sum, w) => sum + exactSize(w.shape), 0n);
}

/** Parameters of all layers. */
export function totalParameters(shapes: ModelShapes): bigint {
  return shapes.layers.reduce((sum, l) => sum + parameterCount(l), 0n);
}

/** Parameters that training changes: none of a frozen layer, and no moving statistics of a normalisation. */
export function trainableParameters(shapes: ModelShapes): bigint {
  return shapes.layers.reduce((sum, { layer, weights }) => (layer.trainable ? sum + numbersIn(weights.filter(w => !w.frozen)) : sum), 0n);
}

export interface FrameworkCount {
  readonly params: bigint | null;
  /** why the count differs from that of the network as described, or why there is none */
  readonly note: string | null;
}

/**
 * Parameters of the same network as each framework counts them: PyTorch and ONNX keep two biases, PyTorch does not count moving
 * statistics, tfjs only has the GRU that resets before the product. The count is null if the framework lacks one of the layers.
 * @param framework the network's own framework: Flax is counted only for networks of Flax
 */
export function countsByFramework(
  model: ModelSpec,
  framework: FrameworkName = 'keras',
  shapes: ModelShapes = inferShapes(model),
): Record<string, FrameworkCount> {
  const counted = FRAMEWORKS.filter(name => name !== 'flax' || framework === 'flax');
  const described = totalParameters(shapes);
  const variants = shapes.layers.map((): bigint[] => []);
  return Object.fromEntries(counted.map(name => [name, countAs(name, model, shapes, described, variants)]));
}

/** Returns the network with the bias rows and GRU variant of a framework; null if the framework lacks one of its layers. */
export function modelIn(framework: FrameworkName, model: ModelSpec): { readonly model: ModelSpec | null; readonly note: string | null } {
  const recurrent = model.layers.filter(isRecurrent);
  const missing = missingFrom(framework, recurrent);
  if (missing !== undefined) return { model: null, note: missing };
  const layers = model.layers.map(l => (isRecurrent(l) ? { ...l, ...variantIn(framework, l) } : l));
  return { model: { ...model, layers }, note: resetNote(framework, recurrent) };
}

function missingFrom(framework: FrameworkName, layers: readonly RecurrentSpec[]): string | undefined {
  for (const layer of layers) {
    const missing = missingIn(framework, layer);
    if (missing !== null) return missing;
  }
}

function resetNote(framework: FrameworkName, layers: readonly RecurrentSpec[]): string | null {
  const changed = layers.some(l => l.resetAfter !== variantIn(framework, l).resetAfter);
  return changed ? `${framework} has the GRU with the reset ${framework === 'torch' ? 'after' : 'before'} the product only` : null;
}

/**
 * Counts the network as one framework has it. Frameworks differ in the weights of recurrent layers, never in an output shape, so all other
 * layers keep the shapes of the network as described.
 * @param variants caches, per layer, the additional parameters of each variant (two biases, reset after); filled here
 */
function countAs(
  framework: FrameworkName,
  described: ModelSpec,
  { layers }: ModelShapes,
  params: bigint,
  variants: readonly bigint[][],
): FrameworkCount {
  const recurrent = described.layers.filter(isRecurrent);
  const missing = missingFrom(framework, recurrent);
  if (missing !== undefined) return { params: null, note: missing };
  let more = 0n;
  layers.forEach(({ layer, inputs, symbols, weights }, i) => {
    if (!isRecurrent(layer) || layer.shares !== undefined) return;
    const { twoBiases, resetAfter } = variantIn(framework, layer);
    if (layer.twoBiases === twoBiases && layer.resetAfter === resetAfter) return;
    const place = 2 * Number(twoBiases) + Number(resetAfter);
    variants[i][place] ??=
      numbersIn(getLayerKind(layer.kind).weightShapes(Object.assign({ ...layer }, { twoBiases, resetAfter }), inputs, symbols)) -
      numbersIn(weights);
    more += variants[i][place];
  });
  const saved = framework === 'flax' ? recurrent.reduce((sum, l) => sum + withoutBias({ ...l, ...variantIn(framework, l) }), 0n) : 0n;
  const statistics = framework === 'torch' ? numbersIn(layers.flatMap(({ weights }) => weights.filter(w => w.frozen))) : 0n;
  const note = statistics > 0n ? `torch does not count moving means and variances (${statistics})` : resetNote(framework, recurrent);
  return { params: params + more - saved - statistics, note };
}

/**
 * Parameters that Flax leaves out of a layer. Its GRU has no recurrent biases for z and r, which would only add to the input biases (nnx has
 * none for n either).
 */
function withoutBias(layer: RecurrentSpec): bigint {
  const { kind, useBias, units, bidirectional } = layer;
  const spare = useBias && (layer.resetAfter || kind !== 'gru') ? (getCell(kind).flax?.spareBiases ?? 0) : 0;
  return BigInt(spare * units * (bidirectional ? 2 : 1));
}

function missingIn(framework: FrameworkName, layer: RecurrentSpec): string | null {
  const cell = getCell(layer.kind);
  if (!cell[framework === 'tfjs' ? 'keras' : framework]) return `${framework} has no ${cell.name}`;
  if (layer.projection !== null && framework !== 'torch') return `${framework} has no LSTM projection`;
  if (framework === 'torch' && layer.projection !== null && !isTorchProjection(layer.projection, layer.units))
    return 'torch has LSTM projections narrower than the units only';
  if (layer.peepholes && framework !== 'onnx') return `${framework} has no LSTM peepholes`;
  return null;
}

/** The fields of a recurrent layer that depend on the framework. */
function variantIn(framework: FrameworkName, { kind, resetAfter }: RecurrentSpec): Pick<RecurrentSpec, 'twoBiases' | 'resetAfter'> {
  const own = framework === 'torch' || (framework !== 'tfjs' && resetAfter);
  return { twoBiases: DEFAULTS[framework].twoBiases, resetAfter: own && getCell(kind).fields.resetAfter !== undefined };
}

/** Cost of a layer for one sample, all time steps included. */
export function layerCost(shapes: LayerShapes): LayerCost {
  return timesSteps(getLayerKind(shapes.layer.kind).cost(shapes.layer, shapes.inputs, shapes.symbols), shapes.steps ?? []);
}

/** Returns the formula of a layer's parameter count, 'M*(D+M+1)'; null if its kind has none. */
export function layerFormula(shapes: LayerShapes): string | null {
  return formulaOf(getLayerKind(shapes.layer.kind), shapes.layer, shapes.inputs, shapes.symbols);
}

/** How many numbers one sample carries from step to step: h (and c), per direction. */
export function stateSize({ layer }: LayerShapes): bigint {
  if (!isRecurrent(layer)) return 0n;
  const states = getCell(layer.kind).states.length;
  const one = BigInt(layer.projection ?? layer.units) + BigInt(states - 1) * BigInt(layer.units);
  return one * (layer.bidirectional ? 2n : 1n);
}

/** How many numbers one sample keeps for training: the states of all steps; null while T is symbolic. */
export function trainingSize(shapes: LayerShapes): bigint | null {
  if (!isRecurrent(shapes.layer)) return 0n;
  return multiply(stateSize(shapes), shapes.inputs[0][1].size, ...(shapes.steps ?? []).map(d => d.size));
}
