import { escapeText } from '../escape.js';
import type { Assumption } from '../model/assumptions.js';
import { factLines } from './labelledLines.js';
import type { Layout } from './table.js';

const MOST_SHOWN = 3;

export type Assumptions = readonly Assumption[];

/** What was assumed, one fact a line, under the result: three of them, all with `all`. '' where nothing was. */
export function assumedText(assumptions: Assumptions, all: boolean, layout: Layout): string {
  const shown = all ? assumptions : assumptions.slice(0, MOST_SHOWN);
  const left = assumptions.length - shown.length;
  const lines = shown.map(({ what, why, say }, i): [string, string] => {
    const more = left > 0 && i === shown.length - 1 ? `  … and ${left} more (--verbose)` : '';
    return ['assumed', `${escapeText(what)}: ${escapeText(why)}${say === null ? '' : ` (${escapeText(say, 400)})`}${more}`];
  });
  return factLines(lines, layout, 9);
}
