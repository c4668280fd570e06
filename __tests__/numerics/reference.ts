/**
 * Elementary functions to more than 200 bits in BigInt fixed point, by their power series: the oracle of src/numerics. Shares nothing with it.
 * A number is `big · 2^-BITS`; results that may be tiny come as { mantissa, exponent }: mantissa · 2^exponent.
 */
export interface Big {
  mantissa: bigint;
  exponent: number;
}

const BITS = 320n;
const ONE = 1n << BITS;

/** The double as mantissa · 2^exponent, exactly. */
export function exact(x: number): Big {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const field = Number((word >> 52n) & 2047n);
  const fraction = word & ((1n << 52n) - 1n);
  const mantissa = field === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: word >> 63n ? -mantissa : mantissa, exponent: Math.max(field, 1) - 1075 };
}

function shift(value: bigint, by: bigint): bigint {
  return by >= 0n ? value << by : value >> -by;
}

function fixed(x: number): bigint {
  const { mantissa, exponent } = exact(x);
  return shift(mantissa, BITS + BigInt(exponent));
}

function times(a: bigint, b: bigint): bigint {
  return (a * b) >> BITS;
}

function over(a: bigint, b: bigint): bigint {
  return (a << BITS) / b;
}

/** 2·artanh(s) = ln((1 + s)/(1 − s)) */
function twiceArtanh(s: bigint): bigint {
  const square = times(s, s);
  let power = s;
  let sum = 0n;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = times(power, square);
  }
  return 2n * sum;
}

const LN2 = twiceArtanh(ONE / 3n);

/** e^x for fixed-point x, as mantissa·2^exponent with a mantissa of about 320 bits */
function expFixed(x: bigint): Big {
  let k = x / LN2;
  if (x < 0n) k -= 1n;
  const r = x - k * LN2;
  let term = ONE;
  let sum = 0n;
  for (let n = 1n; term !== 0n; n++) {
    sum += term;
    term = times(term, r) / n;
  }
  return { mantissa: sum, exponent: Number(k - BITS) };
}

/** e^x as fixed point; for x where that keeps enough digits */
function plain(x: bigint): bigint {
  const { mantissa, exponent } = expFixed(x);
  return shift(mantissa, BITS + BigInt(exponent));
}

function big(value: bigint): Big {
  return { mantissa: value, exponent: -Number(BITS) };
}

export function exp(x: number): Big {
  return expFixed(fixed(x));
}

export function expm1(x: number): Big {
  const { mantissa, exponent } = expFixed(fixed(x));
  const scale = BigInt(-exponent);
  return scale >= 0n ? { mantissa: mantissa - (1n << scale), exponent } : { mantissa, exponent };
}

export function tanh(x: number): Big {
  const e = plain(-2n * fixed(Math.abs(x)));
  const t = over(ONE - e, ONE + e);
  return big(x < 0 ? -t : t);
}

export function sigmoid(x: number): Big {
  if (x >= 0) return big(over(ONE, ONE + plain(-fixed(x))));
  const e = expFixed(fixed(x));
  return { mantissa: over(e.mantissa, ONE + plain(fixed(x))), exponent: e.exponent };
}

export function log1p(x: number): Big {
  const value = ONE + fixed(x);
  let k = 0n;
  let m = value;
  while (m > 2n * ONE) [m, k] = [m >> 1n, k + 1n];
  while (m < ONE / 2n) [m, k] = [m << 1n, k - 1n];
  return big(k * LN2 + twiceArtanh(over(m - ONE, m + ONE)));
}

function arctanInverse(n: bigint): bigint {
  let power = ONE / n;
  let sum = 0n;
  for (let i = 1n, sign = 1n; power !== 0n; i += 2n, sign = -sign) {
    sum += (sign * power) / i;
    power /= n * n;
  }
  return sum;
}

function squareRoot(value: bigint): bigint {
  let guess = 1n << BigInt((value.toString(2).length / 2 + 1) | 0);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** Machin: π = 16·arctan(1/5) − 4·arctan(1/239) */
const PI = 16n * arctanInverse(5n) - 4n * arctanInverse(239n);
const ROOT_PI = squareRoot(PI << BITS);

/** erf(x) = 2/√π · e^(−x²) · Σ 2^n x^(2n+1) / (1·3·…·(2n+1)): all terms positive */
export function erf(x: number): Big {
  const a = fixed(x);
  const square = times(a, a);
  let term = a;
  let sum = 0n;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = (times(term, square) * 2n) / (2n * n + 1n);
  }
  const e = expFixed(-square);
  return big(times(over(2n * ONE, ROOT_PI), shift(sum * e.mantissa, BigInt(e.exponent))));
}

/** 1 − erf(x); good to 2^-300 absolutely, so for x up to about 12 */
export function erfc(x: number): Big {
  return big(ONE - erf(x).mantissa);
}

/** |computed − truth| in units of the last place of the truth rounded to `digits` bits (53: double, 24: float32). */
export function ulps(computed: number, truth: Big, digits = 53): number {
  const size = truth.mantissa < 0n ? -truth.mantissa : truth.mantissa;
  const least = digits === 53 ? -1074 : -149;
  const unit = Math.max(truth.exponent + size.toString(2).length - digits, least);
  const c = exact(computed);
  const low = BigInt(Math.min(c.exponent, truth.exponent, unit));
  const difference = (c.mantissa << (BigInt(c.exponent) - low)) - (truth.mantissa << (BigInt(truth.exponent) - low));
  const scaled = ((difference < 0n ? -difference : difference) << 20n) >> (BigInt(unit) - low);
  return Number(scaled) / 2 ** 20;
}
