import { escapeText, shownPath } from '../escape.js';
import { withFields } from '../once.js';
import type { ForwardRequest } from '../run/request.js';
import type { ForwardResult, HandStep, TensorData, TraceLayer } from '../run/result.js';
import { float32Json, type JsonSink, nestedJson, writeJson } from './json.js';
import { labelledLines } from './labelledLines.js';
import type { Layout } from './table.js';
import { traceText } from './traceReport.js';
import { type ValueOptions, valueTable } from './values.js';

/** Options of the text report of `rnn-cli forward`. */
export interface ForwardTextOptions extends ValueOptions {
  /** files that were written, for the last line */
  readonly saved: readonly string[];
  /** omit the table of y, which is in a file */
  readonly withoutY: boolean;
  /** omit the steps: they are in a file, or replaced by a plot */
  readonly withoutSteps?: boolean;
  /** --unit: show every term of this unit's numbers */
  readonly unit?: number;
  /** --plot: the heat maps as text */
  readonly pictures?: string;
}

/** What `forward` prints: y, the trace or the picture, where the numbers come from, and the digest. */
export async function forwardText(result: ForwardResult, layout: Layout, options: ForwardTextOptions): Promise<string> {
  // CSV contains only the table of y
  if (layout.style === 'csv') return valueTable(result.tensors.y, 'y', layout, { ...options, dims: result.dims });
  const { tensors, dims, shape, dtype } = result;
  const title = `${layout.paint.strong('y')} (${dims.join(', ')})  ${shape.join('×')} ${dtype}, ${result.engine} engine${result.fast ? ', fused multiply-add' : ''}`;
  const parts = [options.withoutY ? `${title}\n` : `${title}\n\n${await valueTable(tensors.y, 'y', layout, { ...options, dims })}`];
  for (const { name, dims: axes, shape: sizes, dtype: type } of result.outputs.slice(1)) {
    const other = tensors.others?.get(name);
    if (!other) continue;
    const heading = `${layout.paint.strong(escapeText(name))} (${axes.join(', ')})  ${sizes.join('×')} ${type}`;
    parts.push(options.withoutY ? `${heading}\n` : `${heading}\n\n${await valueTable(other, 'y', layout, { ...options, dims: axes })}`);
  }
  const hidden = statesTensor(result);
  if (hidden)
    parts.push(`${layout.paint.strong('h')} of every step  ${hidden.shape.join('×')}\n\n${await valueTable(hidden, 'h', layout, options)}`);
  if (options.pictures) parts.push(`${options.pictures.trimEnd()}\n`);
  if (!options.withoutSteps) parts.push(...(await stepsText(result, layout, options)));
  return `${parts.join('\n')}\n${provenance(result, layout, options.saved)}`;
}

async function stepsText({ tensors }: ForwardResult, layout: Layout, options: ForwardTextOptions): Promise<string[]> {
  if (tensors.handCalculation) return [await traceText(tensors.handCalculation, layout, options)];
  return Promise.all((tensors.traceLayers ?? []).map(layer => gatesText(layer, tensors.trace!, layout, options)));
}

/** 'engine batched (too little to do for loading anything else), float32': for --verbose. */
export function engineLine({ engine, engineChoice, dtype, threads }: ForwardResult): string {
  return `engine ${engine}${engineChoice === undefined ? '' : ` (${engineChoice})`}, ${dtype}${threads === undefined ? '' : `, threads ${threads}`}`;
}

/** The equations, gates and states of one direction of a layer, for runs without a hand calculation. */
async function gatesText(
  layer: TraceLayer,
  trace: ReadonlyMap<string, TensorData>,
  layout: Layout,
  options: ValueOptions,
): Promise<string> {
  const both = [...trace.keys()].some(name => name.startsWith(`${layer.layer}/backward/`));
  const prefix = both ? `${layer.layer}/${layer.direction}` : layer.layer;
  const title = `${layout.paint.strong(escapeText(prefix))}\n${layer.equations.map(line => `   ${line}\n`).join('')}`;
  const names = [
    ...layer.gateNames.map(gate => ({ key: `${prefix}/gates/${gate}`, letter: gate })),
    ...layer.stateNames.map(state => ({ key: `${prefix}/${state}`, letter: state })),
  ];
  const tables: string[] = [];
  for (const { key, letter } of names) {
    const tensor = trace.get(key);
    if (tensor) tables.push(`${escapeText(key)}  ${tensor.shape.join('×')}\n\n${await valueTable(tensor, letter, layout, options)}`);
  }
  return `${title}\n${tables.join('\n')}`;
}

function provenance(result: ForwardResult, layout: Layout, saved: readonly string[]): string {
  const from = (source: string, promise: string | null): string => shownPath(source) + (promise === null ? '' : ` (${promise})`);
  const lines: [string, string][] = [
    ['weights', `${from(result.weightsSource, result.promises.weights)}${result.init === null ? '' : `, init ${result.init}`}`],
    ['input', from(result.inputSource, result.promises.input)],
    ['sha256', `${result.ySha256}${layout.width < 100 ? '' : '  of y (float32, C order)'}`],
    saved.length > 0
      ? ['saved', saved.map(path => escapeText(path)).join(', ')]
      : ['save', 'add -o y.npy (or .npz, .csv, .json), or --json'],
  ];
  return labelledLines(lines, layout);
}

/** h of every step as a tensor; undefined without --states. */
function statesTensor({ states, dtype }: ForwardResult): TensorData | undefined {
  const { h } = states;
  if (!Array.isArray(h) || h.length === 0) return undefined;
  const shape: number[] = [];
  for (let axis: unknown = h; Array.isArray(axis); axis = axis[0]) shape.push(axis.length);
  const flat = (h as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
  return { shape, data: dtype === 'float32' ? Float32Array.from(flat) : Float64Array.from(flat) };
}

/**
 * The document `rnn-cli/forward@1`. Numbers of a float32 run have float32 digits; with a step or a unit, it only contains that part of the
 * hand calculation.
 */
export function forwardDocument(result: ForwardResult, { step, unit }: Pick<ForwardRequest, 'step' | 'unit'> = {}): object {
  const { tensors, states, dtype } = result;
  const some = step !== undefined || unit !== undefined;
  const trace = some
    ? undefined
    : tensors.trace && Object.fromEntries([...tensors.trace].map(([name, tensor]) => [name, nestedJson(tensor)]));
  const steps = some ? [...(tensors.handCalculation ?? [])].map(step => stepDocument(step, unit)) : undefined;
  const made = { y: nestedJson(tensors.y), states: dtype === 'float32' ? float32Json(states) : states, tensors: undefined, trace, steps };
  return withFields<object>(result, made);
}

/** The hand calculation of one step; with a unit, also the sum, product or function behind each of its numbers. */
function stepDocument({ given, lines, ...step }: HandStep, unit: number | undefined): object {
  return {
    ...step,
    given: given.map(({ label, values }) => ({ label, values: [...values] })),
    lines: lines.map(({ label, role, formula, values, how }) => ({
      label,
      role,
      formula,
      values: [...values],
      ...(unit === undefined || unit > values.length ? {} : { how: how(unit - 1) }),
    })),
  };
}

/** One line per sample: {"n":0,"y":…}. */
export function writeSamples({ tensors }: ForwardResult, sink: JsonSink): void {
  const { shape, data } = tensors.y;
  const [N, ...rest] = shape;
  const size = data.length / Math.max(1, N);
  for (let n = 0; n < N; n++) {
    writeJson({ n, y: nestedJson({ shape: rest, data: data.subarray(n * size, (n + 1) * size) }) }, sink);
    sink('\n');
  }
}
