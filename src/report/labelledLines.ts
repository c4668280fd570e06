import type { Layout } from './table.js';
import { wrapText } from './text.js';

/** Lines of ' label     text'; a long text continues below its beginning. */
export function labelledLines(lines: readonly (readonly [label: string, text: string])[], { paint, width }: Layout, least = 10): string {
  const column = Math.max(least, ...lines.map(([label]) => label.length + 1));
  return lines
    .map(([label, text]) => `${wrapText(` ${paint.faint(label)}${' '.repeat(column - label.length)}${text}`, width, column + 1)}\n`)
    .join('');
}
