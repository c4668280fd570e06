import { colourOf, position, type Rgb, type Scale } from '../report/palette.js';

/** Colours of cells. In the dark, zero is dark: what is bright is what is far from zero. */
const DARK_DIVERGING: readonly Rgb[] = [
  [120, 190, 255],
  [82, 150, 226],
  [56, 108, 172],
  [42, 70, 108],
  [36, 42, 52],
  [110, 62, 44],
  [172, 84, 52],
  [228, 118, 76],
  [255, 168, 128],
];

export function isDark(): boolean {
  return !printing && matchMedia('(prefers-color-scheme: dark)').matches;
}

let printing = false;

/** Paper is light. @param redraw called before and after printing, and when the preference changes */
export function whenColoursChange(redraw: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  for (const [event, now] of [
    ['beforeprint', true],
    ['afterprint', false],
  ] as const)
    addEventListener(event, () => {
      printing = now;
      redraw();
    });
}

export function cellColour(x: number, scale: Scale, dark: boolean): Rgb {
  if (!dark || scale.kind === 'sequential' || Number.isNaN(x)) return colourOf(x, scale);
  const place = position(x, scale) * (DARK_DIVERGING.length - 1);
  const from = Math.min(Math.floor(place), DARK_DIVERGING.length - 2);
  return DARK_DIVERGING[from].map((a, i) => Math.round(a + (DARK_DIVERGING[from + 1][i] - a) * (place - from))) as unknown as Rgb;
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

/** Black or white, whichever is easier to read on it (WCAG's relative luminance). */
export function inkOn(rgb: Rgb): string {
  const [r, g, b] = rgb.map(v => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.22 ? '#111318' : '#f6f5f2';
}
