import type { CellFunction } from '../activations/activation.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';
import { applyTo } from './apply.js';

/**
 * Receives a cell's equations as a sequence of sums, products and functions of named lines. The cell writes them once, against this
 * interface. One implementation computes the hand calculation of one step of one sample (numbers: `startHandCalculation`), another writes
 * the loop of a script (text: emit/numpyCell.ts).
 */
export interface StepWriter<L extends Line> {
  /** the CellOptions that change the equations */
  readonly options: {
    readonly resetAfter: boolean;
    readonly projection: number | null;
    readonly clip: number | null;
    readonly inputForget: boolean;
  };
  readonly sig: NamedFunction;
  readonly act: NamedFunction;
  readonly actOut: NamedFunction;
  /** state s before the step: 'h_{t−1}' */
  given(state: string): L;
  /** x_t·Wx_gate */
  input(gate: string): L;
  /** h·Wh_gate; h is h_{t−1} by default */
  recurrent(gate: string, h?: L): L;
  /** b_gate (row 0) or b'_gate (row 1); empty if the layer has no such bias */
  bias(gate: string, row: 0 | 1): L[];
  /** p_gate⊙c; empty without peepholes */
  peephole(gate: string, row: number, c: L): L[];
  /** the sum of lines; if `clipped`, clamped to the layer's clip */
  sum(label: string, addends: readonly L[], role?: 'sum' | 'result' | 'part', clipped?: boolean): L;
  apply(label: string, fn: NamedFunction, line: L, role?: 'part' | 'result'): L;
  /** a ⊙ b */
  times(label: string, a: L, b: L, role?: 'part' | 'result'): L;
  /** line·Wp */
  projected(label: string, line: L): L;
}

/** A line as the cell sees it. */
export interface Line {
  /** 'x_t·Wx_i', 'sum', 'i' */
  readonly label: string;
}

/** A line of the hand calculation: a vector, and for each element the terms it is computed from. */
export interface HandLine extends Line {
  /** [M]; [P] for a projected h */
  readonly values: Float64Array;
  /** given: a weight or state, unchanged; part: an addend or factor; sum; result: a gate or a new state */
  readonly role: 'given' | 'part' | 'sum' | 'result';
  /** formula in terms of other lines: 'σ(sum_i)', 'f⊙c_{t−1} + i⊙g'; '' if the label says it all */
  readonly formula: string;
  /** how values[m] is computed */
  how(m: number): How;
}

export type How =
  /** a number taken as it is; `name` is its place: 'bh[3]' */
  | { readonly kind: 'number'; readonly name: string; readonly value: number }
  /** Σ a·b */
  | { readonly kind: 'products'; readonly terms: readonly Term[] }
  /** the sum of other lines' numbers, clamped to ±limit if a clip is set */
  | { readonly kind: 'sum'; readonly addends: readonly { readonly label: string; readonly value: number }[]; readonly limit: number | null }
  /** name(argument), with a name such as 'tanh' */
  | { readonly kind: 'function'; readonly name: string; readonly argument: number };

export interface Term {
  /** 'x_t[1]' */
  readonly left: string;
  readonly a: number;
  /** 'Wx[1,3]' */
  readonly right: string;
  readonly b: number;
}

export interface HandArgs {
  readonly gates: readonly string[];
  readonly states: readonly string[];
  readonly units: number;
  readonly options: StepWriter<Line>['options'];
  /** [D] */
  readonly x: FloatArray;
  /** the states before the step: h [P], c [M] */
  readonly state: readonly FloatArray[];
  /** the weights of one direction, as in RecurrenceArgs: kernel, recurrentKernel, bias, projection, peepholes */
  readonly weights: Readonly<Partial<Record<string, Tensor>>>;
  readonly sig: NamedFunction;
  readonly act: NamedFunction;
  readonly actOut: NamedFunction;
  /** index of the previous step: 't−1', or 't+1' if the sequence is read backwards */
  readonly before: string;
}

/** An activation as the equations call it: 'σ', 'tanh', 'relu'. */
export interface NamedFunction {
  readonly name: string;
  readonly f: CellFunction;
}

export interface HandCalculation extends HandArgs, StepWriter<HandLine> {
  /** everything written so far, in order */
  readonly lines: readonly HandLine[];
}

/** Collects the lines of a hand calculation: their numbers, and how each is computed. */
function linesWriter() {
  const lines: HandLine[] = [];
  /** Completes a line and collects it, unless it is given: the hand calculation lists computed lines only. */
  const written = (line: Omit<HandLine, 'formula'> & { formula?: string }) => {
    const whole: HandLine = { formula: '', ...line };
    if (line.role !== 'given') lines.push(whole);
    return whole;
  };
  /** Writes a line whose element m is value(m). */
  const write = (line: Omit<HandLine, 'values' | 'formula'> & { formula?: string }, length: number, value: (m: number) => number) =>
    written({ ...line, values: Float64Array.from({ length }, (_, m) => value(m)) });
  /** v·W for columns [from, from + length) */
  const product = (label: string, v: Vector, { W, name, from, length }: Columns, role: 'part' | 'result' = 'part') => {
    const width = W.shape[1];
    const terms = (m: number) =>
      Array.from({ length: v.values.length }, (_, d) => ({
        left: `${v.label}[${d + 1}]`,
        a: v.values[d],
        right: `${name}[${d + 1},${m + 1}]`,
        b: W.data[d * width + from + m],
      }));
    const values = new Float64Array(length);
    for (let d = 0; d < v.values.length; d++) for (let m = 0; m < length; m++) values[m] += v.values[d] * W.data[d * width + from + m];
    return written({ label, role, values, how: m => ({ kind: 'products', terms: terms(m) }) });
  };
  /** Writes a line of numbers taken from a weight or a state. */
  const plain = (label: string, values: FloatArray, from: number, length: number, role: 'given' | 'part') => {
    const value = (m: number) => values[from + m];
    return write({ label, role, how: m => ({ kind: 'number', name: `${label}[${m + 1}]`, value: value(m) }) }, length, value);
  };
  return { lines, written, write, product, plain };
}

/** Starts the hand calculation of one step of one sample. Pass it to a cell's `handCalculation`; `lines` then has the result. */
export function startHandCalculation(args: HandArgs): HandCalculation {
  const { gates, states, units: M, weights, before } = args;
  const writer = linesWriter();
  const { lines, product, plain } = writer;
  const suffix = (gate: string) => (gates.length > 1 ? `_${gate}` : '');
  const column = (gate: string) => gates.indexOf(gate) * M;

  const calculation: HandCalculation = {
    ...args,
    lines,
    given(state) {
      const values = args.state[states.indexOf(state)];
      return plain(`${state}_{${before}}`, values, 0, values.length, 'given');
    },
    input(gate) {
      const name = `Wx${suffix(gate)}`;
      return product(`x_t·${name}`, { label: 'x_t', values: args.x }, { W: weights.kernel!, name, from: column(gate), length: M });
    },
    recurrent(gate, h = calculation.given(states[0])) {
      const label = h.label.includes('⊙') ? `(${h.label})` : asFactor(h.label);
      const name = `Wh${suffix(gate)}`;
      return product(`${label}·${name}`, { ...h, label }, { W: weights.recurrentKernel!, name, from: column(gate), length: M });
    },
    bias(gate, row) {
      const { bias } = weights;
      if (!bias || (row === 1 && bias.shape.length < 2)) return [];
      const label = `b${row === 1 ? "'" : ''}${gates.length > 1 ? suffix(gate) : 'h'}`;
      return [plain(label, bias.data, row * gates.length * M + column(gate), M, 'part')];
    },
    peephole(gate, row, c) {
      const { peepholes } = weights;
      if (!peepholes) return [];
      return [calculation.times(`p_${gate}⊙${c.label}`, plain(`p_${gate}`, peepholes.data, row * M, M, 'given'), c)];
    },
    ...combining(args, writer),
    projected(label, of) {
      const W = weights.projection!;
      return product(label, of, { W, name: 'Wp', from: 0, length: W.shape[1] }, 'result');
    },
  };
  return calculation;
}

/** The lines that combine others: sums, functions of a line, and elementwise products. */
function combining(
  { options }: Pick<HandArgs, 'options'>,
  { written, write }: ReturnType<typeof linesWriter>,
): Pick<HandCalculation, 'sum' | 'apply' | 'times'> {
  return {
    sum(label, addends, role = 'sum', clipped = role === 'sum') {
      const limit = clipped ? options.clip : null;
      const parts = (m: number) => addends.map(line => ({ label: line.label, value: line.values[m] }));
      const formula = addends.map(line => line.label).join(' + ');
      const line = { label, role, formula, how: (m: number) => ({ kind: 'sum' as const, addends: parts(m), limit }) };
      return write(line, addends[0].values.length, m =>
        within(
          addends.reduce((total, { values }) => total + values[m], 0),
          limit,
        ),
      );
    },
    apply(label, { name, f }, of, role = 'result') {
      const formula = /\w$/.test(name) || name === 'σ' ? `${name}(${of.label})` : `${name}${of.label}`;
      const line = { label, role, formula, how: (m: number) => ({ kind: 'function' as const, name, argument: of.values[m] }) };
      const values = Float64Array.from(of.values);
      applyTo(f, values, 0, values.length, values.length);
      return written({ ...line, values });
    },
    times(label, a, b, role = 'part') {
      const [left, right] = [asFactor(a.label), asFactor(b.label)];
      const terms = (m: number) => [{ left: `${left}[${m + 1}]`, a: a.values[m], right: `${right}[${m + 1}]`, b: b.values[m] }];
      const line = { label, role, formula: `${left}⊙${right}`, how: (m: number) => ({ kind: 'products' as const, terms: terms(m) }) };
      return write(line, a.values.length, m => a.values[m] * b.values[m]);
    },
  };
}

/** Puts a sum or difference in parentheses: '1 − z' becomes '(1 − z)'; 'h_{t−1}' and '(1 − z)' stay. */
function asFactor(label: string): string {
  return /[+−]/.test(label.replace(/\([^()]*\)|\{[^}]*\}/g, '')) ? `(${label})` : label;
}

interface Vector {
  readonly label: string;
  readonly values: FloatArray;
}

/** Columns [from, from + length) of a matrix called `name`. */
interface Columns {
  readonly W: Tensor;
  readonly name: string;
  readonly from: number;
  readonly length: number;
}

/** Clamps to ±limit as the cells do: NaN stays NaN. */
function within(v: number, limit: number | null): number {
  if (limit === null) return v;
  return v > limit ? limit : Math.max(v, -limit);
}
