import { log } from '../../src/numerics/log.js';

// The oracle: ln x in integers, 200 bits behind the point, by the series of atanh; no floating point takes part.
const BITS = 200n;
const ONE = 1n << BITS;

/** x as mantissa · 2^exponent */
function parts(x: number): [bigint, number] {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const field = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  return field === 0 ? [fraction, -1074] : [fraction | (1n << 52n), field - 1075];
}

function atanhOf(numerator: bigint, denominator: bigint): bigint {
  const s = (numerator * ONE) / denominator;
  const square = (s * s) >> BITS;
  let [term, sum] = [s, 0n];
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += term / k;
    term = (term * square) >> BITS;
  }
  return sum;
}

const LN2 = 2n * atanhOf(1n, 3n);

function exactLog(x: number): bigint {
  let [mantissa, exponent] = parts(x);
  let scale = 0;
  while (mantissa >= 2n << BigInt(scale)) scale++;
  exponent += scale;
  const whole = 1n << BigInt(scale);
  return 2n * atanhOf(mantissa - whole, mantissa + whole) + BigInt(exponent) * LN2;
}

/** distance of y from the exact logarithm, in units of y's last place */
function errorInUlps(x: number): number {
  const y = log(x);
  const [mantissa, exponent] = parts(Math.abs(y));
  const sign = y < 0 ? -1n : 1n;
  const shift = BITS + BigInt(exponent);
  const scaled = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  const ulp = shift >= 0n ? 1n << shift : 1n;
  return Math.abs(Number(((sign * scaled - exactLog(x)) * 1000000n) / ulp)) / 1e6;
}

/** a plain linear congruential sequence of doubles in [0, 1) */
function* fractions(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const high = state;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield (high * 2097152 + (state >>> 11)) / 9007199254740992;
  }
}

describe('log', () => {
  it('is within 0.51 ulp of the exact value over the whole range', () => {
    const source = fractions(1);
    let worst = 0;
    for (let i = 0; i < 1500; i++) {
      const fraction = source.next().value as number;
      const exponent = Math.floor((source.next().value as number) * 2098) - 1074;
      const x = (1 + fraction) * 2 ** Math.max(exponent, -1022) * 2 ** Math.min(0, exponent + 1022);
      worst = Math.max(worst, errorInUlps(x));
    }
    expect(worst).toBeLessThan(0.51);
    expect(worst).toBeGreaterThan(0.45); // the measure itself works: half an ulp is always reached
  });

  it('is within 0.51 ulp next to 1, where the logarithm vanishes', () => {
    const source = fractions(2);
    let worst = 0;
    for (let i = 0; i < 1500; i++) {
      const fraction = (source.next().value as number) - 0.5;
      const x = 1 + fraction * 2 ** -(i % 50);
      if (x !== 1) worst = Math.max(worst, errorInUlps(x));
    }
    expect(worst).toBeLessThan(0.51);
  });

  it('has the limits of the logarithm', () => {
    expect(log(1)).toBe(0);
    expect(log(0)).toBe(-Infinity);
    expect(log(-0)).toBe(-Infinity);
    expect(log(Infinity)).toBe(Infinity);
    expect(log(-1)).toBeNaN();
    expect(log(NaN)).toBeNaN();
    expect(log(5e-324)).toBe(-744.4400719213812);
    expect(log(2)).toBe(Math.LN2);
  });
});
