import type { CellOptions } from '../../src/cells/cell.js';

/*
 * The cells as papers print them, one sample, one direction, number by number: what engines and scripts are held against. Nothing of src is used but
 * a type.
 */
export type Vector = readonly number[];

export interface TextbookCell {
  readonly gates: readonly string[];
  readonly states: readonly string[];
  /** the states after one step, h first */
  step(at: TextbookStep): Vector[];
}

export interface TextbookStep {
  readonly states: readonly Vector[];
  readonly options: CellOptions;
  /** x_t·Wx_gate + b_gate */
  input(gate: string): Vector;
  /** h·Wh_gate + b'_gate */
  recurrent(gate: string, h: Vector): Vector;
  readonly sig: (v: number) => number;
  readonly act: (v: number) => number;
  /** p_gate ⊙ c, zeros without peepholes */
  peep(gate: string, c: Vector): Vector;
  /** h·Wp */
  projected(h: Vector): Vector;
}

const add = (a: Vector, b: Vector) => a.map((v, m) => v + b[m]);
const times = (a: Vector, b: Vector) => a.map((v, m) => v * b[m]);
const mix = (keep: Vector, old: Vector, fresh: Vector) => old.map((v, m) => keep[m] * v + (1 - keep[m]) * fresh[m]);

export const TEXTBOOK: Readonly<Record<string, TextbookCell>> = {
  rnn: {
    gates: ['h'],
    states: ['h'],
    step: ({ states: [h], act, options, ...w }) => [held(add(w.input('h'), w.recurrent('h', h)), options).map(act)],
  },
  lstm: {
    gates: ['i', 'f', 'g', 'o'],
    states: ['h', 'c'],
    step({ states: [h, c], sig, act, options, ...w }) {
      const before = (gate: string, old: Vector) => held(add(add(w.input(gate), w.recurrent(gate, h)), w.peep(gate, old)), options);
      const none = c.map(() => 0);
      const i = before('i', c).map(sig);
      const f = options.inputForget ? i.map(v => 1 - v) : before('f', c).map(sig);
      const g = held(add(add(w.input('g'), w.recurrent('g', h)), none), options).map(act);
      const next = add(times(f, c), times(i, g));
      const out = times(before('o', next).map(sig), next.map(act));
      return [options.projection === null ? out : w.projected(out), next];
    },
  },
  gru: {
    gates: ['z', 'r', 'g'],
    states: ['h'],
    step({ states: [h], sig, act, options, ...w }) {
      const gate = (name: string) => held(add(w.input(name), w.recurrent(name, h)), options).map(sig);
      const [z, r] = [gate('z'), gate('r')];
      const inner = options.resetAfter ? times(r, w.recurrent('g', h)) : w.recurrent('g', times(r, h));
      return [mix(z, h, held(add(w.input('g'), inner), options).map(act))];
    },
  },
  mgu: {
    gates: ['f', 'g'],
    states: ['h'],
    step({ states: [h], sig, act, options, ...w }) {
      const f = held(add(w.input('f'), w.recurrent('f', h)), options).map(sig);
      const g = held(add(w.input('g'), times(f, w.recurrent('g', h))), options).map(act);
      return [mix(f, h, g)];
    },
  },
};

function held(v: Vector, { clip }: CellOptions): Vector {
  return clip === null ? v : v.map(a => Math.min(clip, Math.max(-clip, a)));
}
