import { escapeText } from '../escape.js';
import type { Assumption } from '../model/assumptions.js';
import { labelledLines } from './labelledLines.js';
import type { Layout } from './table.js';
import { displayWidth, pad } from './text.js';

const MOST_SHOWN = 3;

export type Assumptions = readonly Assumption[];

/**
 * What was assumed, one fact a line, under the result: three of them, all with `all`. '' where nothing was. Each with the flag that says
 * otherwise, below it where both do not fit on a line; why it had to be assumed is said once below those that have it in common.
 */
export function assumedText(assumptions: Assumptions, all: boolean, layout: Layout): string {
  const shown = all ? assumptions : assumptions.slice(0, MOST_SHOWN);
  const left = assumptions.length - shown.length;
  const width = Math.min(layout.width, LINE);
  const sides = shown.map(({ what, say }) => [escapeText(what), say === null ? '' : `  otherwise ${escapeText(say, 400)}`]);
  const column = Math.max(0, ...sides.map(([what, said]) => (said === '' ? 0 : displayWidth(what))));
  const aligned = sides.every(([, said]) => INDENT + column + displayWidth(said) <= width);
  const lines = shown.flatMap(({ why }, i): [string, string][] => {
    const [what, said] = sides[i];
    const more = left > 0 && i === shown.length - 1 ? `; … and ${left} more (--verbose)` : '';
    const fact: [string, string] = ['assumed', (aligned && said !== '' ? pad(what, column) : what) + said];
    return shown[i + 1]?.why === why ? [fact] : [fact, ['', `(${escapeText(why)}${more})`]];
  });
  return labelledLines(lines, { ...layout, width }, INDENT - 1);
}

/** Columns of a line that is still read at a glance. */
const LINE = 100;
const INDENT = 10;
