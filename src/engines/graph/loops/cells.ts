import type { FloatArray } from '../../../tensor/tensor.js';
import { notExpressible } from '../notExpressible.js';
import type { Affine, Row } from './rows.js';

/** A gate: activation(x·W + bw + h·R + br), with an optional peephole. W is [D, M], R is [M, M]. */
export interface Gate {
  readonly W: FloatArray;
  readonly R: FloatArray;
  readonly bw: FloatArray | null;
  readonly br: FloatArray | null;
  readonly p: FloatArray | null;
}

export interface FoundCell {
  readonly opType: 'RNN' | 'LSTM' | 'GRU';
  readonly units: number;
  readonly features: number;
  /** index of the sequence of which x is a step */
  readonly sequence: number;
  /** indices of the body's states that are h, and c */
  readonly states: readonly number[];
  /** the gates in ONNX's order */
  readonly gates: readonly Gate[];
  /** the operator's activations f, g and h, with their parameters */
  readonly functions: readonly { readonly name: string; readonly parameters: readonly number[] }[];
  readonly linearBeforeReset: boolean;
}

/**
 * Recognises the cell that a body computes.
 * @param next the new value of each state, as a formula
 * @throws RnnError if it is not a cell that ONNX has as an operator
 */
export function cellOf(next: ReadonlyMap<number, Row>): FoundCell {
  const states = [...next.keys()];
  if (states.length === 1) return plainOrGru(states[0], next.get(states[0])!);
  if (states.length === 2) {
    for (const [h, c] of [states, [...states].reverse()]) {
      const found = lstm(h, c, next.get(h)!, next.get(c)!);
      if (found) return found;
    }
  }
  throw notExpressible(`its ${states.length} states are not computed as in any known cell`);
}

function plainOrGru(h: number, row: Row): FoundCell {
  const plain = activated(row);
  if (plain) return whole('RNN', [gateOf(plain.of, row => isState(row, h))], [plain], [h], plain.of);
  const parts = blended(row, h);
  const z = parts && activated(parts.gate);
  if (!z) throw notExpressible('its state is not computed as in any known cell');
  const n = parts.candidate;
  if (n.is !== 'function') throw notExpressible('the candidate has no activation');
  const zGate = gateOf(z.of, r => isState(r, h));
  // reset before the product: x·W + (r ⊙ h)·R
  if (n.of.is === 'affine') {
    let reset: Row | undefined;
    const nGate = gateOf(n.of, row => {
      if (row.is !== 'product') return false;
      reset = other(row.parts, part => isState(part, h));
      return reset !== undefined;
    });
    const r = reset && activated(reset);
    if (!r) throw notExpressible('the reset gate has no activation');
    same(r, z);
    return whole('GRU', [zGate, gateOf(r.of, row => isState(row, h)), nGate], [z, n], [h], z.of);
  }
  // after it: x·W + bw + r ⊙ (h·R + br)
  if (n.of.is !== 'sum') throw notExpressible('the candidate is not a sum');
  const product = n.of.parts.find(part => part.is === 'product');
  const input = n.of.parts.find(part => part.is === 'affine');
  if (product?.is !== 'product' || input?.is !== 'affine') throw notExpressible('the candidate is not a sum of products');
  const recurrent = product.parts.find(part => part.is === 'affine');
  const r = activated(product.parts.find(part => part.is === 'function'));
  if (recurrent?.is !== 'affine' || !r) throw notExpressible('the reset gate has no activation');
  same(r, z);
  const nGate = gateOf({ ...input, terms: [...input.terms, ...recurrent.terms], diagonals: [] }, row => isState(row, h));
  return { ...whole('GRU', [zGate, gateOf(r.of, row => isState(row, h)), nGate], [z, n], [h], z.of), linearBeforeReset: true };
}

/** Recognises z ⊙ h + (1 − z) ⊙ n, or n + z ⊙ (h − n). */
function blended(row: Row, h: number): { gate: Row; candidate: Row } | undefined {
  if (row.is !== 'sum') return undefined;
  const [a, b] = row.parts;
  for (const [kept, rest] of [
    [a, b],
    [b, a],
  ]) {
    if (kept.is !== 'product') continue;
    const gate = other(kept.parts, part => isState(part, h));
    if (gate && rest.is === 'product') {
      const candidate = other(rest.parts, part => part.is === 'difference' && part.from === null && part.minus === gate);
      if (candidate) return { gate, candidate };
    }
    const by = other(kept.parts, part => part.is === 'difference' && part.from !== null && isState(part.from, h) && part.minus === rest);
    if (by) return { gate: by, candidate: rest };
  }
  return undefined;
}

/** Recognises c' = f ⊙ c + i ⊙ g, h' = o ⊙ act(c'). */
function lstm(h: number, c: number, nextH: Row, nextC: Row): FoundCell | undefined {
  if (nextC.is !== 'sum' || nextH.is !== 'product') return undefined;
  const out = nextH.parts.find(part => part === nextC || (part.is === 'function' && part.of === nextC));
  const o = out && activated(nextH.parts.find(part => part !== out));
  if (!out || !o) return undefined;
  const keeps = nextC.parts.find(part => part.is === 'product' && other(part.parts, p => isState(p, c)));
  const takes = nextC.parts.find(part => part !== keeps);
  if (keeps?.is !== 'product' || takes?.is !== 'product') return undefined;
  const f = activated(other(keeps.parts, p => isState(p, c)));
  const two = takes.parts.map(part => activated(part));
  if (!f) return undefined;
  const i = two.findIndex(part => part && equal(part, f));
  const g = two[1 - i];
  const input = two[i];
  if (!input || !g) return undefined;
  same(o, f);
  const isH = (row: Row) => isState(row, h);
  const old = (row: Row) => isState(row, c);
  const gates = [gateOf(input.of, isH, old), gateOf(o.of, isH, row => row === nextC), gateOf(f.of, isH, old), gateOf(g.of, isH)];
  const outer = out.is === 'function' ? out : { name: 'Affine', parameters: [1, 0] };
  return whole('LSTM', gates, [f, g, outer], [h, c], f.of);
}

interface Activated {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly of: Affine;
}

function activated(row: Row | undefined): Activated | undefined {
  if (row?.is === 'affine') return { name: 'Affine', parameters: [1, 0], of: row };
  return row?.is === 'function' && row.of.is === 'affine' ? { name: row.name, parameters: row.parameters, of: row.of } : undefined;
}

function isState(row: Row, state: number): boolean {
  return row.is === 'state' && row.state === state;
}

/** If one of the two rows is as wanted, returns the other one. */
function other(parts: readonly [Row, Row], wanted: (row: Row) => boolean): Row | undefined {
  const at = parts.findIndex(wanted);
  return at < 0 ? undefined : parts[1 - at];
}

function equal(a: Omit<Activated, 'of'>, b: Omit<Activated, 'of'>): boolean {
  return a.name === b.name && a.parameters.join() === b.parameters.join();
}

function same(a: Activated, b: Activated): void {
  if (!equal(a, b)) throw notExpressible('the gates have different activations');
}

/** A matrix of a gate, with the bias of its product. */
interface Factor {
  readonly data: FloatArray;
  readonly bias: FloatArray | null;
}

type FoundGate = Gate & { readonly sequence: number };

/**
 * Finds the two products of a gate, with a step and with the state. They may be a single product of both, concatenated.
 * @param recurrent whether the row is the one that R multiplies
 * @param peephole whether the row is the one that a peephole multiplies
 */
function gateOf({ width: M, terms, diagonals }: Affine, recurrent: (row: Row) => boolean, peephole?: (row: Row) => boolean): FoundGate {
  const found: { x?: Factor & { readonly sequence: number }; h?: Factor } = {};
  const take = (of: Row, data: FloatArray, bias: FloatArray | null) => {
    if (of.is === 'step' && !found.x) found.x = { data, bias, sequence: of.sequence };
    else if (recurrent(of) && !found.h) found.h = { data, bias };
    else throw notExpressible('a gate reads more than one step and one state');
  };
  for (const { of, matrix, bias } of terms) {
    let from = 0;
    const parts = of.is === 'joined' ? of.parts : [of];
    if (parts.length > 2) throw notExpressible('a gate reads more than one step and one state');
    parts.forEach((part, i) => {
      // the state has as many rows as the gate has units; the other rows are the step's
      const rows = parts.length === 1 ? matrix.rows : part.is === 'step' ? matrix.rows - M : M;
      take(part, matrix.data.slice(from * M, (from + rows) * M), i === 0 ? bias : null);
      from += rows;
    });
  }
  const { x, h } = found;
  if (!x || !h) throw notExpressible('a gate does not read both the step and the state');
  if (h.data.length !== M * M) throw notExpressible('a gate and the state have different widths');
  const [diagonal, ...more] = diagonals;
  if (more.length > 0 || (diagonal && !peephole?.(diagonal.of)) || (diagonal && diagonal.by.length !== M))
    throw notExpressible('a gate is multiplied by constants');
  return { sequence: x.sequence, W: x.data, R: h.data, bw: x.bias, br: h.bias, p: diagonal?.by ?? null };
}

function whole(
  opType: FoundCell['opType'],
  gates: readonly FoundGate[],
  functions: readonly Omit<Activated, 'of'>[],
  states: readonly number[],
  { width }: Affine,
): FoundCell {
  const [{ sequence, W }] = gates;
  if (gates.some(gate => gate.sequence !== sequence || gate.W.length !== W.length || gate.R.length !== width * width))
    throw notExpressible('the gates read different sequences');
  return {
    opType,
    units: width,
    features: W.length / width,
    sequence,
    states,
    gates,
    functions: functions.map(({ name, parameters }) => ({ name, parameters })),
    linearBeforeReset: false,
  };
}
