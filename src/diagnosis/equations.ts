import type { StepContext } from '../cells/cell.js';
import { hasRowFunction } from '../layers/recurrent.js';
import { inLoops, recurrentLayers, type Scenario, type StepFault, type Way } from './mistake.js';

/** Steps with other equations, and mistakes described by such a step. */

/** One unit of an LSTM: its activated gates, the previous c, and the activation of c. */
interface LstmUnit {
  readonly i: number;
  readonly f: number;
  readonly g: number;
  readonly o: number;
  readonly c: number;
  readonly out: (c: number) => number;
}

interface LstmEquations {
  /** the new c; by default the correct one */
  readonly c?: (u: LstmUnit) => number;
  /** h from the new c */
  readonly h?: (c: number, u: LstmUnit) => number;
}

export const rightC = ({ i, f, g, c }: LstmUnit) => f * c + i * g;

/** Activations of the gates, in order; the cell's own where undefined. */
type GateActivations = readonly (((v: number) => number) | undefined)[];

/** An LSTM step with other equations; peepholes and clipping are not supported. */
export function lstmStep(
  { c: cellOf = rightC, h: hiddenOf = (c, u) => u.o * u.out(c) }: LstmEquations,
  [ofI, ofF, ofG, ofO]: GateActivations = [],
): CellStep {
  const step: StepFault = ({ M, gates, state, next, recurrent, ...functions }) => {
    const { sig, act, actOut } = ofNumbers(functions);
    const sums = recurrent(state[0], 0, 4);
    for (let m = 0; m < M; m++) {
      const a = (g: number) => gates[g * M + m] + sums[g * M + m];
      const [i, f, g, o] = [(ofI ?? sig)(a(0)), (ofF ?? sig)(a(1)), (ofG ?? act)(a(2)), (ofO ?? sig)(a(3))];
      const unit = { i, f, g, o, c: state[1][m], out: actOut };
      next[1][m] = cellOf(unit);
      next[0][m] = hiddenOf(next[1][m], unit);
    }
  };
  return { kind: 'lstm', step };
}

interface GruUnit {
  readonly z: number;
  readonly r: number;
  /** x·Wx_g + b_g */
  readonly x: number;
  /** h·Wh_g + b′_g */
  readonly u: number;
  readonly h: number;
  readonly act: (v: number) => number;
}

/** A GRU step with another candidate, which receives the whole product h·Wh_g, whether reset or not. */
export function gruStep(candidate: (u: GruUnit) => number, [ofZ, ofR]: GateActivations = []): CellStep {
  const step: StepFault = ({ M, gates: inputs, state, next, recurrent, ...functions }) => {
    const { sig, act } = ofNumbers(functions);
    const sums = recurrent(state[0], 0, 3);
    for (let m = 0; m < M; m++) {
      const a = (g: number) => inputs[g * M + m] + sums[g * M + m];
      const [z, h] = [(ofZ ?? sig)(a(0)), state[0][m]];
      next[0][m] = z * h + (1 - z) * candidate({ z, r: (ofR ?? sig)(a(1)), x: inputs[2 * M + m], u: sums[2 * M + m], h, act });
    }
  };
  return { kind: 'gru', step };
}

/** Casts activations to functions of single numbers: `stepVariants` excludes layers with functions of rows. */
function ofNumbers(functions: Pick<StepContext, 'sig' | 'act' | 'actOut'>): Record<'sig' | 'act' | 'actOut', (v: number) => number> {
  return functions as Record<'sig' | 'act' | 'actOut', (v: number) => number>;
}

/** A step for one kind of cell. */
interface CellStep {
  readonly kind: 'rnn' | 'lstm' | 'gru';
  readonly step: StepFault;
}

/** The step in all layers of its kind, and in each. In `why`, @ is replaced by the place. */
export function stepVariants(scenario: Scenario, { kind, step }: CellStep, why: string, more: Partial<Way> = {}): Way[] {
  const layers = recurrentLayers(scenario).filter(
    l => l.kind === kind && !l.peepholes && l.clip === null && !l.inputForget && !hasRowFunction(l),
  );
  return inLoops(layers, { step }, { why, ...more });
}

/** Mistakes that are another equation, each described in words in which @ is replaced by the layer. */
export function restated(list: readonly (readonly [words: string, step: CellStep, more?: Partial<Way>])[]): (scenario: Scenario) => Way[] {
  return scenario => list.flatMap(([words, step, more]) => stepVariants(scenario, step, words, more));
}

/** Runs the correct step and then `change`. */
export function after(change: (context: StepContext, reverse: boolean) => void): StepFault {
  return (context, right, _left, reverse) => {
    right(context);
    change(context, reverse);
  };
}
