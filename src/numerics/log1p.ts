const LN2_HIGH = 0.6931471803691238; // ln 2 with 21 zero bits at the end: k·LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;
const TINY = 1.1102230246251565e-16; // 2^-53

const view = new DataView(new ArrayBuffer(8));

/** ln(1 + x) within 1 ulp, also for x close to 0 and −1. Below −1 and for NaN: NaN; −1 gives −∞, −0 gives −0. */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY || (x < TINY && x > -TINY)) return x;
  if (x > -0.25 && x < 0.375) return nearOne(x, 0, 0);
  const u = 1 + x;
  const lost = x > 1 ? 1 - (u - x) : x - (u - 1); // 1 + x = u + lost
  // u = 2^k·m with m in [√½, √2)
  view.setFloat64(0, u);
  const word = view.getInt32(0);
  let k = ((word >> 20) & 2047) - 1023;
  view.setInt32(0, (word & 0x000fffff) | 0x3ff00000);
  let m = view.getFloat64(0);
  if (m > Math.SQRT2) {
    m *= 0.5;
    k += 1;
  }
  return nearOne(m - 1, k, lost / u);
}

/**
 * k·ln 2 + ln(1 + f) + extra. With s = f/(2 + f): ln(1 + f) = f − f²/2 + s·(f²/2 + z·P(z)), z = s², from the series of 2·artanh(s);
 * P minimax for |s| ≤ 3 − 2√2 by Remez' exchange, error below 2^-66.
 */
function nearOne(f: number, k: number, extra: number): number {
  const s = f / (2 + f);
  const z = s * s;
  const high = 0.1818177566743128 + z * (0.15387090668624254 + z * (0.13250120230014828 + z * 0.1325130933279061));
  const p = z * (0.6666666666666666 + z * (0.4000000000000625 + z * (0.2857142856908602 + z * (0.22222222646774417 + z * high))));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + p) + (k * LN2_LOW + extra)) - f);
}
