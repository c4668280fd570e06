import type { ActivationSpec } from '../activations/activation.js';
import { formatActivation } from '../activations/index.js';
import type { RecurrenceArgs } from '../layers/layer.js';
import type { FloatArray } from '../tensor/tensor.js';
import type { LoopFault } from './scenario.js';

/** The arguments with which a loop was run. */
interface RunLoop {
  readonly args: RecurrenceArgs;
  readonly fault: LoopFault;
  readonly options: object;
}

/**
 * Whether a loop over time has already been run: many mistakes only take another part of what the correct loop computed (another step, one
 * direction, the halves exchanged), so that nothing has to be recomputed.
 */
export function isSameLoop(known: RunLoop, args: RecurrenceArgs, fault: LoopFault, options: object): boolean {
  return (
    sameNumbers(known.args, args) &&
    known.args.cell === args.cell &&
    known.args.reverse === args.reverse &&
    known.args.zeroOutputForMask === args.zeroOutputForMask &&
    known.args.trace === args.trace &&
    ACTIVATIONS.every(field => sameActivation(known.args[field], args[field])) &&
    sameFields(known.args.options, args.options) &&
    INSIDE.every(field => known.fault[field] === fault[field]) &&
    sameFields(known.options, options)
  );
}

const ACTIVATIONS = ['activation', 'recurrentActivation', 'outputActivation'] as const;

/** The fields of a fault that change the loop itself; the others change what is taken from it. */
const INSIDE = ['carry', 'inPlace', 'skip', 'round', 'step', 'output'] as const;

function sameActivation(a: ActivationSpec | null, b: ActivationSpec | null): boolean {
  return a === b || (a !== null && b !== null && formatActivation(a) === formatActivation(b));
}

function sameFields(a: object, b: object): boolean {
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return Object.keys({ ...x, ...y }).every(key => x[key] === y[key]);
}

/** Whether the arrays are identical, not merely equal. */
function sameNumbers(a: RecurrenceArgs, b: RecurrenceArgs): boolean {
  const weights = ['kernel', 'recurrentKernel', 'bias', 'projection', 'peepholes'];
  const same = (x: { data: FloatArray } | undefined, y: { data: FloatArray } | undefined) => x?.data === y?.data;
  return (
    a.x.data === b.x.data &&
    a.x.shape.join() === b.x.shape.join() &&
    a.mask === b.mask &&
    weights.every(name => same(a.weights[name], b.weights[name])) &&
    (a.initial?.length ?? 0) === (b.initial?.length ?? 0) &&
    (a.initial ?? []).every((t, s) => same(t, b.initial![s]))
  );
}
