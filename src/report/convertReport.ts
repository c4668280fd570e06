import type { ConvertResult } from '../run/result.js';
import { factLines } from './labelledLines.js';
import type { Layout } from './table.js';

/** `rnn-cli convert` for people: what was written, and how far both sides are apart. */
export function convertText(result: ConvertResult, layout: Layout): string {
  const { from, to, check } = result;
  const lines: [string, string][] = [
    ['from', `${result.input}  (${from.framework}, ${from.format})`],
    ['to', `${result.output}  (${to.framework}, ${to.format}; ${result.tensors} tensors, ${result.bytes} B)`],
    ['sha256', result.sha256],
  ];
  if (check) {
    const shape = check.shape.join('×');
    lines.push([
      'check',
      check.identical
        ? `the same y (${shape}), bit for bit, on an input of seed ${check.seed}`
        : `largest difference of y (${shape}) ${check.largest.toExponential(2)} on an input of seed ${check.seed}`,
    ]);
  }
  return factLines(lines, layout, 9);
}
