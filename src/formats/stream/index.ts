import type { Limits } from '../format.js';
import { detectFormat, formatOfName } from '../index.js';
import { isScreenText } from '../screenText.js';
import { memorySource } from '../source.js';
import { CsvRows } from './csvRows.js';
import { JsonlRows } from './jsonlRows.js';
import { NpyRows } from './npyRows.js';
import type { RowReader } from './rows.js';

export interface SourceFacts {
  /** the file's name, if it has one */
  readonly nameHint?: string;
  /** its size in bytes, if known */
  readonly size?: number;
  /** names of the requested array, tried in order if the file has several */
  readonly names: readonly string[];
  /** whether the file holds a single sample, [1, T, D] or [T, D], that is read step by step */
  readonly oneSample?: boolean;
}

/** Returns the streaming reader for a file that begins with `start`; undefined if its format has none. */
export function rowReaderFor(start: Uint8Array, limits: Limits, { nameHint, size, names, oneSample }: SourceFacts): RowReader | undefined {
  if (isScreenText(start)) return undefined;
  const { name } = detectFormat(memorySource(start), nameHint);
  const named = nameHint === undefined ? undefined : formatOfName(nameHint)?.name;
  // the whole-file reader notes a wrong extension
  if (named !== undefined && named !== name) return undefined;
  if (name === 'npy') return new NpyRows(limits, size, oneSample);
  if (name === 'jsonl') return new JsonlRows(limits, names);
  return name === 'csv' ? new CsvRows(limits) : undefined;
}
