import { escapeText } from '../escape.js';
import type { LayerRow, ShapesResult, WeightRow } from '../run/result.js';
import { sizesText, symbolsText } from './dims.js';
import { labelledLines } from './labelledLines.js';
import { bytesText, countText, formulaText, termsOf } from './numbers.js';
import { paramsText, totalText } from './paramsText.js';
import { type Column, drawTable, type Layout } from './table.js';
import { displayWidth, wrapText } from './text.js';

/** Text report of `rnn-cli shapes`: every tensor with its letters, its sizes, its count and the arithmetic behind it. */

const COLUMNS: readonly Column[] = [
  { title: 'layer', min: 8, paint: 'name', key: true },
  { title: 'what', min: 15, key: true },
  { title: 'shape', min: 9 },
  { title: 'size', min: 7, gap: 1 },
  { title: 'params', align: 'right', whole: true },
  { title: 'how', gap: 10, optional: true, paint: 'faint' },
];

/** The layer table of `shapes`, its totals and how each framework counts. */
export async function shapesText(result: ShapesResult, layout: Layout): Promise<string> {
  if (layout.style === 'csv') return csvText(result, layout);
  const separators = layout.style !== 'plain';
  const rows = result.inputs.map((input, i) => [
    i === 0 ? 'input' : '',
    inputName(result, input.name),
    symbolsText(input),
    sizesText(input),
    '–',
    '',
  ]);
  const groups = new Set<number>([rows.length]);
  result.layers.forEach((layer, i) => {
    rows.push(...layerRows(layer, roleOf(result, i), separators));
    groups.add(rows.length);
  });
  const { bytes } = result.totals;
  const size = bytes === null ? 'of 4 B' : bytesText(bytes);
  rows.push(['total', '', '', '', totalText(result.totals, separators), `${size} as float32`]);
  const table = await drawTable({ columns: COLUMNS, rows, groups }, layout);
  return `${heading(result, layout)}\n\n${table}\n${facts(result, layout)}`;
}

/** A single input is called x, as in the equations; several have their names. */
function inputName({ inputs }: ShapesResult, name: string): string {
  return inputs.length === 1 ? 'x' : escapeText(name, 40);
}

/** Only the table: a row for each weight and output, every cell filled, numbers without separators. */
function csvText(result: ShapesResult, layout: Layout): Promise<string> {
  // an output has no count, so that the column adds up to the total
  const rows = result.layers.flatMap((layer, i) =>
    layerRows(layer, roleOf(result, i), false).map(([, what, shape, size, params, how]) => {
      return [escapeText(layer.name, 60), what, shape, size, what.startsWith('→') ? '' : params, how];
    }),
  );
  return drawTable({ columns: COLUMNS.map(({ title }) => ({ title })), rows }, layout);
}

/** 'SimpleRNN, many to one    N samples  T=10 steps  D=3 features  M=5 units  K=2 outputs' */
function heading({ title, dims, inputs }: ShapesResult, { paint, width }: Layout): string {
  // biome-ignore format: a table
  const words: Record<string, string> = {
    N: 'samples', T: 'steps', D: 'features', M: 'units', K: 'outputs', F: 'filters', P: 'projected units', V: 'tokens',
    E: 'embedding size', R: 'repeats',
  };
  const isRead = (letter: string) => inputs.some(input => input.dims.includes(letter));
  const used = Object.entries(dims).filter(([letter, size]) => size !== null || !['T', 'D'].includes(letter) || isRead(letter));
  const sizes = used.map(([letter, size]) => {
    const word = words[letter.replace(/\d+$/, '')] ?? '';
    return `${size === null ? letter : `${letter}=${size}`}${word && ` ${word}`}`;
  });
  const line = sizes.join('  ');
  const fits = displayWidth(title) + 4 + displayWidth(line) <= width;
  return fits ? `${paint.strong(title)}    ${line}` : wrapText(`${paint.strong(title)}\n  ${line}`, width, 2);
}

/** Whether a layer gives y, a further output, or only what other layers read. */
type Role = 'y' | 'output' | 'inner';

function roleOf({ layers, outputs }: ShapesResult, i: number): Role {
  if (outputs.length === 1) return i === layers.length - 1 ? 'y' : 'inner';
  const at = outputs.findIndex(({ name }) => name === layers[i].name);
  return at === 0 ? 'y' : at > 0 ? 'output' : 'inner';
}

function layerRows(layer: LayerRow, role: Role, separators: boolean): string[][] {
  const rows = layer.weights.map(weight => weightRow(weight, separators));
  const output = `→ ${role === 'y' ? 'y' : outputName(layer)}${role === 'output' ? ' (output)' : ''}${layer.inferred.includes('returnSequences') && layer.returnSequences ? ', seq (auto)' : ''}`;
  const params = layer.weights.length === 0 ? '–' : paramsText(layer, separators);
  rows.push([output, symbolsText(layer.output), sizesText(layer.output), params, layer.formula === null ? '' : formulaText(layer.formula)]);
  const name = escapeText(layer.name, 60) + (layer.trainable ? '' : ' (frozen)');
  return rows.map((row, i) => [i === 0 ? name : '', ...row]);
}

/** 'Wx', 'D×4M [i f g o]', '3×20', '60', 'D·4·M' */
function weightRow({ name, dims, gates, shape, count, formula }: WeightRow, separators: boolean): string[] {
  const letters =
    dims.map(dim => (dim.includes('+') ? `(${dim})` : dim)).join('×') + (gates && gates.length > 1 ? ` [${gates.join(' ')}]` : '');
  const numbers = paramsText({ params: count, weights: [{ dims, shape, count }] }, separators);
  return [name, letters, sizesText({ dims, shape }), numbers, formulaText(formula)];
}

function outputName({ kind, returnSequences, options }: LayerRow): string {
  if (returnSequences !== null) return returnSequences ? 'all h' : 'last h';
  if (kind === 'op') return escapeText(String(options.op), 30);
  // biome-ignore format: a table
  const names: Record<string, string> = {
    dense: 'dense', conv1d: 'filters', conv2d: 'filters', conv3d: 'filters', maxpool: 'max over t', avgpool: 'mean over t',
    last: 'last step', flatten: 'one row', embedding: 'vectors', masking: 'masked', text: 'token numbers', dropout: 'unchanged',
    repeat: 'repeated', concatenate: 'side by side', add: 'sum', multiply: 'product', average: 'mean',
  };
  return names[kind] ?? escapeText(activationName(options.activation) || kind, 30);
}

/** The lines below the table: counts by framework, work, memory, unusual options. */
function facts(result: ShapesResult, layout: Layout): string {
  const separators = layout.style !== 'plain';
  const { totals, layers } = result;
  const lines: [string, string][] = [
    ['counted as', countedAs(totals, separators)],
    ['MACs', macs(result, separators)],
  ];
  const recurrent = layers.filter(layer => layer.returnSequences !== null);
  if (recurrent.length > 0) {
    const training = totals.trainingBytes === null ? 'grows with T' : `${bytesText(totals.trainingBytes)} per sample`;
    lines.push(['state', `${bytesText(totals.stateBytes)} per sample;  kept for training (all h): ${training}`]);
  }
  if (BigInt(totals.nonTrainable ?? 0) > 0n) {
    const trainable = totals.formulas?.trainable;
    lines.push([
      'trainable',
      `${trainable ? formulaText(trainable) : countText(totals.trainable, separators)}, frozen ${countText(totals.nonTrainable, separators)}`,
    ]);
  }
  for (const layer of layers) {
    const unusual = unusualOptions(layer);
    if (unusual) lines.push([escapeText(layer.name, 60), unusual]);
  }
  for (const note of result.notes) lines.push(['note', escapeText(note)]);
  const column = Math.max(...lines.map(([label]) => label.length), 10) + 3;
  return labelledLines(lines, layout, column);
}

function countedAs({ byFramework, formulas }: ShapesResult['totals'], separators: boolean): string {
  const { keras } = byFramework;
  let explained = false;
  const words = Object.entries(byFramework).map(([name, count]) => {
    const formula = formulas?.byFramework[name];
    if (formula) return `${name} ${formulaText(formula)}`;
    if (count === null) return `${name} –`;
    const text = `${name} ${countText(count, separators)}`;
    if (explained || !keras || BigInt(count) <= BigInt(keras)) return text;
    explained = true;
    return `${text} (two biases)`;
  });
  return words.join('   ');
}

/** A formula has a term for each layer; beyond this many, the terms are only counted. */
const MOST_TERMS = 12;

function macs({ totals }: ShapesResult, separators: boolean): string {
  const terms = termsOf(totals.macsFormula);
  const shown = terms.length > MOST_TERMS ? [...terms.slice(0, MOST_TERMS - 2), '…', ...terms.slice(-1)] : terms;
  const rest = terms.length > MOST_TERMS ? ` (${terms.length} terms)` : '';
  const formula = `${formulaText(shown.join('+'))}${rest}`;
  if (formula === '') return totals.macsPerSample === null ? 'not known' : 'none';
  if (totals.macsPerSample === null) return `${formula} per sample   (matrix products only)`;
  return `${countText(totals.macsPerSample, separators)} per sample = ${formula}   (matrix products only)`;
}

/** Options that are unusual for the kind of layer: 'relu, no bias, backwards'. */
function unusualOptions({ kind, options, merge, returnSequences }: LayerRow): string {
  const words: string[] = [];
  const usual = kind === 'dense' ? 'linear' : 'tanh';
  const activation = activationName(options.activation);
  if (activation && activation !== usual && (returnSequences !== null || kind === 'dense')) words.push(escapeText(activation, 40));
  const gates = activationName(options.recurrentActivation);
  if (gates && gates !== 'sigmoid') words.push(`gates ${escapeText(gates, 40)}`);
  if (merge !== null && merge !== 'concat') words.push(`both ways, ${merge}`);
  if (options.useBias === false) words.push('no bias');
  if (kind === 'gru' && options.resetAfter === false) words.push('reset before the product');
  if (options.goBackwards === true) words.push('backwards');
  if (options.stateful === true) words.push('stateful');
  if (typeof options.clip === 'number') words.push(`gates clipped at ${options.clip}`);
  if (options.inputForget === true) words.push('f = 1 − i');
  if (kind === 'masking') words.push(`skips steps that are all ${options.value}`);
  if (options.maskZero === true) words.push('token 0 is padding');
  if (kind === 'text') words.push('x holds its token numbers; no text is read');
  if (kind === 'dropout') words.push('the identity outside training');
  return words.join(', ');
}

/** An activation is a name, or an object with name and parameters. */
function activationName(activation: unknown): string {
  if (typeof activation === 'string') return activation;
  if (typeof activation !== 'object' || activation === null) return '';
  const { name, ...parameters } = activation as Record<string, unknown>;
  const list = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return list.length > 0 ? `${name}(${list.join(', ')})` : String(name);
}
