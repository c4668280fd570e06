import { getCell } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Assumption } from '../../model/assumptions.js';
import { isRecurrent, type ModelSpec, type RecurrentSpec } from '../../model/spec.js';
import { concatFirst } from '../../tensor/layout.js';
import { formatShape, reshape, sameShape, sliceRow, type Tensor, zeros } from '../../tensor/tensor.js';
import type { Network } from '../network/network.js';
import type { InputRequest } from '../request.js';
import { readArray } from './input.js';

/** One initial state of --h0 and --c0, which are in the order of PyTorch's h_n: layer by layer, forward before backward. */
interface Slot {
  readonly layer: RecurrentSpec;
  readonly direction: number;
}

/**
 * @returns layer name -> states by direction, then by state ([fwd h, fwd c, bwd h, bwd c]); undefined without flags
 * @throws RnnError E_STATE_SHAPE, E_NO_H0, E_NO_C0
 */
export async function readInitialStates(
  model: ModelSpec,
  N: number,
  h0: string | undefined,
  c0: string | undefined,
): Promise<Map<string, readonly Tensor[]> | undefined> {
  if (h0 === undefined && c0 === undefined) return undefined;
  const layers = model.layers.filter(isRecurrent);
  const slots = layers.flatMap(layer => (layer.bidirectional ? [0, 1] : [0]).map((direction): Slot => ({ layer, direction })));
  if (h0 !== undefined && slots.length === 0)
    throw new RnnError('usage', 'E_NO_H0', 'no layer has a hidden state h: --h0 is for recurrent layers', {
      where: '--h0',
      fix: 'drop --h0',
    });
  const hasC = (slot: Slot) => getCell(slot.layer.kind).states.length > 1;
  const h =
    h0 === undefined
      ? []
      : split((await readArray(h0, ['h0', 'h', 'h_0'])).tensor, slots, N, s => s.layer.projection ?? s.layer.units, '--h0');
  const cSlots = slots.filter(hasC);
  if (c0 !== undefined && cSlots.length === 0)
    throw new RnnError('usage', 'E_NO_C0', 'no layer has a cell state c: --c0 is for the LSTM', { where: '--c0', fix: 'drop --c0' });
  const c = c0 === undefined ? [] : split((await readArray(c0, ['c0', 'c', 'c_0'])).tensor, cSlots, N, s => s.layer.units, '--c0');
  const states = new Map<string, Tensor[]>();
  slots.forEach((slot, i) => {
    const own = states.get(slot.layer.name) ?? [];
    own.push(h[i] ?? zeros([N, slot.layer.projection ?? slot.layer.units], 'f64'));
    if (hasC(slot)) own.push(c[cSlots.indexOf(slot)] ?? zeros([N, slot.layer.units], 'f64'));
    states.set(slot.layer.name, own);
  });
  return states;
}

/** An assumption if only one of --h0 and --c0 is given for layers that have both: the other state starts at zero. */
export function stateLeftOut({ model }: Pick<Network, 'model'>, { h0, c0 }: InputRequest): Assumption[] {
  const hasBoth = model.layers.some(layer => isRecurrent(layer) && getCell(layer.kind).states.length > 1);
  if (!hasBoth || (h0 === undefined) === (c0 === undefined)) return [];
  const [given, left] = c0 === undefined ? ['h0', 'c0'] : ['c0', 'h0'];
  const say = `--${left} FILE`;
  return [{ fact: 'state', what: `${left} is zero`, value: 'zero', why: `--${given} is given without --${left}`, say }];
}

/** Repeats a learned state [slots, 1, M] for all samples: [slots, N, M] */
function forAll(t: Tensor, N: number): Tensor {
  if (t.shape.length !== 3 || t.shape[1] !== 1 || N === 1) return t;
  return concatFirst(
    Array.from({ length: t.shape[0] }, (_, slot) => {
      const row = sliceRow(t, slot);
      return reshape(concatFirst(Array.from({ length: N }, () => row)), [1, N, t.shape[2]]);
    }),
  );
}

/**
 * Splits [slots, N, M], [N, M] for one slot, or [slots, M] for one sample; the slots of the first layer suffice (Keras' initial_state goes
 * to one layer).
 */
function split(t: Tensor, slots: readonly Slot[], N: number, width: (slot: Slot) => number, where: string): Tensor[] {
  const first = width(slots[0]);
  const asOne = sameShape(t.shape, [N, first]) ? reshape(t, [1, N, first]) : undefined;
  const unbatched = t.shape.length === 2 && N === 1 && !asOne ? reshape(t, [t.shape[0], 1, t.shape[1]]) : undefined;
  const whole = forAll(asOne ?? unbatched ?? t, N);
  const fits =
    whole.shape.length === 3 &&
    (whole.shape[0] === slots.length || whole.shape[0] === slots.filter(s => s.layer === slots[0].layer).length) &&
    whole.shape[1] === N &&
    slots.slice(0, whole.shape[0]).every(s => width(s) === whole.shape[2]);
  if (!fits) throw wrongStates(t, slots, N, width, where);
  return Array.from({ length: whole.shape[0] }, (_, i) => sliceRow(whole, i));
}

/** Expects the states of all layers if they have the same width, else only those of the first. */
function wrongStates({ shape }: Tensor, slots: readonly Slot[], N: number, width: (slot: Slot) => number, where: string): RnnError {
  const [{ layer }] = slots;
  const first = width(slots[0]);
  const alike = slots.every(s => width(s) === first);
  const blocks = alike ? slots.length : slots.filter(s => s.layer === layer).length;
  const expected = blocks === 1 ? `[${N}, ${first}]` : `[${blocks}, ${N}, ${first}] (layers × directions first, as PyTorch's h_n)`;
  const more = !alike
    ? '; of this layer alone, for others have other numbers of units'
    : blocks > 1
      ? '; one block for each layer and direction'
      : '';
  return new RnnError('shape', 'E_STATE_SHAPE', `expected an initial state ${expected}, found ${formatShape(shape)}`, {
    where,
    expected,
    found: formatShape(shape),
    fix: `one row per sample (N = ${N}), one column per unit (${first} in ${escapeText(layer.name, 40)})${more}`,
  });
}
