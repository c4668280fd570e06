import { colourOf, coloursOf, position, type Rgb, type Scale, scaleOf } from '../report/palette.js';
import { largestMagnitude } from '../tensor/difference.js';

/** Colours of cells in dark mode, where zero is dark: what is bright is far from zero. */
const DARK_DIVERGING = coloursOf('78beff 5296e2 386cac 2a466c 242a34 6e3e2c ac5434 e4764c ffa880');

const preference = matchMedia('(prefers-color-scheme: dark)');
let printing = false;

export function isDark(): boolean {
  return !printing && preference.matches;
}

export function isPrinting(): boolean {
  return printing;
}

/** Calls `redraw` before and after printing, which is always in light colours, and when the colour preference changes. */
export function whenColoursChange(redraw: () => void): void {
  preference.addEventListener('change', redraw);
  for (const event of ['beforeprint', 'afterprint'])
    addEventListener(event, () => {
      printing = event === 'beforeprint';
      document.documentElement.classList.toggle('paper', printing);
      redraw();
    });
}

/** One of the page's colours by name, such as 'ink', for canvases; read from the style once per colour preference. */
export function pageColour(name: string): string {
  const key = `${name} ${isDark()}`;
  if (!pageColours.has(key)) pageColours.set(key, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`));
  return pageColours.get(key)!;
}
const pageColours = new Map<string, string>();

export function cellColour(x: number, scale: Scale, dark: boolean): Rgb {
  if (!dark || scale.kind === 'sequential' || Number.isNaN(x)) return colourOf(x, scale);
  const place = position(x, scale) * (DARK_DIVERGING.length - 1);
  const from = Math.min(Math.floor(place), DARK_DIVERGING.length - 2);
  return DARK_DIVERGING[from].map((a, i) => Math.round(a + (DARK_DIVERGING[from + 1][i] - a) * (place - from))) as unknown as Rgb;
}

const FINE = 512;
const tables = new Map<string, Uint32Array>();

/** Returns a function from a number to its pixel on the scale; the last colour of the table is for NaN. */
export function pixels(scale: Scale, dark: boolean): (x: number) => number {
  const key = `${scale.kind} ${dark}`;
  const unit = { kind: scale.kind, low: 0, high: FINE };
  const table =
    tables.get(key) ??
    Uint32Array.from({ length: FINE + 2 }, (_, k) => {
      const [r, g, b] = cellColour(k > FINE ? Number.NaN : k, unit, dark);
      return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
    });
  tables.set(key, table);
  return x => table[Number.isNaN(x) ? FINE + 1 : Math.round(position(x, scale) * FINE)];
}

/** The scale of some numbers: 0 … 1 if all are within, otherwise symmetric up to the largest magnitude. */
export function fitted(values: ArrayLike<number>): Scale {
  const scale = scaleOf(values);
  return scale.kind === 'sequential' ? scale : bothSides(values);
}

/** A symmetric scale up to the largest magnitude. */
export function bothSides(values: ArrayLike<number>): Scale {
  const most = largestMagnitude(values) || 1;
  return { kind: 'diverging', low: -most, high: most };
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

/** Black or white, whichever is easier to read on the colour (by WCAG's relative luminance). */
export function inkOn(rgb: Rgb): string {
  const [r, g, b] = rgb.map(v => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.22 ? '#111318' : '#f6f5f2';
}
