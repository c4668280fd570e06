import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import type { BundleEntry } from './bundleEntries.js';
import { type Budget, checkName, checkShape, DTYPE_BYTES, newBudget } from './bytes/budget.js';
import { crc32c, masked } from './bytes/crc32c.js';
import { looksLikeTable, readTable } from './bytes/levelTable.js';
import { decodeNumbers } from './bytes/numbers.js';
import type { DType, FileTensor, Format, Limits, OpenPart, TensorFile } from './format.js';
import { lazyTensor } from './lazyTensor.js';
import type { ByteSource } from './source.js';

/**
 * TensorFlow's checkpoints: `NAME.index`, a table of names, shapes and offsets, and next to it the numbers in `NAME.data-00000-of-00001` … A
 * SavedModel has the same files as `variables/variables.*`. Tensors have the name of the variable, without the suffix
 * `/.ATTRIBUTES/VARIABLE_VALUE` of TensorFlow 2. The graph of Python objects that TensorFlow 2 stores is not read.
 */
export const tensorbundle: Format = {
  name: 'tensorbundle',
  extensions: ['index'],
  sniff: looksLikeTable,
  async read(source: ByteSource, limits: Limits, openPart?: OpenPart, ownName?: string): Promise<TensorFile> {
    const { readBundle } = await import('./bundleEntries.js');
    const { shards, littleEndian, entries } = readBundle(readTable(source, limits), limits);
    const notes: string[] = [];
    const budget = newBudget(limits);
    const numbers = entries.filter((entry): entry is BundleEntry & { dtype: DType } => {
      if (entry.dtype === null && entry.dtypeNumber !== TEXT)
        notes.push(`'${escapeText(entry.name, 80)}' has TensorFlow's dtype ${entry.dtypeNumber} and was skipped`);
      return entry.dtype !== null;
    });
    const checked = numbers.map(entry =>
      within(`'${escapeText(entry.name, 100)}'`, () => {
        checkName(entry.name, 'variable', limits);
        const size = checkShape(entry.shape, limits);
        if (BigInt(entry.size) !== size * BigInt(DTYPE_BYTES[entry.dtype]))
          throw new RnnError(
            'format',
            'E_BUNDLE',
            `has ${entry.size} bytes where its shape needs ${size * BigInt(DTYPE_BYTES[entry.dtype])}`,
          );
        return { ...entry, elements: size };
      }),
    );
    const opened = openShards(new Set(checked.map(entry => entry.shard)), shards, openPart, ownName);
    const tensors = new Map<string, FileTensor>();
    for (const entry of checked) tensors.set(plainName(entry.name), tensorOf(entry, opened.get(entry.shard)!, budget, littleEndian));
    return { format: 'tensorbundle', tensors, metadata: new Map([['producer', 'tensorflow']]), notes };
  },
};

const TEXT = 7;
const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';

function plainName(name: string): string {
  return name.endsWith(VALUE) ? name.slice(0, -VALUE.length) : name;
}

/** @throws RnnError E_BUNDLE_SHARD (format) if the index has no file name, so that its shards cannot be found; and as openPart */
function openShards(
  wanted: ReadonlySet<number>,
  count: number,
  openPart: OpenPart | undefined,
  ownName: string | undefined,
): Map<number, ByteSource> {
  const opened = new Map<number, ByteSource>();
  if (wanted.size === 0) return opened;
  if (!openPart || ownName === undefined)
    throw new RnnError('format', 'E_BUNDLE_SHARD', 'a checkpoint needs its data files beside it, and there is no folder to look in', {
      fix: 'give the path of the .index file instead of piping it in',
    });
  const digits = (n: number) => String(n).padStart(5, '0');
  for (const shard of wanted) opened.set(shard, openPart(`${ownName.replace(/\.index$/, '')}.data-${digits(shard)}-of-${digits(count)}`));
  return opened;
}

interface NumberEntry extends BundleEntry {
  readonly dtype: DType;
  readonly elements: bigint;
}

function tensorOf(entry: NumberEntry, data: ByteSource, budget: Budget, littleEndian: boolean): FileTensor {
  const { name, dtype, offset, size, elements } = entry;
  return within(`'${escapeText(name, 100)}'`, () => {
    if (offset + size > data.size)
      throw new RnnError('format', 'E_BUNDLE_SHARD', `needs bytes ${offset} to ${offset + size} of a data file of ${data.size}`, {
        expected: `at least ${offset + size} bytes`,
        found: `${data.size} bytes`,
        fix: 'the data file is truncated or belongs to another checkpoint; save or download both again',
      });
    return lazyTensor(data, budget, { shape: entry.shape.map(Number), dtype, size: elements }, () => {
      const bytes = data.read(offset, size);
      if (masked(crc32c(bytes)) !== entry.crc32c)
        throw new RnnError(
          'format',
          'E_BUNDLE_CRC',
          `the checksum of '${escapeText(name, 100)}' does not match: the data file is damaged or belongs to another checkpoint`,
        );
      return decodeNumbers(bytes, 0, size / DTYPE_BYTES[dtype], dtype, littleEndian);
    });
  });
}
