/** Colours by meaning, so that a report is written once, with or without colours. `loadPaint` in table.ts makes the coloured one. */
export interface Paint {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  name(text: string): string;
}

const same = (text: string): string => text;

export const NO_PAINT: Paint = { strong: same, faint: same, good: same, bad: same, warn: same, name: same };
