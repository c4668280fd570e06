import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { concatFirst } from '../tensor/layout.js';
import { sameShape, sizeOf } from '../tensor/tensor.js';
import { type Budget, checkName, checkShape, newBudget } from './bytes/budget.js';
import { isObject, type JsonValue, parseJson } from './bytes/jsonText.js';
import { nestedText, tensorFromNested } from './bytes/nested.js';
import { decodeText } from './bytes/utf8.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { startsLikeJson } from './json.js';
import { LIMITS } from './limits.js';
import { type ByteSource, readAll, readUpTo } from './source.js';

/**
 * JSON Lines: one sample a line, stacked along a new first axis. A line is nested arrays (tensor `jsonl`) or an object whose numbers and
 * arrays become a tensor each; what is neither (strings, null) is skipped and noted. All lines have the same shapes.
 */
export const jsonl: Format = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson'],
  sniff(source: ByteSource): boolean {
    const bytes = readUpTo(source, 0, 2 * SNIFF_BYTES);
    return startsLikeJson(bytes) && hasCompleteFirstLine(bytes);
  },
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const state = newLinesState(limits);
    const samples = new Map<string, FileTensor[]>();
    for (const [number, line] of lines(decodeText(readAll(source)))) {
      for (const [name, sample] of readLine(number, line, state)) {
        const list = samples.get(name);
        if (list) list.push(sample);
        else samples.set(name, [sample]);
      }
    }
    if (state.rows === 0) throw noLines();
    notes.push(...skippedNotes(state));
    const tensors = new Map<string, FileTensor>();
    for (const [name, list] of samples) {
      checkShape([list.length, ...list[0].shape], limits);
      tensors.set(name, stack(list));
    }
    return { format: 'jsonl', tensors, metadata: new Map(), notes };
  },
  write(tensors) {
    const all = [...tensors];
    const rows = all.length > 0 ? all[0][1].shape[0] : 0;
    if (!rows || all.some(([, t]) => t.shape[0] !== rows || t.shape.includes(0))) {
      throw new RnnError(
        'format',
        'E_JSONL_ROWS',
        'JSON Lines needs tensors with the same number of samples along the first axis, at least one',
      );
    }
    const text: string[] = [];
    for (let n = 0; n < rows; n++) {
      const parts = all.map(([name, t]) => `${JSON.stringify(name)}:${nestedText(sample(t, n))}`);
      text.push(all.length === 1 && all[0][0] === 'jsonl' ? nestedText(sample(all[0][1], n)) : `{${parts.join(',')}}`);
    }
    return [new TextEncoder().encode(`${text.join('\n')}\n`)];
  },
};

// Longest first line that is looked at, so that sniffing stays cheap
const SNIFF_BYTES = 2 ** 20;

function hasCompleteFirstLine(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(0x0a);
  if (end < 0 || end > SNIFF_BYTES || !startsLikeJson(bytes.subarray(end))) return false;
  try {
    parseJson(decodeText(bytes.subarray(0, end)), { depth: LIMITS.depth.most });
    return true;
  } catch {
    return false;
  }
}

/** Yields the lines that are not blank, numbered from 1. */
function* lines(text: string): Generator<[number, string]> {
  let number = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    number++;
    if (line.trim() !== '') yield [number, line];
    at = end < 0 ? text.length : end + 1;
  }
}

function namedValues(value: JsonValue): [string, JsonValue][] {
  return isObject(value) ? Object.entries(value) : [['jsonl', value]];
}

/** What the lines so far imply for those that follow. */
export interface LinesState {
  /** shape and dtype of every tensor */
  readonly kinds: Map<string, Pick<FileTensor, 'shape' | 'dtype'>>;
  /** keys whose values are not numbers */
  readonly skipped: Set<string>;
  budget: Budget;
  rows: number;
}

export function newLinesState(limits: Limits): LinesState {
  return { kinds: new Map(), skipped: new Set(), budget: newBudget(limits), rows: 0 };
}

/** Reads the tensors of one line that is not blank. @throws RnnError E_JSON_…, E_JSONL_KEYS (format) */
export function readLine(number: number, line: string, state: LinesState): Map<string, FileTensor> {
  const found = within(`line ${number}`, () => {
    const samples = new Map<string, FileTensor>();
    for (const [name, value] of namedValues(parseJson(line, state.budget.limits))) {
      if (value === null || typeof value === 'string' || isObject(value)) state.skipped.add(name);
      else samples.set(name, sampleOf(name, value, state));
    }
    for (const name of state.kinds.keys()) {
      if (!samples.has(name)) {
        throw new RnnError('format', 'E_JSONL_KEYS', `the key "${escapeText(name, 60)}" of the lines before is missing`);
      }
    }
    return samples;
  });
  state.rows++;
  return found;
}

export function noLines(): RnnError {
  return new RnnError('format', 'E_JSONL_EMPTY', 'offset 0: no lines', { expected: 'one JSON value per line' });
}

export function skippedNotes({ skipped }: LinesState): string[] {
  return [...skipped].map(name => `"${escapeText(name, 60)}" holds no numbers and was skipped`);
}

function sampleOf(name: string, value: JsonValue, { kinds, budget, rows }: LinesState): FileTensor {
  checkName(name, 'tensor', budget.limits);
  const first = kinds.get(name);
  if (!first && rows > 0) throw new RnnError('format', 'E_JSONL_KEYS', `the key "${escapeText(name, 60)}" is not in the lines before`);
  // a sample is not a tensor, so only its bytes count against the limits
  const next = tensorFromNested(value, budget, name === 'jsonl' ? '$' : `$.${escapeText(name, 60)}`);
  budget.tensors = 0;
  if (first && (!sameShape(first.shape, next.shape) || first.dtype !== next.dtype)) {
    throw new RnnError(
      'format',
      'E_JSON_RAGGED',
      `${escapeText(name, 60)}: expected shape [${first.shape.join(', ')}] like the first line, found [${next.shape.join(', ')}]`,
      { expected: `[${first.shape.join(', ')}]`, found: `[${next.shape.join(', ')}]` },
    );
  }
  if (!first) kinds.set(name, { shape: next.shape, dtype: next.dtype });
  return next;
}

/** Stacks samples along a new first axis. */
export function stack(samples: readonly FileTensor[]): FileTensor {
  const rows = samples.map(({ shape, data }) => ({ shape: [1, ...shape], data }));
  return { ...concatFirst(rows), dtype: samples[0].dtype };
}

function sample(t: FileTensor, n: number): FileTensor {
  const shape = t.shape.slice(1);
  const size = sizeOf(shape);
  return { shape, data: t.data.subarray(n * size, (n + 1) * size), dtype: t.dtype };
}
