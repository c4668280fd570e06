import type { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { type CommandName, type Flag, type FlagValue, usualSpelling } from './flag.js';
import { valueSynonyms } from './synonyms.js';
import { withCorrection, wrongWord } from './valueErrors.js';

/** Checks a file name. Files that are read are recognised by content, files that are written by extension. */
export function parseFile(
  flag: Flag,
  word: string,
  { extensions, output, stdin }: Extract<FlagValue, { kind: 'file' }>,
  command: CommandName,
): string {
  const name = usualSpelling(flag);
  parseText(name, word, 'a file name');
  if (output && /^-[^.]/.test(word))
    throw wrongWord(name, word, 'a file name', `a name that begins with - is written ${name} ./${escapeText(word, 60)}`);
  if (!output || (stdin && word === '-') || extensions.some(extension => word.toLowerCase().endsWith(`.${extension}`))) return word;
  const [, ending = ''] = /\.(\w{1,11})$/.exec(word.toLowerCase()) ?? [];
  const usual = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : '';
  // x has three axes, which no table can hold
  const written = command === 'probe' ? 'npz' : extensions.includes(usual) ? usual : extensions[0];
  const meant = withExtension(word, written, flag.key === 'output' ? 'model' : 'y');
  const to = name.startsWith('-') ? [name, meant] : [meant];
  const expected = `a file name ending in ${extensions.map(extension => `.${extension}`).join(' ')}`;
  if (flag.key === 'output') throw wrongOutput(flag, word, wrongWord(name, word, expected, OUTPUT_ENDINGS), to);
  throw withCorrection(wrongWord(name, word, expected, `write ${to.join(' ')}`), flag, word, to);
}

const OUTPUT_ENDINGS =
  'the ending says what is written: .onnx for ONNX, .safetensors for PyTorch (a .pt is read, not written), .npz for Keras, .json for a spec';

/** The error for a file that `convert` cannot write; in `convert model.keras pytorch` the target stands in place of the file. */
function wrongOutput(flag: Flag, word: string, error: RnnError, to: readonly string[]): RnnError {
  const target = valueSynonyms().to[word.toLowerCase()] ?? word.toLowerCase();
  if (/\.(npy|csv|tsv|txt|jsonl|dat)$/i.test(word)) {
    error.fix = 'convert writes networks and weights; an array is written by forward -o, and in NumPy by np.save or np.savetxt';
    return error;
  }
  if (!['keras', 'torch', 'onnx'].includes(target)) return withCorrection(error, flag, word, to);
  const file = { keras: 'weights.npz', torch: 'model.safetensors', onnx: 'model.onnx' }[target]!;
  error.fix = `OUT is a file name: rnn-cli convert IN ${file} --to ${target}`;
  return withCorrection(error, flag, word, [file, '--to', target]);
}

/** The extension to use instead of one that is unknown or can only be read. */
const ENDINGS: Readonly<Record<string, string>> = {
  pt: 'safetensors',
  pth: 'safetensors',
  bin: 'safetensors',
  txt: 'csv',
  tsv: 'csv',
  dat: 'csv',
  pb: 'onnx',
  tflite: 'onnx',
};

/** Replaces the extension: 'y.txt' -> 'y.npy'. */
function withExtension(path: string, extension: string, stem: string): string {
  if (path.endsWith('/')) return `${escapeText(path, 60)}${stem}.${extension}`;
  return `${escapeText(path.replace(/(?<=[^/\\])\.\w{1,11}$/, ''), 60)}.${extension}`;
}

/** @throws RnnError E_WORD if the text is empty */
export function parseText(name: string, word: string, expected: string): string {
  if (word === '') throw wrongWord(name, word, expected, `write ${name} and ${expected}`);
  return word;
}
