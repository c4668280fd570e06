import { escapeText } from '../escape.js';
import type { ExplainResult, Nested, ProbeResult } from '../run/result.js';
import { labelledLines } from './labelledLines.js';
import { valueText } from './numbers.js';
import type { Layout } from './table.js';
import { READING_WIDTH, wrapCode, wrapText } from './text.js';

/** Text reports of `rnn-cli explain` and `rnn-cli probe`. */

/** A page of `explain`, or the list of all pages. */
export function explainText(page: ExplainResult, { paint, width }: Layout): string {
  if (page.kind === 'list') return listText(page, width);
  const line = Math.min(READING_WIDTH, width);
  const parts = [
    `${paint.strong(page.name)}   ${page.title}\n`,
    `${page.text.map(t => `${wrapText(` ${t}`, line, 1)}\n`).join(page.kind === 'term' ? '\n' : '')}`,
  ];
  if (page.example) parts.push(exampleText(page.example, width));
  if (page.fixes) parts.push(fixesText(page.fixes, width));
  if (page.shapes && page.shapes.length > 0) parts.push(shapesText(page.shapes, width));
  if (page.related.length > 0) parts.push(wrapText(` See also: ${page.related.join(', ')}\n`, line, 11));
  return parts.join('\n');
}

function listText({ mistakes = [], terms = [] }: ExplainResult, columns: number): string {
  const width = Math.max(...[...mistakes, ...terms].map(row => row.name.length)) + 3;
  const rows = (list: readonly { name: string; title: string }[]) =>
    list.map(({ name, title }) => `${wrapText(`  ${name.padEnd(width)}${title}`, columns, width + 2)}\n`).join('');
  return `Mistakes\n${rows(mistakes)}\nTerms\n${rows(terms)}\nrnn-cli explain NAME prints the page.\n`;
}

/** The correct and the wrong y side by side, or one below the other if they are wide. */
function exampleText({ layers, dims, seed, right, wrong, command }: NonNullable<ExplainResult['example']>, columns: number): string {
  const { N, T, D } = dims;
  const rows = [` ${layers}, N=${N} T=${T} D=${D}, weights and input of seed ${seed}:\n`];
  const [a, b] = [linesOf(right.y), linesOf(wrong.y)];
  const width = Math.max(8, ...a.map(line => line.length)) + 3;
  if (right.shape.join() !== wrong.shape.join()) rows.push(`   right (${right.shape.join(', ')}), wrong (${wrong.shape.join(', ')})\n`);
  const beside = 11 + width + Math.max(...b.map(line => line.length + 6)) <= columns;
  rows.push(beside ? `   ${'sample'.padEnd(8)}${'right'.padEnd(width)}wrong\n` : '   sample\n');
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [start, same] = [`   ${String(i + 1).padEnd(8)}`, a[i] === b[i] ? '  same' : ''];
    if (beside) rows.push(`${start}${(a[i] ?? '').padEnd(width)}${b[i] ?? ''}${same}\n`);
    else rows.push(`${start}right  ${a[i] ?? ''}\n`, `${' '.repeat(start.length)}wrong  ${b[i] ?? ''}${same}\n`);
  }
  rows.push(`   ${command}\n`);
  return rows.join('');
}

/** One line per sample: '0.1234  0.5678', or '[0.12 0.34] [0.56 0.78]' for a sequence. */
function linesOf(y: Nested): string[] {
  return (y as readonly Nested[]).map(sample => {
    const numbers = sample as readonly Nested[];
    const show = (v: Nested): string =>
      typeof v === 'number' ? valueText(v, 4, false) : `[${(v as readonly number[]).map(n => valueText(n, 4, false)).join(' ')}]`;
    // brackets already separate the steps
    return numbers.map(show).join(typeof numbers[0] === 'number' ? '  ' : ' ');
  });
}

const FRAMEWORKS = [
  ['numpy', 'NumPy'],
  ['keras', 'Keras'],
  ['torch', 'PyTorch'],
] as const;

function fixesText(fixes: NonNullable<ExplainResult['fixes']>, width: number): string {
  return FRAMEWORKS.flatMap(([key, name]) => {
    const code = fixes[key];
    return code === undefined ? [] : [labelled(` ${name.padEnd(9)}`, wrapCode(code, width - 10))];
  }).join('');
}

/** Indents further lines to the start of the first. */
function labelled(label: string, code: string): string {
  return `${label}${code.replaceAll('\n', `\n${' '.repeat(label.length)}`)}\n`;
}

function shapesText(examples: NonNullable<ExplainResult['shapes']>, columns: number): string {
  return examples
    .map(({ words, layers, rows }) => {
      const width = Math.max(...rows.map(r => r.name.length)) + 3;
      const lines = rows.map(({ name, output, weights }) => {
        const held = weights.map(w => `${w.name} ${w.shape.join('×')}`).join(', ');
        const shape = `   ${name.padEnd(width)}(${output.join(', ')})`;
        return wrapText(`${shape}${held === '' ? '' : `   ${held}`}\n`, columns, shape.length + 3);
      });
      return ` ${words}:  ${layers}\n${lines.join('')}`;
    })
    .join('\n');
}

export function probeText(
  { dims, shape, seed, shows, alike, cannotDetect, weightsSource }: ProbeResult,
  layout: Layout,
  saved: string | undefined,
): string {
  const { paint, width } = layout;
  const head = `${paint.strong('PROBE')}   x [${shape.join(', ')}], N=${dims.N} T=${dims.T}, seed ${escapeText(seed, 40)}; weights: ${weightsSource}\n`;
  const lines: [string, string][] = [
    ['shows', `${shows.length} mistakes: under each, y differs from the right y and from that of all others`],
    ['', families(shows).join(', ')],
    ...(alike.length > 0 ? [['alike', `of these, the same y from ${pairsText(alike)}`] as [string, string]] : []),
    ...(cannotDetect.length > 0 ? [['cannot show', families(cannotDetect).join(', ')] as [string, string]] : []),
    saved === undefined ? ['save', 'add -o probe.npz (x and weights) or -o x.npy'] : ['saved', escapeText(saved)],
  ];
  const facts = labelledLines(lines, { ...layout, width: Math.min(READING_WIDTH, width) }, 14);
  return `${wrapText(head, width, 8)}\n${facts}`;
}

/** Counts the codes of each family: 'gate-order (23)'. */
function families(codes: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code.split(':')[0], (counts.get(code.split(':')[0]) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${name} (${count})` : name));
}

function pairsText(pairs: readonly (readonly [string, string])[]): string {
  const shown = pairs.slice(0, 8).map(([a, b]) => `${a} and ${b}`);
  return `${shown.join('; ')}${pairs.length > 8 ? ` … ${pairs.length - 8} more` : ''}`;
}
