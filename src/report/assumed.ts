import { escapeText } from '../escape.js';
import type { Assumption } from '../model/assumptions.js';
import { labelledLines } from './labelledLines.js';
import type { Layout } from './table.js';
import { displayWidth, pad } from './text.js';

const MOST_SHOWN = 3;

export type Assumptions = readonly Assumption[];

/**
 * The assumptions below a result, one per line: the first three, or all of them. '' if there are none. Each has the flag that decides
 * otherwise, on the next line if both do not fit on one. The reason is given once, below all the assumptions that share it.
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

/** Longest line that can be read at a glance, in columns. */
const LINE = 100;
const INDENT = 10;
