import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RnnError } from '../../src/errors.js';
import { readBytes } from '../../src/run/files/files.js';
import { temporaryFolder } from '../helpers/files.js';

/** What is said of a file that is not there: the one that was probably meant, or what there is. */
const { path } = temporaryFolder();
const home = process.cwd();
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  arrays: ['x.npy', 'yhat.npy', 'data.csv', 'notes.md', 'model.keras', 'LICENSE'],
  many: ['a.npz', 'b.npz', 'c.npz', 'd.npz', 'e.npz', 'f.npz', 'net.onnx', 'net.pt'],
  five: ['a.npz', 'b.npz', 'c.npz', 'd.npz', 'e.npz'],
  words: ['readme.md', 'setup.py'],
  plain: ['weights', 'Weights.H5'],
  empty: [],
};

beforeAll(() => {
  for (const [folder, names] of Object.entries(FOLDERS)) {
    mkdirSync(path(folder), { recursive: true });
    for (const name of names) writeFileSync(join(path(folder), name), '');
  }
});
afterEach(() => process.chdir(home));

async function said(folder: string, typed: string): Promise<string> {
  process.chdir(path(folder));
  const { exit, code, fix, correction } = (await readBytes(typed).catch(e => e)) as RnnError;
  const meant = correction === undefined ? '' : ` → ${'to' in correction ? correction.to : correction.line}`;
  return [`${exit} ${code}`, fix].filter(Boolean).join(': ') + meant;
}

it.each<[folder: string, typed: string, answer: string]>([
  ['arrays', 'yat.npy', '4 E_NOT_FOUND: did you mean yhat.npy? → yhat.npy'],
  ['arrays', './yat.npy', '4 E_NOT_FOUND: did you mean ./yhat.npy? → ./yhat.npy'],
  ['empty', '../arrays/yat.npy', '4 E_NOT_FOUND: did you mean ../arrays/yhat.npy? → ../arrays/yhat.npy'],
  ['arrays', 'X.NPY', '4 E_NOT_FOUND: did you mean x.npy? → x.npy'],
  ['arrays', 'a.npy', '4 E_NOT_FOUND: check the path: this folder has x.npy, yhat.npy'],
  ['arrays', 'dta.csv', '4 E_NOT_FOUND: did you mean data.csv? → data.csv'],
  ['arrays', 'modl.keras', '4 E_NOT_FOUND: did you mean model.keras? → model.keras'],
  ['arrays', 'modl.h5', '4 E_NOT_FOUND: check the path: this folder has model.keras'],
  ['arrays', 'net.onnx', '4 E_NOT_FOUND: check the path: this folder has model.keras'],
  ['arrays', 'unknown.jsonl', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['arrays', 'unknown', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['arrays', 'LICENCE', '4 E_NOT_FOUND: did you mean LICENSE? → LICENSE'],
  ['arrays', 'note.md', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['plain', 'weigths', '4 E_NOT_FOUND: did you mean weights? → weights'],
  ['plain', 'weights.h5', '4 E_NOT_FOUND: did you mean Weights.H5? → Weights.H5'],
  ['many', 'w.npz', '4 E_NOT_FOUND: check the path: this folder has a.npz, b.npz, c.npz, d.npz, e.npz …'],
  ['five', 'w.npz', '4 E_NOT_FOUND: check the path: this folder has a.npz, b.npz, c.npz, d.npz, e.npz'],
  ['many', 'other.safetensors', '4 E_NOT_FOUND: check the path: this folder has net.onnx, net.pt'],
  ['empty', '../many/other.hdf5', '4 E_NOT_FOUND: check the path: ../many has net.onnx, net.pt'],
  ['words', 'x.npy', '4 E_NOT_FOUND: check the path: this folder has no file of a network or of numbers'],
  ['empty', 'x.npy', '4 E_NOT_FOUND: check the path: this folder has no file of a network or of numbers'],
  ['empty', 'gone/x.npy', '4 E_NOT_FOUND: there is no folder gone'],
  ['empty', 'a/b/c.npy', '4 E_NOT_FOUND: there is no folder a/b'],
  ['arrays', 'input=x.npy', '4 E_NOT_FOUND: NAME= is for networks of several inputs: -i x.npy'],
  ['arrays', 'enc/in-1.a=y.npy', '4 E_NOT_FOUND: NAME= is for networks of several inputs: -i y.npy'],
  ['arrays', 'a b=x.npy', '4 E_NOT_FOUND: check the path: this folder has x.npy, yhat.npy'],
  ['arrays', 'a=', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['arrays', 'https://example.org/x.npy', '4 E_NOT_FOUND: only files are read: curl -LO https://example.org/x.npy'],
  ['arrays', 'HTTP://example.org/x.npy', '4 E_NOT_FOUND: only files are read: curl -LO HTTP://example.org/x.npy'],
  ['arrays', '1,2,3', "4 E_NOT_FOUND: numbers come from a file or through a pipe: echo '1,2,3' | rnn-cli … -i -"],
  ['arrays', '[1, -2.5e3]', "4 E_NOT_FOUND: numbers come from a file or through a pipe: echo '[1, -2.5e3]' | rnn-cli … -i -"],
  ['arrays', '[[1], [2]]', "4 E_NOT_FOUND: numbers come from a file or through a pipe: echo '[[1], [2]]' | rnn-cli … -i -"],
  ['arrays', '5', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['arrays', '1,2x', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['arrays', 'v1,2', '4 E_NOT_FOUND: check the path: this folder has data.csv, model.keras, x.npy, yhat.npy'],
  ['arrays', 'C:\\data\\x.npy', '4 E_NOT_FOUND: a path of Windows; in WSL: /mnt/c/data/x.npy'],
  ['arrays', 'd:/a/b.npy', '4 E_NOT_FOUND: a path of Windows; in WSL: /mnt/d/a/b.npy'],
  ['arrays', 'cd:/b.npy', '4 E_NOT_FOUND: there is no folder cd:'],
  ['arrays', 'bad\ufffd.npy', '4 E_NOT_FOUND: the file name is not valid UTF-8; use - and redirect: rnn-cli … - < file'],
  ['arrays', '.', '4 E_IS_DIRECTORY: give a file in it; the only directory that can be read is a SavedModel'],
])('in %s, %s: %s', async (folder, typed, answer) => {
  if (process.platform === 'win32') return;
  expect(await said(folder, typed)).toBe(answer);
}); // biome-ignore format: a table
