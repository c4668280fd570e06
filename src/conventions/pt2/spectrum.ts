import type { Call } from './call.js';
import { alike, type Rule, type Rules } from './rule.js';
import { int, isTensor, type Operand } from './wiring.js';

/** Spectra. A complex tensor is represented as a real one with an additional last axis (real, imaginary); only these rules know of it. */

/** torch's numbers of the complex dtypes */
export const COMPLEX = new Set([9, 10, 11]);

/** Whether an argument of the call is complex. */
export function isComplex({ wiring, node }: Call): boolean {
  return [...node.args.values()].some(value => COMPLEX.has(wiring.typeNumber(value)));
}

/** @param inverse has + in the exponent, and divides by L @param onesided the other side is real, so half the spectrum is enough */
const transformed =
  (inverse: boolean, onesided: boolean): Rule =>
  call => {
    const dim = call.axis('dim', 'self', -1);
    const real = !isComplex(call);
    const known = call.size(dim);
    const L = Number(call.arg('n') ?? (inverse && onesided ? 2 * (known - 1) : known));
    if (onesided && real === inverse) throw call.unsupported('of complex numbers');
    const given = real ? call.step('Unsqueeze', [call.operand(), int([-1])]) : call.operand();
    // pads x with zeros at the end
    const missing = L - (inverse && onesided ? 2 * (known - 1) : known);
    const bins = inverse && onesided ? Math.floor(L / 2) + 1 - known : missing;
    const x = missing > 0 && bins > 0 ? call.step('Pad', [given, int([0, bins]), 0, int([dim])], { mode: 'constant' }) : given;
    const attributes = { ...(inverse ? { inverse: 1 } : {}), ...(onesided ? { onesided: 1 } : {}) };
    const y = call.step('DFT', [x, int(L), int(dim)], attributes);
    const parts = inverse && onesided ? call.step('Squeeze', [y, int([-1])]) : y;
    const by = normOf(call, inverse, L);
    return by === 1 ? call.op('Identity', [parts]) : call.op('Mul', [parts, by]);
  };

/** The factor of the argument `norm`, relative to the normalisation that the transform itself applies. */
function normOf(call: Call, inverse: boolean, L: number): number {
  const norm = String(call.arg('norm') ?? 'backward');
  if (norm === 'ortho') return inverse ? Math.sqrt(L) : 1 / Math.sqrt(L);
  if (norm === 'forward') return inverse ? L : 1 / L;
  return 1;
}

const part =
  (index: number): Rule =>
  call =>
    call.op('Gather', [call.operand(), int(index)], { axis: -1 });

function isPair({ wiring, node }: Call, name: string): boolean {
  return COMPLEX.has(wiring.typeNumber(node.args.get(name)));
}

/** (a + bi)·(c + di); a real factor multiplies both parts */
const product: Rule = call => {
  const [x, y] = ['self', 'other'].map(name => call.operand(name));
  const isReal = ['self', 'other'].map(name => !isPair(call, name));
  if (isReal.includes(true)) {
    const [a, b] = [x, y].map((value, i) =>
      isReal[i] && isTensor(call.node.args.get(i === 0 ? 'self' : 'other')) ? call.step('Unsqueeze', [value, int([-1])]) : value,
    );
    return call.op('Mul', [a, b]);
  }
  const take = (value: Operand, places: readonly number[]) => call.step('Gather', [value, int(places)], { axis: -1 });
  const straight = call.step('Mul', [take(x, [0, 0]), y]);
  const crossed = call.step('Mul', [call.step('Mul', [take(x, [1, 1]), take(y, [1, 0])]), { type: 'float', value: [-1, 1] }]);
  return call.op('Add', [straight, crossed]);
};

/** An operator of two complex tensors that is applied to each part. */
const partwise =
  (name: string): Rule =>
  call => {
    if (!isPair(call, 'self') || !isPair(call, 'other')) throw call.unsupported('of complex and real numbers');
    return call.op(name, [call.operand(), call.operand('other')]);
  };

const same: Rule = call => call.op('Identity', [call.operand()]);

/** Operators that accept complex tensors; all others are refused for them. */
export const OF_COMPLEX: Rules = {
  fft_fft: transformed(false, false),
  fft_ifft: transformed(true, false),
  fft_irfft: transformed(true, true),
  view_as_real: same,
  mul: product,
  add: partwise('Add'),
  sub: partwise('Sub'),
  neg: call => call.op('Neg', [call.operand()]),
  ...alike('conj _conj conj_physical', () => call => call.op('Mul', [call.operand(), { type: 'float', value: [1, -1] }])),
  abs: call => call.op('ReduceL2', [call.operand(), int([-1])], { keepdims: 0 }),
  real: part(0),
  imag: part(1),
};

const windowed =
  (name: string): Rule =>
  call => {
    if (call.node.args.has('alpha') || call.node.args.has('beta')) throw call.unsupported('with alpha or beta');
    const periodic = call.arg('periodic') === false ? 0 : 1;
    return call.wiring.op(call.outName, name, [int(call.number('window_length'))], { periodic });
  };

export const SPECTRUM: Rules = {
  fft_fft: transformed(false, false),
  fft_ifft: transformed(true, false),
  fft_rfft: transformed(false, true),
  /** x [N, length] and a window -> complex [N, bins, frames] */
  stft(call) {
    const L = call.number('n_fft');
    const width = Number(call.arg('win_length') ?? L);
    const step_ = Number(call.arg('hop_length') ?? Math.floor(L / 4));
    if (call.sizes().length !== 2 || call.arg('normalized') === true) throw call.unsupported('of this form');
    const given = call.arg('window') ?? null;
    const before = Math.floor((L - width) / 2);
    const own: Operand = given === null ? { type: 'float', shape: [width], data: new Array(width).fill(1) } : call.wiring.operand(given);
    const window = width === L ? own : call.step('Pad', [own, int([before, L - width - before])], { mode: 'constant' });
    const onesided = call.arg('onesided') === false ? 0 : 1;
    call.arg('return_complex');
    // half a window before and after
    const mode = String(call.arg('pad_mode') ?? 'reflect');
    const half = Math.floor(L / 2);
    const signal = call.arg('center') === true ? call.step('Pad', [call.operand(), int([0, half, 0, half])], { mode }) : call.operand();
    const frames = call.step('STFT', [signal, int(step_), window, int(L)], { onesided });
    return call.op('Transpose', [frames], { perm: [0, 2, 1, 3] });
  },
  hann_window: windowed('HannWindow'),
  blackman_window: windowed('BlackmanWindow'),
  view_as_complex: same,
};
