import { sineCosine } from '../../src/numerics/trig.js';

// The oracle: Taylor series in integers, 260 bits behind the point, after taking whole turns off with π by Machin's formula.
const BITS = 260n;
const ONE = 1n << BITS;

function arctanOfInverse(n: bigint): bigint {
  let [term, sum, sign] = [ONE / n, 0n, 1n];
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += (sign * term) / k;
    term /= n * n;
    sign = -sign;
  }
  return sum;
}

const PI = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n));

/** x · 2^260 for |x| of at least 2^-200 */
function exact(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const word = view.getBigUint64(0);
  const shift = BITS + ((word >> 52n) & 0x7ffn) - 1075n;
  const mantissa = (word & 0xfffffffffffffn) | (1n << 52n);
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return x < 0 ? -size : size;
}

function truth(x: number): { sin: bigint; cos: bigint } {
  const r = x === 0 ? 0n : exact(x) % (2n * PI);
  let [term, sin, cos] = [ONE, 0n, 0n];
  for (let k = 0n; term !== 0n; k++) {
    if (k % 2n === 0n) cos += k % 4n === 0n ? term : -term;
    else sin += k % 4n === 1n ? term : -term;
    term = (term * r) / ONE / (k + 1n);
  }
  return { sin, cos };
}

/** distance in units of the last place of y */
function ulps(y: number, value: bigint): number {
  const exponent = Math.floor(Math.log2(Math.abs(y))) - 52;
  const difference = exact(y) - value;
  return Number((difference * 1000000n) / (1n << (BITS + BigInt(exponent)))) / 1e6;
}

function worstOver(xs: readonly number[]): number {
  let worst = 0;
  for (const x of xs) {
    const { sin, cos } = sineCosine(x);
    const right = truth(x);
    worst = Math.max(worst, Math.abs(ulps(sin, right.sin)), Math.abs(ulps(cos, right.cos)));
  }
  return worst;
}

/** Weyl sequence */
const fractions = Array.from({ length: 1200 }, (_, i) => ((i + 1) * 0.6180339887498949) % 1);

describe('sineCosine', () => {
  it.each([
    ['one turn', fractions.map(u => 2 * Math.PI * u)],
    ['many turns both ways', fractions.map(u => 200000 * (u - 0.5))],
    ['close to the zeros', fractions.map((u, i) => (i % 200) * (Math.PI / 2) * (1 + (u - 0.5) * 2 ** -(i % 45)) + 1e-9)],
  ])('is within 0.51 ulp over %s', (_name, xs) => {
    const worst = worstOver(xs);
    expect(worst).toBeLessThan(0.51);
    expect(worst).toBeGreaterThan(0.45);
  });

  it('has the values of the axes', () => {
    expect(sineCosine(0)).toEqual({ sin: 0, cos: 1 });
    expect(sineCosine(Math.PI)).toEqual({ sin: 1.2246467991473532e-16, cos: -1 });
    expect(sineCosine(NaN)).toEqual({ sin: NaN, cos: NaN });
    expect(() => sineCosine(1e6)).toThrow('within ±100000');
    expect(() => sineCosine(Infinity)).toThrow('within ±100000');
  });
});
