import { escapeText } from '../escape.js';
import type { CompareModelsResult } from '../run/result.js';
import { smallText } from './numbers.js';
import { drawTable, type Layout } from './table.js';
import { wrapText } from './text.js';

/** `rnn-cli compare A B` for people: a row a tensor, and what was done to it. */
export async function compareModelsText(result: CompareModelsResult, layout: Layout): Promise<string> {
  const { tensors, outputs, files } = result;
  const off = tensors.filter(t => !t.equal).length;
  const { paint } = layout;
  const verdict = result.equal ? paint.good('SAME') : paint.bad('DIFFERENT');
  const largest = outputs.maxAbs === null ? 'shapes differ' : `outputs differ by ${smallText(outputs.maxAbs)}`;
  const head = wrapText(
    `${verdict}   ${tensors.length - off} of ${tensors.length} weights, ${largest}, allowed ${smallText(outputs.allowed)}   ${files.first} and ${files.second}\n`,
    layout.width,
    12,
  );
  if (result.equal) return head;
  const table = await drawTable(
    {
      columns: [
        { title: 'weight', whole: true },
        { title: 'shape', whole: true, gap: 3 },
        { title: 'largest', whole: true, gap: 3 },
        { title: 'second is the first …', gap: 3 },
      ],
      rows: tensors.map(t => [
        escapeText(t.name, 60),
        t.shape.join('×'),
        t.maxAbs === null ? '' : smallText(t.maxAbs),
        t.equal ? 'same' : (t.change ?? 'other numbers'),
      ]),
    },
    layout,
  );
  return `${head}\n${table}`;
}
