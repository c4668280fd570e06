import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { newBudget } from './bytes/budget.js';
import { readZip } from './bytes/zip.js';
import { looksLikeZip } from './bytes/zipEnd.js';
import { writeZip } from './bytes/zipWrite.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { hasNumpyMagic, readNumpyArray, writeNumpyArray } from './npy.js';
import { type ByteSource, memorySource, readAll } from './source.js';

/** NumPy's .npz: a zip of .npy members, stored or deflated. Members that are no arrays are skipped and noted. Written: stored. */
export const npz: Format = {
  name: 'npz',
  extensions: ['npz'],
  sniff: source => looksLikeZip(readAll(source)),
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const budget = newBudget(limits);
    const tensors = new Map<string, FileTensor>();
    for (const member of await readZip(readAll(source), limits, notes)) {
      const content = member.read();
      const isArray = member.name.endsWith('.npy');
      if (!isArray && !hasNumpyMagic(content)) {
        notes.push(`member '${escapeText(member.name)}' is no array and was skipped`);
        continue;
      }
      const name = isArray ? member.name.slice(0, -4) : member.name;
      if (tensors.has(name))
        throw new RnnError('format', 'E_ZIP_DUPLICATE', `offset ${member.offset}: two members are called '${escapeText(name)}'`);
      tensors.set(
        name,
        within(`member '${escapeText(member.name, 80)}'`, () => readNumpyArray(memorySource(content), budget, notes, member.name)),
      );
    }
    if (tensors.size === 0) notes.push('the archive holds no arrays');
    return { format: 'npz', tensors, metadata: new Map(), notes };
  },
  async write(tensors: Map<string, FileTensor>): Promise<Uint8Array> {
    const members = new Map<string, Uint8Array>();
    for (const [name, array] of tensors) members.set(`${name}.npy`, writeNumpyArray(array));
    return writeZip(members);
  },
};
