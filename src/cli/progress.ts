import { countText } from '../report/numbers.js';
import type { Output } from './output.js';

/** How far something has come. */
export interface Progress {
  readonly done: number;
  /** null: not known before the end */
  readonly total: number | null;
  /** fraction of the work done, 0 to 1, if that is not done / total; null if not known */
  readonly part?: number | null;
}

const PATIENCE_MS = 500;
const REDRAW_MS = 100;
const BAR = 16;

/**
 * Returns a function that draws progress at the bottom of the terminal, starting after half a second: ' 43 % ██████████░░░░  430,000 of
 * 1,000,000 samples  1,203,000 a second  1 s left'. Draws nothing without a terminal (output.progress).
 * @param unit what is counted: 'samples'
 */
export function progressBar(output: Pick<Output, 'progress'>, unit: string, now: () => number = Date.now): (progress: Progress) => void {
  const started = now();
  let next = started + PATIENCE_MS;
  return ({ done: counted, total, part = total === null ? null : counted / total }) => {
    // work discovered on the way counts as done, but was not in the total
    const done = total === null ? counted : Math.min(counted, total);
    const time = now();
    if (time < next) return;
    next = time + REDRAW_MS;
    const seconds = (time - started) / 1000;
    const count = `${shown(done)}${total === null ? '' : ` of ${shown(total)}`} ${unit}`;
    const rate = `${shown(done / seconds)} a second`;
    output.progress([...(part === null ? [] : [bar(part)]), count, rate, ...timeLeft(part, seconds)].join('  '));
  };
}

function bar(part: number): string {
  const filled = Math.round(Math.min(1, part) * BAR);
  return `${String(Math.floor(Math.min(1, part) * 100)).padStart(3)} % ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
}

function timeLeft(part: number | null, seconds: number): string[] {
  if (part === null || part <= 0) return [];
  const left = Math.max(0, Math.ceil((seconds * (1 - part)) / part));
  if (left < 60) return [`${left} s left`];
  const minutes = Math.floor(left / 60);
  return [minutes < 60 ? `${minutes} min ${left % 60} s left` : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`];
}

/** Formats a rate: tenths if slow, thousands separators if fast. */
function shown(n: number): string {
  return n < 10 && !Number.isInteger(n) ? n.toFixed(1) : countText(Math.round(n), true);
}
