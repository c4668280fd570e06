import { RnnError, within } from '../errors.js';
import { escapeNames, escapeText } from '../escape.js';
import { newBudget } from './bytes/budget.js';
import { readZip } from './bytes/zip.js';
import { looksLikeZip } from './bytes/zipEnd.js';
import { zipPieces } from './bytes/zipWrite.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { npy, numpyMember, readNumpyArray } from './npy.js';
import type { ByteSource } from './source.js';

/** NumPy's .npz: a zip of .npy members, stored or deflated. Members that are not arrays are skipped and noted. Written: stored. */
export const npz: Format = {
  name: 'npz',
  extensions: ['npz'],
  sniff: looksLikeZip,
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const budget = newBudget(limits);
    const tensors = new Map<string, FileTensor>();
    const members = readZip(source, limits, notes);
    const names = members.map(member => member.name);
    for (const { name, offset, source: content } of members) {
      const isArray = name.endsWith('.npy');
      if (!isArray && !npy.sniff(content)) {
        notes.push(`member '${escapeText(name)}' is not an array and was skipped`);
        continue;
      }
      const key = isArray ? name.slice(0, -4) : name;
      if (tensors.has(key))
        throw new RnnError('format', 'E_ZIP_DUPLICATE', `offset ${offset}: two members are called '${escapeText(key)}'`);
      tensors.set(
        key,
        within(`member '${escapeText(name, 80)}'`, () => readNumpyArray(content, budget, notes, name)),
      );
    }
    if (tensors.size === 0 && names.length > 0) throw noArrays(names);
    if (tensors.size === 0) notes.push('the archive holds no arrays');
    return { format: 'npz', tensors, metadata: new Map(), notes };
  },
  write: tensors => zipPieces(new Map([...tensors].map(([name, array]) => [`${name}.npy`, numpyMember(array)]))),
};

/** Other kinds of zip archives, recognised by a typical member. */
const ARCHIVES: readonly (readonly [member: RegExp, what: string])[] = [
  [/^\[Content_Types\]\.xml$/, 'a document of Word, Excel or PowerPoint'],
  [/^mimetype$/, 'a document (OpenDocument, EPUB)'],
  [/^AndroidManifest\.xml$/, 'an Android app'],
  [/^META-INF\/MANIFEST\.MF$/, 'a Java archive'],
  [/\.dist-info\//, 'a Python package'],
  [/(^|\/)saved_model\.pb$/, 'a packed SavedModel: unpack it, and give its folder'],
  [/\.(keras|h5|onnx|pt|pth|safetensors|npz|npy)$/, 'a packed folder: unpack it, and give the file in it'],
];

function noArrays(names: readonly string[]): RnnError {
  const what = ARCHIVES.find(([member]) => names.some(name => member.test(name)))?.[1];
  return new RnnError('format', 'E_NO_MODEL', `a zip archive without arrays${what ? `, it looks like ${what}` : ''}`, {
    expected: 'a model, or arrays (.npz: members that end in .npy)',
    found: `${escapeNames(names.slice(0, 3))}${names.length > 3 ? `, … (${names.length} members)` : ''}`,
    fix: 'give a model, weights, an .npz of numpy.savez, or a .csv',
  });
}
