/**
 * The arctangent in float64 from + − × ÷ alone, as fdlibm has it: the same bits on every machine. Error below 1 ulp.
 * |x| is brought below 7/16 by atan(x) = atan(b) + atan((x − b) / (1 + b·x)) with b of 1/2, 1, 3/2 or infinity.
 */
const BASES: readonly (readonly [from: number, base: number, high: number, low: number])[] = [
  [39 / 16, Number.POSITIVE_INFINITY, 1.5707963267948966, 6.123233995736766e-17],
  [19 / 16, 1.5, 0.982793723247329, 1.3903311031230998e-17],
  [11 / 16, 1, 0.7853981633974483, 3.061616997868383e-17],
  [7 / 16, 0.5, 0.4636476090008061, 2.2698777452961687e-17],
];

const SERIES = [
  0.016285820115365782, -0.036531572744216916, 0.049768779946159324, -0.058335701337905735, 0.06661073137387531, -0.0769187620504483,
  0.09090887133436507, -0.11111110405462356, 0.14285714272503466, -0.19999999999876483, 0.3333333333333293,
];

/** arctan x from + − × ÷ alone: the same bits on every machine. */
export function arctan(x: number): number {
  const size = Math.abs(x);
  const found = BASES.find(([from]) => size >= from);
  const [, base, high, low] = found ?? [0, 0, 0, 0];
  const r = base === Number.POSITIVE_INFINITY ? -1 / size : (size - base) / (1 + base * size);
  const q = r * r;
  const rest = r * q * SERIES.reduce((sum, c) => sum * q + c, 0);
  const y = found ? high - (rest - low - r) : r - rest;
  return x < 0 ? -y : x === 0 ? x : y;
}

/** x / √(1 − x²) is the tangent of the angle. NaN beyond ±1 */
export function arcsin(x: number): number {
  return arctan(x / Math.sqrt((1 - x) * (1 + x)));
}

/** arccos x; NaN outside of [−1, 1]. */
export function arccos(x: number): number {
  return x === -1 ? Math.PI : 2 * arctan(Math.sqrt((1 - x) / (1 + x)));
}
