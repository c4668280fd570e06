import { alike, fixedSize, int, op, outName, type Rule, type Rules, self, sizesOf, step, unsupportedOperator } from './rule.js';
import { arg, axis, type Call, isTensor, number, type Operand } from './wiring.js';

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
    const dim = axis(call, 'dim', 'self', -1);
    const real = !isComplex(call);
    const known = fixedSize(call, dim);
    const L = Number(arg(call, 'n') ?? (inverse && onesided ? 2 * (known - 1) : known));
    if (onesided && real === inverse) throw unsupportedOperator(`${call.node.target} of complex numbers`);
    const given = real ? step(call, 'Unsqueeze', [self(call), int([-1])]) : self(call);
    // pads x with zeros at the end
    const missing = L - (inverse && onesided ? 2 * (known - 1) : known);
    const bins = inverse && onesided ? Math.floor(L / 2) + 1 - known : missing;
    const x = missing > 0 && bins > 0 ? step(call, 'Pad', [given, int([0, bins]), 0, int([dim])], { mode: 'constant' }) : given;
    const attributes = { ...(inverse ? { inverse: 1 } : {}), ...(onesided ? { onesided: 1 } : {}) };
    const y = step(call, 'DFT', [x, int(L), int(dim)], attributes);
    const parts = inverse && onesided ? step(call, 'Squeeze', [y, int([-1])]) : y;
    const by = normOf(call, inverse, L);
    return by === 1 ? op(call, 'Identity', [parts]) : op(call, 'Mul', [parts, by]);
  };

/** The factor of the argument `norm`, relative to the normalisation that the transform itself applies. */
function normOf(call: Call, inverse: boolean, L: number): number {
  const norm = String(arg(call, 'norm') ?? 'backward');
  if (norm === 'ortho') return inverse ? Math.sqrt(L) : 1 / Math.sqrt(L);
  if (norm === 'forward') return inverse ? L : 1 / L;
  return 1;
}

const part =
  (index: number): Rule =>
  call =>
    op(call, 'Gather', [self(call), int(index)], { axis: -1 });

function isPair({ wiring, node }: Call, name: string): boolean {
  return COMPLEX.has(wiring.typeNumber(node.args.get(name)));
}

/** (a + bi)·(c + di); a real factor multiplies both parts */
const product: Rule = call => {
  const [x, y] = ['self', 'other'].map(name => self(call, name));
  const isReal = ['self', 'other'].map(name => !isPair(call, name));
  if (isReal.includes(true)) {
    const [a, b] = [x, y].map((value, i) =>
      isReal[i] && isTensor(call.node.args.get(i === 0 ? 'self' : 'other')) ? step(call, 'Unsqueeze', [value, int([-1])]) : value,
    );
    return op(call, 'Mul', [a, b]);
  }
  const take = (value: Operand, places: readonly number[]) => step(call, 'Gather', [value, int(places)], { axis: -1 });
  const straight = step(call, 'Mul', [take(x, [0, 0]), y]);
  const crossed = step(call, 'Mul', [step(call, 'Mul', [take(x, [1, 1]), take(y, [1, 0])]), { type: 'float', value: [-1, 1] }]);
  return op(call, 'Add', [straight, crossed]);
};

/** An operator of two complex tensors that is applied to each part. */
const partwise =
  (name: string): Rule =>
  call => {
    if (!isPair(call, 'self') || !isPair(call, 'other')) throw unsupportedOperator(`${call.node.target} of complex and real numbers`);
    return op(call, name, [self(call), self(call, 'other')]);
  };

const same: Rule = call => op(call, 'Identity', [self(call)]);

/** Operators that accept complex tensors; all others are refused for them. */
export const OF_COMPLEX: Rules = {
  fft_fft: transformed(false, false),
  fft_ifft: transformed(true, false),
  fft_irfft: transformed(true, true),
  view_as_real: same,
  mul: product,
  add: partwise('Add'),
  sub: partwise('Sub'),
  neg: call => op(call, 'Neg', [self(call)]),
  ...alike('conj _conj conj_physical', () => call => op(call, 'Mul', [self(call), { type: 'float', value: [1, -1] }])),
  abs: call => op(call, 'ReduceL2', [self(call), int([-1])], { keepdims: 0 }),
  real: part(0),
  imag: part(1),
};

const windowed =
  (name: string): Rule =>
  call => {
    if (call.node.args.has('alpha') || call.node.args.has('beta')) throw unsupportedOperator(`${call.node.target} with alpha or beta`);
    const periodic = arg(call, 'periodic') === false ? 0 : 1;
    return call.wiring.op(outName(call), name, [int(number(call, 'window_length'))], { periodic });
  };

export const SPECTRUM: Rules = {
  fft_fft: transformed(false, false),
  fft_ifft: transformed(true, false),
  fft_rfft: transformed(false, true),
  /** x [N, length] and a window -> complex [N, bins, frames] */
  stft(call) {
    const L = number(call, 'n_fft');
    const width = Number(arg(call, 'win_length') ?? L);
    const step_ = Number(arg(call, 'hop_length') ?? Math.floor(L / 4));
    if (sizesOf(call).length !== 2 || arg(call, 'normalized') === true) throw unsupportedOperator(`${call.node.target} of this form`);
    const given = arg(call, 'window') ?? null;
    const before = Math.floor((L - width) / 2);
    const own: Operand = given === null ? { type: 'float', shape: [width], data: new Array(width).fill(1) } : call.wiring.operand(given);
    const window = width === L ? own : step(call, 'Pad', [own, int([before, L - width - before])], { mode: 'constant' });
    const onesided = arg(call, 'onesided') === false ? 0 : 1;
    arg(call, 'return_complex');
    // half a window before and after
    const mode = String(arg(call, 'pad_mode') ?? 'reflect');
    const half = Math.floor(L / 2);
    const signal = arg(call, 'center') === true ? step(call, 'Pad', [self(call), int([0, half, 0, half])], { mode }) : self(call);
    const frames = step(call, 'STFT', [signal, int(step_), window, int(L)], { onesided });
    return op(call, 'Transpose', [frames], { perm: [0, 2, 1, 3] });
  },
  hann_window: windowed('HannWindow'),
  blackman_window: windowed('BlackmanWindow'),
  view_as_complex: same,
};
