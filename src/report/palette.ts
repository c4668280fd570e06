/** Colours of heat maps: two scales that are readable with a colour vision deficiency, in 24-bit, 256 and 16 colours. */

export type Rgb = readonly [number, number, number];

/** Colours of a terminal: 0 none, 1 sixteen, 2 256, 3 24 bits (the levels of chalk). */
export type Depth = 0 | 1 | 2 | 3;

/** Parses a list of hexadecimal colours: 'ff8000 …'. */
export function coloursOf(list: string): readonly Rgb[] {
  return list.split(' ').map((hex): Rgb => [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb);
}

/** ColorBrewer RdBu from blue (negative) to red (positive); its zero is a light grey that is visible on white. */
const DIVERGING = coloursOf('053061 2166ac 4393c3 92c5de d1e5f0 e4e4e4 fddbc7 f4a582 d6604d b2182b 67001f');

/** matplotlib's viridis: dark is 0, yellow 1. */
const SEQUENTIAL = coloursOf('440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725');

/** The range of a scale: 'diverging' is −limit … limit, 'sequential' 0 … 1. */
export interface Scale {
  readonly kind: 'diverging' | 'sequential';
  readonly low: number;
  readonly high: number;
}

/** Position of x on the scale, 0 … 1; NaN stays NaN. */
export function position(x: number, { low, high }: Scale): number {
  if (Number.isNaN(x)) return x;
  return Math.min(1, Math.max(0, (x - low) / (high - low)));
}

const NAN_COLOUR: Rgb = [128, 128, 128];

export function colourOf(x: number, scale: Scale): Rgb {
  const at = position(x, scale);
  if (Number.isNaN(at)) return NAN_COLOUR;
  const anchors = scale.kind === 'diverging' ? DIVERGING : SEQUENTIAL;
  const place = at * (anchors.length - 1);
  const from = Math.min(Math.floor(place), anchors.length - 2);
  const part = place - from;
  return anchors[from].map((a, i) => Math.round(a + (anchors[from + 1][i] - a) * part)) as unknown as Rgb;
}

/** Background colours of a 16-colour terminal, each with a readable foreground. */
const SIXTEEN: Record<Scale['kind'], readonly string[]> = {
  diverging: ['44;97', '46;30', '47;30', '43;30', '41;97'],
  sequential: ['40;97', '44;97', '46;30', '42;30', '43;30'],
};

/** The SGR codes of the background for x; '' without colour. */
export function backgroundOf(x: number, scale: Scale, depth: Depth): string {
  if (depth === 0) return '';
  if (depth === 1) {
    const at = position(x, scale);
    return Number.isNaN(at) ? '45;97' : SIXTEEN[scale.kind][Math.min(4, Math.floor(at * 5))];
  }
  const rgb = colourOf(x, scale);
  return depth === 3 ? `48;2;${rgb.join(';')}` : `48;5;${nearest256(rgb)}`;
}

const CUBE = [0, 95, 135, 175, 215, 255];

/** Index of the nearest colour in xterm's 6×6×6 cube (16 … 231) and its greys (232 … 255). */
export function nearest256(rgb: Rgb): number {
  const [r, g, b] = rgb.map(v => CUBE.indexOf(CUBE.reduce((best, c) => (Math.abs(c - v) < Math.abs(best - v) ? c : best))));
  const grey = Math.min(23, Math.max(0, Math.round((rgb.reduce((sum, v) => sum + v, 0) / 3 - 8) / 10)));
  const distance = (other: readonly number[]) => other.reduce((sum, v, i) => sum + (v - rgb[i]) ** 2, 0);
  const shade = 8 + 10 * grey;
  return distance([shade, shade, shade]) < distance([CUBE[r], CUBE[g], CUBE[b]]) ? 232 + grey : 16 + 36 * r + 6 * g + b;
}

/** The scale for some values: sequential if all are within 0 … 1, otherwise diverging, at least −1 … 1. */
export function scaleOf(values: ArrayLike<number>): Scale {
  let low = 0;
  let high = 0;
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k])) continue;
    low = Math.min(low, values[k]);
    high = Math.max(high, values[k]);
  }
  return low >= 0 && high <= 1 && high > 0 ? { kind: 'sequential', low: 0, high: 1 } : symmetric(Math.max(-low, high));
}

export function symmetric(limit: number): Scale {
  const most = Math.max(limit, 1);
  return { kind: 'diverging', low: -most, high: most };
}
