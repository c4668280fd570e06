import { escapeText, listed } from '../escape.js';
import type { InspectGraph, InspectResult, InspectTensor } from '../run/result.js';
import { labelledLines } from './labelledLines.js';
import { bytesText, countText } from './numbers.js';
import { shapesText } from './shapesReport.js';
import { type Column, drawTable, type Layout } from './table.js';
import { alternatives, wrapText } from './text.js';

const COLUMNS: readonly Column[] = [
  { title: 'tensor', min: 12, paint: 'name', path: true, key: true },
  { title: 'shape', min: 7 },
  { title: 'dtype', min: 5 },
  { title: 'role', min: 6 },
  { title: 'gates', optional: true, paint: 'faint' },
];

/** Text report of `rnn-cli inspect`: the file, its tensors, its network. */
export async function inspectText(result: InspectResult, layout: Layout): Promise<string> {
  const { paint, width } = layout;
  const framework = [result.framework ?? (result.format === 'savedmodel' ? 'TensorFlow' : 'unknown framework'), result.frameworkVersion]
    .filter(Boolean)
    .join(' ');
  const gated = layout.style === 'csv' || result.tensors.some(t => t.gates);
  const columns = gated ? COLUMNS : COLUMNS.filter(column => column.title !== 'gates');
  const rows = result.tensors.map(t => tensorRow(t).slice(0, columns.length));
  const tensors = () => drawTable({ columns, rows }, layout);
  // CSV is one table for other programs, with nothing around it
  if (layout.style === 'csv') return result.tensors.length === 0 && result.network ? shapesText(result.network, layout) : tensors();
  const parts = [
    wrapText(
      `${paint.strong(result.file)}  ${result.format === result.framework ? '' : `${result.format}, `}${framework}, ${bytesText(result.bytes)}\n`,
      width,
      1,
    ) + (result.sha256 === null ? '' : ` ${paint.faint('sha256')}  ${result.sha256}\n`),
  ];
  if (result.graph) parts.push(graphText(result.graph, layout));
  if (result.tensors.length > 0) parts.push(await tensors());
  const { numbers, bytes } = result.totals;
  parts.push(
    ` ${counted(result.totals.tensors, 'tensor', layout)}, ${counted(numbers, 'number', layout)}, ${bytesText(bytes)}${skippedText(result.skipped)}\n`,
  );
  if (result.network) parts.push(await shapesText(result.network, layout));
  if (result.layersLine !== null && !result.reason?.includes(result.layersLine))
    parts.push(`${wrapText(` --layers "${escapeText(result.layersLine, 1000)}"`, width, 2)}\n`);
  if (result.reason !== null) parts.push(reasonText(result.reason, result.runs, layout));
  return parts.join('\n');
}

/** Why the network is not run, and below it how to run it. */
function reasonText(reason: string, runs: boolean, { paint, width }: Layout): string {
  const [what, ...fixes] = reason.split('; fix: ');
  const lines = [`${paint.warn(runs ? 'note:' : 'not run:')} ${what}`, ...fixes.map(fix => `  fix: ${alternatives(fix, 7)}`)];
  return `${lines.map((line, i) => wrapText(line, width, i === 0 ? 2 : 7)).join('\n')}\n`;
}

/** '1 tensor', '5 tensors' */
function counted(n: number | bigint, noun: string, { style }: Layout): string {
  return `${countText(Number(n), style !== 'plain')} ${noun}${Number(n) === 1 ? '' : 's'}`;
}

/** 'recurrent kernel' */
function roleText(role: string | null): string {
  return role?.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`) ?? '';
}

function tensorRow({ name, shape, dtype, role, gates }: InspectTensor): string[] {
  return [
    escapeText(name, 120),
    shape.length === 0 ? 'scalar' : shape.join('×'),
    dtype,
    roleText(role),
    gates ? `[${gates.join(' ')}]` : '',
  ];
}

function graphText({ nodes, operators, inputs, outputs, recurrent, unsupported }: InspectGraph, layout: Layout): string {
  const value = ({ name, shape }: InspectGraph['inputs'][number]) => `${name} [${shape ? shape.map(n => n ?? '?').join(', ') : '…'}]`;
  const lines: [string, string][] = [
    ['inputs', inputs.map(value).join(', ')],
    ['outputs', outputs.map(value).join(', ')],
    [
      'nodes',
      `${nodes}: ${Object.entries(operators)
        .map(([name, n]) => (n > 1 ? `${n} ${name}` : name))
        .join(', ')}`,
    ],
    ...recurrent.map((r): [string, string] => [
      r.op,
      `${r.name || '(no name)'}  ${r.direction}, D=${r.features ?? '?'}, M=${r.units ?? '?'}`,
    ]),
    ...(unsupported.length > 0 ? [['not run', unsupported.join(', ')] as [string, string]] : []),
  ];
  return labelledLines(lines, layout, 9);
}

/** '; 2 are no weights of the network: loss, step' */
function skippedText(names: readonly string[]): string {
  if (names.length === 0) return '';
  const what = names.length === 1 ? '1 is not a weight' : `${names.length} are not weights`;
  return `; ${what} of the network: ${listed(names, 4)}`;
}
