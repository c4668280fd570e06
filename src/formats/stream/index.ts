import type { Limits } from '../format.js';
import { detectFormat, formatOfName } from '../index.js';
import { isScreenText } from '../screenText.js';
import { memorySource } from '../source.js';
import { CsvRows } from './csvRows.js';
import { JsonlRows } from './jsonlRows.js';
import { NpyRows } from './npyRows.js';
import type { RowReader } from './rows.js';

export interface SourceFacts {
  /** the file's name, where it has one */
  readonly nameHint?: string;
  /** its size in bytes, where that is known */
  readonly size?: number;
  /** possible names of the wanted array, if there are several */
  readonly names: readonly string[];
  /** the file holds one sample, whose steps are wanted: the rows of [1, T, D] and of [T, D] */
  readonly oneSample?: boolean;
}

/** The reader in pieces for a file that begins with `start`; undefined where its format has none. */
export function rowReaderFor(start: Uint8Array, limits: Limits, { nameHint, size, names, oneSample }: SourceFacts): RowReader | undefined {
  if (isScreenText(start)) return undefined;
  const { name } = detectFormat(memorySource(start), nameHint);
  const named = nameHint === undefined ? undefined : formatOfName(nameHint)?.name;
  // a wrong ending is noted by the whole-file reader
  if (named !== undefined && named !== name) return undefined;
  if (name === 'npy') return new NpyRows(limits, size, oneSample);
  if (name === 'jsonl') return new JsonlRows(limits, names);
  return name === 'csv' ? new CsvRows(limits) : undefined;
}
