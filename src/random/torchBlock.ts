import { bitsOf, fromBits, fusedMultiplyAdd } from './float32.js';

/**
 * How PyTorch turns 16 uniform float32 numbers into 16 normal ones on processors with AVX2 or AVX-512: Box and Muller's transform in
 * float32, with the logarithm, sine and cosine of its vector library (the Cephes polynomials) and fused multiply-adds. Everything is a
 * single operation of float32, so the bits come out equal in JavaScript.
 */
const f = Math.fround;
const TWO_PI = f(2 * Math.PI);

/** Replaces numbers [at, at + 16) by standard normal ones. */
export function normalBlock(values: Float32Array, at: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = f(Math.sqrt(f(-2 * logarithm(f(1 - values[j])))));
    sineCosine(f(TWO_PI * values[j + 8]));
    // times the deviation 1 plus the mean 0: there is no −0
    values[j] = radius * cosine + 0;
    values[j + 8] = radius * sine + 0;
  }
}

const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
  3.3333331174e-1,
].map(f);
const HALF_ROOT = f(Math.SQRT1_2);
const LN2_LOW = f(-2.1219444e-4);
const LN2_HIGH = f(0.693359375);

/** ln x for x in (0, 1] */
function logarithm(x: number): number {
  const word = bitsOf(x);
  let e = (word >>> 23) - 126;
  let m = fromBits((word & 0x007fffff) | 0x3f000000); // in [½, 1)
  if (m < HALF_ROOT) {
    e -= 1;
    m = f(f(m - 1) + m);
  } else {
    m = f(m - 1);
  }
  const square = f(m * m);
  let y = LOG[0];
  for (let i = 1; i < LOG.length; i++) y = fusedMultiplyAdd(y, m, LOG[i]);
  y = fusedMultiplyAdd(f(y * m), square, f(e * LN2_LOW));
  y = fusedMultiplyAdd(-0.5, square, y);
  return fusedMultiplyAdd(e, LN2_HIGH, f(m + y));
}

const FOUR_OVER_PI = f(1.27323954473516);
/** −π/4 in three parts */
const QUARTER = [f(-0.78515625), f(-2.4187564849853516e-4), f(-3.774894977445941e-8)];
const SINE = [f(-1.9515295891e-4), f(8.3321608736e-3), f(-1.6666654611e-1)];
const COSINE = [f(2.443315711809948e-5), f(-1.388731625493765e-3), f(4.166664568298827e-2)];

/** results of `sineCosine` */
let sine = 0;
let cosine = 0;

/** sine and cosine of x >= 0 */
function sineCosine(x: number): void {
  const j = (Math.trunc(f(x * FOUR_OVER_PI)) + 1) & ~1; // octants, rounded to an even number
  for (const part of QUARTER) x = fusedMultiplyAdd(j, part, x);
  const z = f(x * x);
  let c = fusedMultiplyAdd(fusedMultiplyAdd(COSINE[0], z, COSINE[1]), z, COSINE[2]);
  c = f(fusedMultiplyAdd(f(c * z), z, -f(z * 0.5)) + 1);
  let s = fusedMultiplyAdd(fusedMultiplyAdd(SINE[0], z, SINE[1]), z, SINE[2]);
  s = fusedMultiplyAdd(f(s * z), x, x);
  if ((j & 2) !== 0) [s, c] = [c, s];
  sine = (j & 4) !== 0 ? -s : s;
  cosine = ((j - 2) & 4) === 0 ? -c : c;
}
