import type { ConvertResult } from '../run/result.js';
import type { Layout } from './table.js';

/** `rnn-cli convert` for people: what was written, and how far both sides are apart. */
export function convertText(result: ConvertResult, { paint }: Layout): string {
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
        ? `the same y, bit for bit, on a seeded input (${shape}, seed ${check.seed})`
        : `largest difference ${check.largest.toExponential(2)} on a seeded input (${shape}, seed ${check.seed})`,
    ]);
  }
  return lines.map(([label, text]) => ` ${paint.faint(label)}${' '.repeat(9 - label.length)}${text}\n`).join('');
}
