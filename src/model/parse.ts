import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Grammar } from '../layers/facets.js';
import { applyOption } from './layerOptions.js';
import { countsOf, withSizes } from './layerSizes.js';
import { usualSpelling } from './layersSpelling.js';
import { layerTexts, layerWords, size, wordOf, wordsByKind, wrong } from './layerWords.js';
import { MOST_LAYERS } from './spec.js';
import { checkFilled } from './unfilled.js';

/**
 * Parses the one-line network, `lstm:64,gru:32,dense:10`, into the layers of a spec (plain JSON, for checkSpec):
 *   layer[,layer…]   layer = [bi]kind[:sizes][@activation[/activation of the gates]][+option…]   activation = name[(parameter=number[, …])]
 * Each kind states its word, sizes and options in its grammar facet.
 */
export interface ParsedLayers {
  /** layers of a spec; only those that the user named have a name */
  readonly layers: Record<string, unknown>[];
  /** one per layer: where it is in the text, [from, to) */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
}

/**
 * @throws RnnError E_LAYERS (usage) with the wrong part underlined and the line that was probably meant; E_UNFILLED (usage) if a `_` is
 *   left
 */
export function parseLayers(text: string): ParsedLayers {
  checkFilled(text);
  try {
    return parseLine(text);
  } catch (error) {
    if (error instanceof RnnError) suggest(error, text);
    throw error;
  }
}

function suggest(error: RnnError, text: string): void {
  if (/^\d+$/.test(text.trim())) {
    error.fix = `--layers is the network on one line, --stack the number of recurrent layers: --stack ${text.trim()}`;
    error.correction = { word: text, flags: ['--layers'], to: ['--stack', text.trim()] };
    return;
  }
  if (/^[\w./-]+\.(json|keras|h5|hdf5|onnx|pt2)$/i.test(text)) {
    error.fix = `a file that describes the network is --model ${escapeText(text, 100)}`;
    error.correction = { word: text, flags: ['--layers'], to: ['--model', text] };
    return;
  }
  const [input, ...sizes] = INPUT_LAYER.exec(text) ?? [''];
  const { cells, others } = wordsByKind();
  const meant = usualSpelling(text.slice(input.length), [...cells, ...others, ...cells.map(kind => `bi${kind}`)]);
  if (meant === text) return;
  try {
    parseLine(meant);
  } catch (other) {
    // nn.LSTM: the kind is recognised now, and its size is still missing
    if (other instanceof RnnError && error.message.startsWith('cannot read')) error.fix = other.fix;
    return;
  }
  const flags = sizes.flatMap((size, i) => (/\d/.test(size ?? '') ? [['--T', '--D'][i], size] : []));
  if (flags.length > 0 || !error.fix?.startsWith('did you mean'))
    error.fix = `did you mean ${[`--layers "${escapeText(meant, 200)}"`, ...flags].join(' ')}?`;
  error.correction = { word: text, flags: ['--layers'], to: ['--layers', meant, ...flags] };
}

/** `Input((10, 3)),`, `input:10x3,`: here flags state the sizes of the input. */
const INPUT_LAYER = /^\s*input(?:layer)?\s*[:(]\s*(?:shape=)?\(?\s*(\d+|None)\s*[x,]\s*(\d+)[\s)]*,\s*(?=\S)/i;

function parseLine(text: string): ParsedLayers {
  const layers: Record<string, unknown>[] = [];
  const spans: { from: number; to: number }[] = [];
  let from = 0;
  for (const part of layerTexts(text)) {
    const span = { from, to: from + part.length };
    const { layer, times } = parseLayer(part, span, text);
    if (layers.length + times > MOST_LAYERS) throw wrong(text, span.from, span.to, `more than ${MOST_LAYERS} layers`, 'use fewer layers');
    for (let i = 0; i < times; i++) {
      layers.push({ ...layer });
      spans.push(span);
    }
    from = span.to + 1;
  }
  return { layers, spans };
}

function parseLayer(part: string, span: { from: number; to: number }, text: string): { layer: Record<string, unknown>; times: number } {
  const [head, ...options] = part.split('+');
  const match = /^([a-z]*[0-9]*[a-z]*)(?::([^@]*))?(?:@(.*))?$/.exec(head.trim());
  if (part.trim() === '')
    throw wrong(
      text,
      span.from,
      Math.max(span.to, span.from + 1),
      'a layer is missing',
      'write kind:units between commas, such as lstm:64, or drop the comma',
    );
  if (!match)
    throw wrong(
      text,
      span.from,
      span.from + head.length,
      `cannot read '${escapeText(head, 40)}' as a layer`,
      'write [bi]kind[:units][@activation][+option], such as bilstm:64@tanh+seq',
    );
  const [, word, argument, activation] = match;
  const { plain, bidirectional } = wordOf(word, text, span.from, span.from + head.length);
  const { kind, grammar } = layerWords().get(plain)!;
  const layer: Record<string, unknown> = { kind: kind.name, ...argumentOf(plain, grammar, argument, text, span) };
  const read = { word: plain, grammar, fields: layer, setBy: new Map<string, string>() };
  if (bidirectional) layer.bidirectional = 'concat';
  if (activation !== undefined) {
    if (!grammar.activation) throw wrong(text, span.from, span.to, `${plain} has no activation`, `drop @${escapeText(activation, 30)}`);
    Object.assign(layer, activationsOf(plain, kind, activation, text, span));
  }
  let times = 1;
  let at = span.from + head.length + 1;
  for (const option of options) {
    times *= applyOption(read, option, { text, from: at, to: at + option.length });
    at += option.length + 1;
  }
  if (times > 1 && layer.name !== undefined)
    throw wrong(
      text,
      span.from,
      span.to,
      `${times} layers cannot all be called '${escapeText(String(layer.name), 40)}'`,
      'drop +name or +xN',
    );
  return { layer, times };
}

/** Parses `tanh` or `tanh/hard_sigmoid`: the activation, and that of the gates. */
function activationsOf(
  word: string,
  { fields }: { readonly fields: Readonly<Record<string, unknown>> },
  activation: string,
  text: string,
  span: { from: number; to: number },
): Record<string, unknown> {
  const [own, gates] = activation.split('/');
  const read = (written: string) => functionOf(written, text, span);
  if (gates === undefined) return { activation: read(activation) };
  if (!('recurrentActivation' in fields)) throw wrong(text, span.from, span.to, `${word} has no gates`, `write @${escapeText(own, 30)}`);
  return { ...(own === '' ? {} : { activation: read(own) }), recurrentActivation: read(gates) };
}

/** `elu(alpha=0.5)` as a spec has it; a name alone stays one. */
function functionOf(written: string, text: string, { from, to }: { from: number; to: number }): unknown {
  const [, name, list] = /^(\w+)\((.+)\)$/.exec(written) ?? [];
  if (name === undefined) return written;
  const parameters = list.split(',').map((part): [string, number | boolean] => {
    const [key, value = ''] = part.trim().split('=');
    if (value === 'true' || value === 'false') return [key, value === 'true'];
    if (!NUMBER.test(value))
      throw wrong(
        text,
        from,
        to,
        `${name} needs its parameters as name=number`,
        'write for example @elu(alpha=0.5), or drop the parentheses',
      );
    return [key, Number(value)];
  });
  return { name, ...Object.fromEntries(parameters) };
}

const COUNTED = ['', 'one', 'two', 'three', 'four'];
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i;

/** Parses the sizes after the colon into fields of the layer. */
function argumentOf(
  word: string,
  { sizes, number }: Grammar,
  argument: string | undefined,
  text: string,
  span: { from: number; to: number },
): Record<string, unknown> {
  const fail = (message: string, fix: string) => wrong(text, span.from, span.to, message, fix);
  if (number) {
    if (argument === undefined) return {};
    if (NUMBER.test(argument)) return { [number.field]: Number(argument) };
    throw fail(`${word} needs a number, found '${escapeText(argument, 40)}'`, `write ${word}:${number.example}`);
  }
  if (!sizes) {
    if (argument === undefined) return {};
    throw fail(`${word} takes no number`, `write ${word}`);
  }
  const [least, most] = countsOf(sizes.fields);
  if (argument === undefined && least === 0) return {};
  const parts = argument?.split('x') ?? [];
  const right = parts.length >= least && parts.length <= most && parts.every(digits => /^\d+$/.test(digits));
  if (right) {
    const given = parts.map(digits => size(digits, fail));
    return withSizes(sizes.fields, given);
  }
  const example = `write ${word}:${sizes.example}`;
  if (most > 1) {
    const count = least === most ? `its ${COUNTED[least]} sizes` : 'its sizes';
    throw fail(
      `${word} needs ${count}, found '${escapeText(argument ?? 'nothing', 40)}'`,
      `write ${word}:${sizes.form}, such as ${word}:${sizes.example}${sizes.meaning === undefined ? '' : ` (${sizes.meaning})`}`,
    );
  }
  if (argument === undefined) throw fail(`${word} needs the number of ${sizes.form}`, example);
  throw fail(`${sizes.form} of ${word} must be a whole number, found '${escapeText(argument, 40)}'`, example);
}
