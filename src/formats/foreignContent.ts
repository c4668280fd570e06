import { RnnError } from '../errors.js';
import { type ByteSource, readUpTo } from './source.js';

/** Files that people give instead of a model or an array: a pattern for their first bytes (one character each), what they are, and the fix. */
const KINDS: readonly [begins: RegExp, what: string, fix: string][] = [
  [/^version https:\/\/git-lfs\./, 'a Git LFS pointer, not the file itself', 'fetch the file: git lfs pull'],
  [
    /^\s*<(?:!doctype html|html|\?xml)/i,
    'HTML or XML, not the file itself',
    'download the file itself: the link "raw" or "download" of its page',
  ],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes
  [/^\x1f\x8b/, 'compressed with gzip', 'unpack it: gunzip FILE, or tar xzf FILE'],
  [/^(?:BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!)/, 'compressed', 'unpack it'],
  [/^[\s\S]{257}ustar/, 'a tar archive', 'unpack it: tar xf FILE'],
  [/^PAR1/, 'a Parquet table', 'in Python: np.save("x.npy", pandas.read_parquet(FILE).to_numpy())'],
  [/^(?:ARROW1|FEA1)/, 'an Arrow table', 'in Python: np.save("x.npy", pandas.read_feather(FILE).to_numpy())'],
  [/^MATLAB 5\.0 MAT-file/, 'a MATLAB file', 'in Python: np.save("x.npy", scipy.io.loadmat(FILE)["x"])'],
  [/^[\s\S]{4}TFL3/, 'a TensorFlow Lite model', 'give the model that it was made from'],
  [
    // a map whose first key is a short word, and whose first value is a map again or an array of NumPy
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes
    /^(?:[\x81-\x8f]|\xde[\s\S]{2})(?:[\xa1-\xbf]|\xd9[\s\S])\w+(?:[\x81-\x8f]|\xde[\s\S]{2}|[\xc7-\xc9][\s\S]{1,4}\x01)/,
    'msgpack, as flax.serialization.to_bytes writes it',
    'in Python: p = flax.traverse_util.flatten_dict(flax.serialization.msgpack_restore(open(FILE, "rb").read()), sep="/"); np.savez("net.npz", **p)',
  ],
  [/^(?:%PDF-|\x89PNG|\xff\xd8\xff|GIF8)/, 'a document or a picture', 'give the numbers themselves: in Python np.save("y.npy", y)'],
  [
    /^(?:#.*\n|\s)*(?:import \w|from [\w.]+ import |def \w+\(|class \w+)/,
    'a program, which is never run',
    'save its numbers in it: np.save("y.npy", y)',
  ],
];

/** @throws RnnError E_FORMAT_UNKNOWN if the file is empty or known to hold no tensors */
export function refuseForeign(source: ByteSource): void {
  if (source.size === 0)
    throw new RnnError('format', 'E_FORMAT_UNKNOWN', 'the file is empty', { found: '0 bytes', fix: 'save or download it again' });
  const start = String.fromCharCode(...readUpTo(source, 0, 512));
  const found = KINDS.find(([begins]) => begins.test(start));
  if (found) throw new RnnError('format', 'E_FORMAT_UNKNOWN', `this is ${found[1]}`, { fix: found[2] });
}
