import type { ActivationSpec } from '../activations/activation.js';
import { activate, cellFunction, formatActivation } from '../activations/index.js';
import { type HandLine, type NamedFunction, startHandCalculation } from '../cells/handCalculation.js';
import { getCell } from '../cells/index.js';
import type { EngineInput, EngineOutput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { cellOptions, type RecurrentSpec } from '../layers/recurrentSpec.js';
import type { DenseSpec, ModelSpec } from '../model/spec.js';
import { isRecurrent } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import type { ForwardRequest } from './request.js';
import type { HandStep } from './result.js';
import { valueNamed } from './valueNamed.js';

/**
 * The hand calculation behind a traced run: for every sample, layer and step the vectors between x_t and h_t. They are recomputed in
 * float64 from the recorded input and the recorded state before the step, never from the engine's own intermediate values. A new state or y
 * that equals the engine's within rounding is shown with the engine's value, so that the same number is printed with the same digits
 * everywhere.
 */
export interface Run {
  readonly model: ModelSpec;
  readonly weights: Weights;
  readonly input: EngineInput;
  readonly output: EngineOutput;
}

export type Zoom = Pick<ForwardRequest, 'sample' | 'step' | 'unit'>;

/**
 * One entry per sample, layer, direction and step, in the order of computation. Lazy, because a trace can be long.
 * @throws RnnError E_ZOOM: a sample, step or unit that the run does not have
 */
export function handCalculationOf(run: Run, zoom: Zoom): Iterable<HandStep> {
  checkZoom(run, zoom);
  return { [Symbol.iterator]: () => steps(run, zoom) };
}

/**
 * `handCalculationOf` for one layer: all directions of one step, counted from 1. For a layer that sees one vector per sample, the step is
 * ignored.
 */
export function* handCalculationOfLayer(run: Run, name: string, sample: number, step: number): Generator<HandStep> {
  const layer = run.model.layers.find(l => l.name === name);
  if (layer && isRecurrent(layer)) yield* recurrentSteps(run, layer, sample - 1, step);
  else if (layer?.kind === 'dense') {
    const sequence = tensorOf(layer.inputs[0], run.model, run.input, run.output).tensor.shape.length === 3;
    yield* denseSteps(run, layer, sample - 1, sequence ? step : undefined);
  }
}

function* steps(run: Run, { sample, step }: Zoom): Generator<HandStep> {
  const N = run.input.x.shape[0];
  for (let n = 0; n < N; n++) {
    if (sample !== undefined && n !== sample - 1) continue;
    for (const layer of run.model.layers) {
      if (isRecurrent(layer)) yield* recurrentSteps(run, layer, n, step);
      else if (layer.kind === 'dense') yield* denseSteps(run, layer, n, step);
    }
  }
}

/** Yields every step of each direction of a recurrent layer, in the order of computation. */
function* recurrentSteps(run: Run, layer: RecurrentSpec, n: number, only?: number): Generator<HandStep> {
  const { model, weights, input, output } = run;
  const from = tensorOf(layer.inputs[0], model, input, output);
  const x = from.tensor;
  const [, T] = x.shape;
  const cell = getCell(layer.kind);
  for (const [way, trace] of (output.layers.get(layer.name)?.traces ?? []).entries()) {
    const reverse = (way === 1) !== layer.goBackwards;
    const before = reverse ? 't+1' : 't−1';
    const own = weightsOf(layer, weights, layer.bidirectional === null ? '' : way === 0 ? 'forward/' : 'backward/');
    for (let k = 0; k < T; k++) {
      const t = reverse ? T - 1 - k : k;
      if (only !== undefined && t !== only - 1) continue;
      const state = trace.states.map((s, i) =>
        k === 0 ? initialState(layer, run, n, way, i, s.shape[2]) : rowOf(s, n * T + t + (reverse ? 1 : -1)),
      );
      const masked = from.mask !== undefined && from.mask[n * T + t] === 0;
      const handCalculation = startHandCalculation({
        gates: cell.gates,
        states: cell.states,
        units: layer.units,
        options: cellOptions(layer),
        x: rowOf(x, n * T + t),
        state,
        weights: own,
        ...functionsOf(layer),
        before,
      });
      if (!masked) cell.handCalculation(handCalculation);
      for (const [i, name] of cell.states.entries()) showRecorded(handCalculation.lines, `${name}_t`, rowOf(trace.states[i], n * T + t));
      yield {
        layer: layer.name,
        kind: layer.kind,
        direction: layer.bidirectional === null ? null : way === 0 ? 'forward' : 'backward',
        sample: n + 1,
        step: t + 1,
        steps: T,
        masked,
        equations: equationsOf(layer, reverse),
        given: [
          { label: 'x_t', values: rowOf(x, n * T + t) },
          ...cell.states.map((name, i) => ({ label: `${name}_{${before}}`, values: state[i] })),
        ],
        lines: handCalculation.lines,
      };
    }
  }
}

/** Yields the dense layer once if it has one vector per sample (its step is null), otherwise at every step. */
function* denseSteps({ model, weights, input, output }: Run, layer: DenseSpec, n: number, only?: number): Generator<HandStep> {
  const x = tensorOf(layer.inputs[0], model, input, output).tensor;
  const sequence = x.shape.length === 3;
  if (x.shape.length > 3 || (!sequence && only !== undefined && only !== input.x.shape[1])) return;
  const T = sequence ? x.shape[1] : 1;
  const Wo = weights.get(`${layer.shares ?? layer.name}/Wo`)!;
  const bo = weights.get(`${layer.shares ?? layer.name}/bo`);
  const y = tensorOf(layer.name, model, input, output).tensor;
  for (let t = 0; t < T; t++) {
    if (sequence && only !== undefined && t !== only - 1) continue;
    const v = rowOf(x, n * T + t);
    const name = sequence ? 'h_t' : 'h';
    const lines = denseLines(layer, name, v, Wo, bo);
    showRecorded(lines, 'y', rowOf(y, n * T + t));
    yield {
      layer: layer.name,
      kind: layer.kind,
      direction: null,
      sample: n + 1,
      step: sequence ? t + 1 : null,
      steps: sequence ? T : null,
      masked: false,
      equations: [denseEquation(layer, name)],
      given: [{ label: name, values: v }],
      lines,
    };
  }
}

function denseLines({ activation, units: K }: DenseSpec, name: string, v: Float64Array, Wo: Tensor, bo: Tensor | undefined): HandLine[] {
  const terms = (k: number) =>
    Array.from(v, (a, m) => ({ left: `${name}[${m + 1}]`, a, right: `Wo[${m + 1},${k + 1}]`, b: Wo.data[m * K + k] }));
  const product: HandLine = {
    label: `${name}·Wo`,
    role: 'part',
    formula: '',
    values: Float64Array.from({ length: K }, (_, k) => v.reduce((sum, a, m) => sum + a * Wo.data[m * K + k], 0)),
    how: k => ({ kind: 'products', terms: terms(k) }),
  };
  const bias = bo && biasLine(Float64Array.from(bo.data));
  const addends = bias ? [product, bias] : [product];
  const linear = activation === 'linear';
  const sum: HandLine = {
    label: linear ? 'y' : 'sum',
    role: linear ? 'result' : 'sum',
    formula: addends.map(line => line.label).join(' + '),
    values: product.values.map((p, k) => p + (bias?.values[k] ?? 0)),
    how: k => ({ kind: 'sum', addends: addends.map(line => ({ label: line.label, value: line.values[k] })), limit: null }),
  };
  return linear ? [...addends, sum] : [...addends, sum, activatedLine(formatActivation(activation), activation, sum)];
}

/**
 * Replaces values by the engine's where they are equal within rounding. @param recorded the engine's values for the line with this label
 */
function showRecorded(lines: readonly HandLine[], label: string, recorded: Float64Array): void {
  const line = lines.find(each => each.label === label && each.values.length === recorded.length);
  line?.values.forEach((value, m) => {
    if (Math.abs(value - recorded[m]) <= ROUNDING * Math.max(1, Math.abs(value))) line.values[m] = recorded[m];
  });
}

const ROUNDING = 1e-5;

function biasLine(values: Float64Array): HandLine {
  return { label: 'bo', role: 'part', formula: '', values, how: k => ({ kind: 'number', name: `bo[${k + 1}]`, value: values[k] }) };
}

function activatedLine(name: string, activation: ActivationSpec, sum: HandLine): HandLine {
  const values = new Float64Array(sum.values.length);
  activate(activation, sum.values, values.length, values);
  return { label: 'y', role: 'result', formula: `${name}(sum)`, values, how: k => ({ kind: 'function', name, argument: sum.values[k] }) };
}

function denseEquation({ activation, useBias }: DenseSpec, name: string): string {
  const sum = `${name}·Wo${useBias ? ' + bo' : ''}`;
  return `y${name === 'h' ? '' : '_t'} = ${activation === 'linear' ? sum : `${formatActivation(activation)}(${sum})`}`;
}

/** The equations of the layer's cell with the layer's own activations; with h_{t+1} if it reads the sequence backwards. */
export function equationsOf(layer: RecurrentSpec, reverse: boolean): string[] {
  const { sig, act, actOut } = functionsOf(layer);
  return getCell(layer.kind)
    .equations(cellOptions(layer))
    .map(line => line.replaceAll('tanh(c_t)', 'OUT(c_t)').replaceAll('tanh(', `${act.name}(`).replaceAll('OUT(', `${actOut.name}(`))
    .map(line => line.replaceAll('σ(', `${sig.name}(`))
    .map(line => (reverse ? line.replaceAll('{t−1}', '{t+1}') : line));
}

function functionsOf(layer: RecurrentSpec): { sig: NamedFunction; act: NamedFunction; actOut: NamedFunction } {
  const named = (spec: ActivationSpec): NamedFunction => ({
    name: formatActivation(spec) === 'sigmoid' ? 'σ' : formatActivation(spec),
    f: cellFunction(spec),
  });
  const act = named(layer.activation);
  return {
    act,
    sig: layer.recurrentActivation === null ? act : named(layer.recurrentActivation),
    actOut: layer.outputActivation === null ? act : named(layer.outputActivation),
  };
}

const WEIGHT_NAMES = { kernel: 'Wx', recurrentKernel: 'Wh', bias: 'bh', projection: 'Wp', peepholes: 'p' };

function weightsOf(layer: RecurrentSpec, weights: Weights, way: string): Record<string, Tensor | undefined> {
  return Object.fromEntries(
    Object.entries(WEIGHT_NAMES).map(([role, name]) => [role, weights.get(`${layer.shares ?? layer.name}/${way}${name}`)]),
  );
}

function tensorOf(name: string, model: ModelSpec, input: EngineInput, output: EngineOutput): { tensor: Tensor; mask?: Uint8Array } {
  return valueNamed(name, model, input, output)!;
}

/** Initial state i of direction `way`: from the network, from the caller, or zeros. */
function initialState(layer: RecurrentSpec, run: Run, n: number, way: number, i: number, width: number): Float64Array {
  const place = way * getCell(layer.kind).states.length + i;
  const given = layer.states
    ? valueNamed(layer.states[place], run.model, run.input, run.output)?.tensor
    : run.input.initialStates?.get(layer.name)?.[place];
  return given ? Float64Array.from(given.data.subarray(n * width, (n + 1) * width)) : new Float64Array(width);
}

/** Row r of a tensor viewed as a matrix over its last axis, in float64. */
function rowOf(t: Tensor, r: number): Float64Array {
  const width = t.shape[t.shape.length - 1];
  return Float64Array.from(t.data.subarray(r * width, (r + 1) * width));
}

function checkZoom({ model, input }: Run, { sample, step, unit }: Zoom): void {
  const [N, T] = input.x.shape;
  const widest = Math.max(0, ...model.layers.flatMap(l => (isRecurrent(l) || l.kind === 'dense' ? [l.units] : [])));
  const asked: [string, number | undefined, number, string][] = [
    ['--sample', sample, N, 'samples'],
    ['--step', step, T, 'steps'],
    ['--unit', unit, widest, 'units in the widest layer'],
  ];
  for (const [where, value, most, what] of asked) {
    if (value === undefined || (value >= 1 && value <= most)) continue;
    throw new RnnError('usage', 'E_ZOOM', `there are ${most} ${what}, so there is no number ${value}`, {
      where,
      expected: `1 to ${most}`,
      found: String(value),
      fix: `write ${where} ${most} or less; they count from 1`,
    });
  }
}
