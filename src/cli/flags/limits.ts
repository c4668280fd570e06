import { LIMITS } from '../../run/limits.js';
import { type FlagRow, flags, MODELS } from './row.js';

/** Limits on what a file may require; names and defaults are in the readers' table. */
export const LIMIT_FLAGS = flags('Limits', MODELS, {
  maxFile: {
    flags: '--max-file <bytes>',
    value: { kind: 'bytes' },
    default: 'half of RAM, at most 4GiB',
    help: 'one file, or standard input',
  },
  maxMemory: {
    flags: '--max-memory <bytes>',
    value: { kind: 'bytes' },
    default: 'half of RAM, at most 4GiB',
    help: 'all tensors of a file, and all that a run computes with: 500MB, 4GiB',
  },
  ...Object.fromEntries(Object.values(LIMITS).flatMap(row => (row.key === undefined ? [] : [[row.key, limitFlag(row)]]))),
});

function limitFlag({ flag, kind, standard, most, help }: (typeof LIMITS)[keyof typeof LIMITS]): FlagRow {
  if (kind === 'seconds')
    return { flags: `${flag} <seconds>`, value: { kind: 'number', above0: true, most }, default: String(standard), help };
  if (kind === 'count') return { flags: `${flag} <n>`, value: { kind: 'size', least: 1, most }, default: String(standard), help };
  return { flags: `${flag} <bytes>`, value: { kind: 'bytes', most }, default: inUnits(standard), help };
}

/** 8388608 -> '8MiB', if the number is exact in that unit */
function inUnits(bytes: number): string {
  const power = Math.floor(Math.log2(bytes) / 10);
  return Number.isInteger(bytes / 1024 ** power) ? `${bytes / 1024 ** power}${['', 'KiB', 'MiB', 'GiB'][power]}` : String(bytes);
}
