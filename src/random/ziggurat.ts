import { exp } from '../numerics/exp.js';
import { log } from '../numerics/log.js';
import { once } from '../once.js';

/**
 * Tables of the normal ziggurat with 256 layers of the same area (Marsaglia & Tsang 2000) that NumPy's default_rng draws from. The sequence is only
 * NumPy's when every bit of them is: a test compares them with the recorded bits.
 */
interface Ziggurat {
  /** width of layer i, divided by 2^52 */
  readonly widths: Float64Array;
  /** exp(−x²/2) at that width */
  readonly heights: Float64Array;
  /** Places below this lie inside the layer above, or in the box of layer 0, and need no further test: a ratio of widths, ties to even. */
  readonly bounds: Float64Array;
}

/** where the last layer ends and the tail begins */
const EDGE = 3.6541528853610088;
const AREA = 0.004928673233974652;
const TWO_52 = 4503599627370496;

export const ziggurat = once((): Ziggurat => {
  const x = new Float64Array(256);
  const heights = new Float64Array(256).fill(1, 0, 1);
  const height = (i: number) => exp(-0.5 * x[i] * x[i]);
  x[255] = EDGE;
  heights[255] = height(255);
  for (let i = 254; i > 0; i--) {
    x[i] = Math.sqrt(-2 * log(AREA / x[i + 1] + heights[i + 1]));
    // the one number where the exp used to make NumPy's tables was off by a bit; later layers depend on it
    heights[i] = i === 38 ? HEIGHT_38 : height(i);
  }
  x[0] = AREA / heights[255];
  const widths = x.map(width => width / TWO_52);
  const bounds = widths.map((width, i) => (i === 1 ? 0 : (widths[(i + 255) % 256] / width) * TWO_52 + TWO_52 - TWO_52));
  return { widths, heights, bounds };
});
const HEIGHT_38 = 0.6773880362187735;

/** Beyond the last layer (Marsaglia 1964); 1 − d is exact, so log(1 − d) is NumPy's log1p(−d). */
export function tail(uniform: () => number): number {
  for (;;) {
    const x = -0.2736612373297583 * log(1 - uniform());
    const y = -log(1 - uniform());
    if (y + y > x * x) return EDGE + x;
  }
}
