import { escapeText, plural } from '../escape.js';
import type { CompareArraysResult, CompareModelsResult } from '../run/result.js';
import { labelledLines } from './labelledLines.js';
import { smallText } from './numbers.js';
import { drawTable, type Layout } from './table.js';
import { wrapText } from './text.js';

/** Report of `rnn-cli compare A B` for networks: the equations that differ, and one row per tensor with how it differs. */
export async function compareModelsText(result: CompareModelsResult, layout: Layout): Promise<string> {
  const { tensors, equations, outputs, files, status } = result;
  const { paint } = layout;
  const off = tensors.filter(t => !t.equal).length;
  const verdict = result.equal ? paint.good(status) : paint.bad(status);
  const counts = [
    ...countsOf(equations),
    ...(tensors.length > 0 ? [`${result.equal ? tensors.length : off} of ${tensors.length} weights`] : []),
    outputsText(outputs),
  ];
  const head = wrapText(`${verdict}   ${counts.join(', ')}   ${files.first} and ${files.second}\n`, layout.width, status.length + 3);
  const margin = ' '.repeat(status.length + 3);
  const x = wrapText(
    `${margin}x ${outputs.input.seed === null ? 'from' : 'drawn from'} ${outputs.input.source} [${outputs.input.shape.join(', ')}]\n`,
    layout.width,
    margin.length + 2,
  );
  if (result.equal) return head + x;
  const why = result.undecided
    ? wrapText(`  why      ${result.undecided.reason}\n  decide   ${result.undecided.decide}\n`, layout.width, 11)
    : '';
  const takes = takesText(result, layout);
  const first = firstText(outputs, margin, layout);
  const tables = [await equationsTable(result, layout), await weightsTable(result, layout)].filter(Boolean);
  return [`${head}${x}${first}${why}${takes}`, ...tables, pagesText(tensors, layout)].filter(Boolean).join('\n');
}

/** What kinds of rows the table has: '1 equation', '2 options', '1 layer'. */
function countsOf(equations: CompareModelsResult['equations']): string[] {
  const nouns = equations.map(({ what }) => (what === 'option' || what === 'layer' ? what : 'equation'));
  return ['equation', 'option', 'layer'].flatMap(noun => {
    const count = nouns.filter(n => n === noun).length;
    return count > 0 ? [plural(count, noun)] : [];
  });
}

function outputsText({ maxAbs, allowed, shape, second }: CompareModelsResult['outputs']): string {
  if (maxAbs !== null) return `outputs differ by ${smallText(maxAbs)}, allowed ${smallText(allowed)}`;
  return second === null ? 'the second cannot take the input of the first' : `outputs [${shape.join(', ')}] and [${second.join(', ')}]`;
}

/** The first layer, sample and step at which the networks differ. */
function firstText({ first }: CompareModelsResult['outputs'], margin: string, { width }: Layout): string {
  if (first === null) return '';
  const { layer, of, sample, step, values } = first;
  const what = of === 'h' ? 'h of ' : of === 'input' ? 'what it reads in ' : '';
  // as many digits as it takes to show the difference
  const digits = [4, 6, 9, 13, 17].find(n => smallText(values[0], n) !== smallText(values[1], n));
  const [a, b] = values.map(v => smallText(v, digits));
  const line = `${margin}first difference: ${escapeText(layer, 60)}: ${what}sample ${sample + 1}${step === null ? '' : `, step ${step + 1}`} is ${a} and ${b}\n`;
  return wrapText(line, width, margin.length + 2);
}

/** The inputs of each network, and how the two can still be compared. */
function takesText({ outputs: { takes }, files }: CompareModelsResult, { width }: Layout): string {
  if (takes === null) return '';
  const listed = (inputs: typeof takes.first) =>
    inputs
      .map(({ name, shape }) => `${name}${shape ? ` [${shape.map((size, k) => size ?? ('NT'[k] || '?')).join(', ')}]` : ''}`)
      .join(', ');
  const lines = [
    `  takes    ${listed(takes.first)}   ${files.first}`,
    `           ${listed(takes.second)}   ${files.second}`,
    takes.both
      ? `  further  give numbers that both take: -i FILE with ${listed(takes.both)}`
      : '  further  no input has the axes that both ask for: their outputs cannot be compared',
  ];
  return lines.map(line => `${wrapText(line, width, 11)}\n`).join('');
}

async function equationsTable({ equations, files }: CompareModelsResult, layout: Layout): Promise<string> {
  if (equations.length === 0) return '';
  const rows = equations.flatMap(({ layer, what, first, second }) =>
    Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [
      i === 0 ? escapeText(layer, 60) : '',
      i === 0 ? what : '',
      first[i] ?? '',
      second[i] ?? '',
    ]),
  );
  return drawTable(
    {
      columns: [
        { title: 'layer', whole: true },
        { title: 'equation', whole: true, gap: 3 },
        { title: files.first, gap: 3 },
        { title: files.second, gap: 3 },
      ],
      rows,
    },
    layout,
  );
}

async function weightsTable({ tensors, files }: CompareModelsResult, layout: Layout): Promise<string> {
  if (tensors.length === 0) return '';
  return drawTable(
    {
      columns: [
        { title: 'weight', whole: true },
        { title: 'shape', whole: true, gap: 3 },
        { title: 'largest', whole: true, gap: 3 },
        { title: `in ${files.second}`, gap: 3 },
      ],
      rows: tensors.map(t => [
        escapeText(t.name, 60),
        t.shape.join('×'),
        t.maxAbs === null ? '' : smallText(t.maxAbs),
        t.equal ? `same${t.change ? ` (${t.change})` : ''}` : (changeText(t.change) ?? numbersText(t)),
      ]),
    },
    layout,
  );
}

/** 'gate-order:igfo' -> 'gates in the order i g f o' */
function changeText(change: string | null): string | undefined {
  return change?.replace(/^gate-order:(\w+)/, (_, order: string) => `gates in the order ${[...order].join(' ')}`);
}

/** Changes of a tensor, by its name and the kind of change, and the page of `explain` about each. */
const PAGES: readonly [name: RegExp, change: RegExp, page: string][] = [
  [/./, /^gate-order/, 'gate-order'],
  [/\/b[ho]$/, /^(doubled|halved)/, 'bias-twice'],
  [/\/bh$/, /^with 1 added to the forget gate/, 'forget-bias-plus-1'],
  [/\/W[xh]$/, /1 − z/, 'gru-update-swapped'],
  [/\/Wh$/, /transposed$/, 'wh-transposed'],
  [/\/Wx$/, /^reshaped|then reshaped/, 'wx-reshaped'],
  [/\/Wo$/, /^reshaped/, 'wo-reshaped'],
  [/\/Wx$/, /transposed$/, 'wx-transposed'],
];

function pagesText(tensors: CompareModelsResult['tensors'], layout: Layout): string {
  const pages = tensors.flatMap(({ name, change }) =>
    PAGES.filter(([names, changes]) => names.test(name) && changes.test(change ?? ''))
      .map(([, , page]) => page)
      .slice(0, 1),
  );
  return labelledLines(
    [...new Set(pages)].map((page, i) => [i === 0 ? 'more' : '', `rnn-cli explain ${page}`]),
    layout,
    9,
  );
}

/** 'other numbers', or how many differ if not all do. */
function numbersText({ differing, shape }: CompareModelsResult['tensors'][number]): string {
  const total = shape.reduce((a, b) => a * b, 1);
  if (!differing || differing.count === total) return 'other numbers';
  return `${differing.count} of ${total} numbers differ, [${differing.most.join(', ')}] most`;
}

/** Report of `rnn-cli compare A B` for arrays: one row per array. */
export async function compareArraysText({ arrays, files, equal, status }: CompareArraysResult, layout: Layout): Promise<string> {
  const { paint } = layout;
  const total = arrays.reduce((sum, a) => sum + a.total, 0);
  const off = arrays.reduce((sum, a) => sum + a.mismatched, 0);
  const largest = arrays.reduce((most, a) => Math.max(most, a.max?.abs ?? 0), 0);
  const [{ atol, rtol }] = arrays.length > 0 ? arrays : [{ atol: 0, rtol: 0 }];
  // the rtol identifies the dtype
  const oneRule = arrays.every(a => a.rtol === rtol);
  const rule = oneRule ? `, allowed ${smallText(atol)} + ${smallText(rtol)}·|e|` : '';
  const shapes = arrays.filter(a => a.max === null && a.second !== null && !a.equal);
  const counts =
    total === 0 && shapes.length > 0
      ? `the shapes ${[shapes[0].shape, shapes[0].second!].map(shape => shape.join('×') || 'scalar').join(' and ')} do not match`
      : `${equal ? total : off} of ${total} values, largest ${smallText(largest)}${rule}`;
  const head = wrapText(
    `${equal ? paint.good(status) : paint.bad(status)}   ${counts}   ${files.first} and ${files.second}\n`,
    layout.width,
    12,
  );
  if (equal || (arrays.length === 1 && shapes.length === 1)) return head;
  const table = await drawTable(
    {
      columns: [
        { title: 'array', whole: true },
        { title: 'shape', whole: true, gap: 3 },
        { title: 'largest', whole: true, gap: 3 },
        { title: 'at', whole: true, gap: 3 },
        { title: 'verdict', gap: 3, paint: cell => (cell === 'same' ? 'good' : 'bad') },
      ],
      rows: arrays.map(a => [
        a.name,
        a.shape.join('×'),
        a.max ? smallText(a.max.abs) : '',
        a.max ? `[${a.max.index.join(', ')}]` : '',
        a.equal
          ? 'same'
          : a.max
            ? `${a.mismatched} of ${a.total} differ`
            : a.second
              ? `other shape ${a.second.join('×')}`
              : 'in one file only',
      ]),
    },
    layout,
  );
  return `${head}\n${table}`;
}
