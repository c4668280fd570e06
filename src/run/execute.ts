import {
  type Engine,
  type EngineInput,
  type EngineOptions,
  type EngineOutput,
  finalStatesOf,
  type GraphProgram,
} from '../engines/engine.js';
import { getEngine } from '../engines/index.js';
import { RnnError } from '../errors.js';
import { takesAnySamples } from '../model/samples.js';
import { isRecurrent, type ModelSpec } from '../model/spec.js';
import type { GraphValue } from '../ops/value.js';
import { concatFirst, sliceFirst } from '../tensor/layout.js';
import { type Precision, type Tensor, toPrecision } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';

/** Which engine computes, and how. */
export interface Execution {
  readonly engine: string;
  /** why this engine, if the request left it open */
  readonly why?: string;
  /** fused multiply-add: results then depend on the processor */
  readonly fast?: boolean;
  readonly dtype?: Precision;
  readonly threads?: number;
  readonly trace?: boolean;
  /** manual engine: compute all samples at once */
  readonly together?: EngineOptions['together'];
  /** to measure the effect of rounding; batched engine only */
  readonly rounding?: EngineOptions['rounding'];
  readonly onProgress?: EngineOptions['onProgress'];
}

/**
 * Runs a network with an engine. A stateful network of fixed batch size B takes its samples B at a time, as `predict` does, and each call
 * starts with the states the last one left.
 * @throws RnnError E_BATCH: the samples are no multiple of the batch size; E_INPUT_SHAPE: operators hold another number of samples
 */
export async function execute(model: ModelSpec, weights: Weights, input: EngineInput, execution: Execution): Promise<EngineOutput> {
  return executeWith(getEngine(execution.engine), model, weights, input, execution);
}

/** `execute` with a given engine. */
export async function executeWith(
  engine: Engine,
  model: ModelSpec,
  weights: Weights,
  input: EngineInput,
  { dtype, threads, fast, trace = false, together, rounding, onProgress }: Omit<Execution, 'engine'>,
): Promise<EngineOutput> {
  const options: EngineOptions = { dtype: dtype ?? engine.defaultDtype, threads, fast, trace, together, rounding };
  const N = input.x.shape[0];
  const B = model.input.batch;
  const stateful = model.layers.filter(isRecurrent).filter(l => l.stateful);
  if (stateful.length === 0) checkSamples(model, N);
  if (stateful.length === 0 || B === null || N === B) return engine.run(model, weights, input, { ...options, onProgress });
  if (N % B !== 0) {
    throw new RnnError('shape', 'E_BATCH', `a stateful network takes ${B} samples at a time, and ${N} is not a multiple of that`, {
      where: 'input',
      expected: `a multiple of ${B} samples`,
      found: `${N} samples`,
    });
  }
  return runInCalls(model, B, part => engine.run(model, weights, part, options), input, onProgress);
}

/** Operators may contain the fixed number of samples of the description; with another number their results would be meaningless. */
function checkSamples(model: ModelSpec, N: number): void {
  const B = model.input.batch;
  if (B === N || takesAnySamples(model)) return;
  throw new RnnError('shape', 'E_INPUT_SHAPE', 'the file fixes the number of samples', {
    where: 'input',
    expected: `${B} samples`,
    found: `${N} samples`,
    fix: `give ${B}; or export the model for any number, with PyTorch: torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim('N')},))`,
  });
}

async function runInCalls(
  model: ModelSpec,
  B: number,
  run: (input: EngineInput) => Promise<EngineOutput>,
  { x, mask, initialStates }: EngineInput,
  onProgress: Execution['onProgress'],
): Promise<EngineOutput> {
  const T = x.shape[1];
  const outputs: EngineOutput[] = [];
  let states: ReadonlyMap<string, readonly Tensor[]> | undefined =
    initialStates && new Map([...initialStates].map(([name, all]) => [name, all.map(s => sliceFirst(s, 0, B))]));
  for (let from = 0; from < x.shape[0]; from += B) {
    const part = { x: sliceFirst(x, from, from + B), mask: mask?.subarray(from * T, (from + B) * T), initialStates: states };
    const output = await run(part);
    outputs.push(output);
    onProgress?.(outputs.length, x.shape[0] / B);
    states = new Map(model.layers.filter(isRecurrent).flatMap(l => (l.stateful ? [[l.name, finalStatesOf(output, l.name)!]] : [])));
  }
  const last = outputs[outputs.length - 1];
  return { ...last, y: concatFirst(outputs.map(o => o.y)) };
}

/**
 * Runs an ONNX graph node by node: y is its first output.
 * @throws RnnError E_ONNX_OPERATOR, E_ONNX_SIMULATE
 */
export async function executeGraph(
  program: GraphProgram,
  inputs: ReadonlyMap<string, GraphValue>,
  { engine: name, dtype, threads, fast, trace, rounding }: Execution,
  mistake?: string,
): Promise<EngineOutput> {
  if (mistake !== undefined) {
    throw new RnnError('unsupported', 'E_ONNX_SIMULATE', '--simulate changes layers, and this graph is not a network of layers', {
      where: '--simulate',
      found: mistake,
    });
  }
  const engine = getEngine(name);
  const precision = dtype ?? engine.defaultDtype;
  const typed = new Map([...inputs].map(([key, v]) => [key, v.kind === 'float' ? { ...v, ...toPrecision(v, precision) } : v]));
  const [[, y], ...others] = await engine.runGraph(program, typed, { dtype: precision, threads, trace: false, rounding });
  const warnings = [
    ...(fast ? ['--fast has no effect on a graph that is run node by node'] : []),
    ...(trace ? ['no steps, gates or states are shown: a graph that is run node by node has no layers'] : []),
  ];
  return { y: toPrecision(y, precision), layers: new Map(), warnings, ...(others.length > 0 ? { others: new Map(others) } : {}) };
}
