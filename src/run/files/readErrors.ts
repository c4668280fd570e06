import { readdirSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { type Correction, RnnError } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { formatOfName } from '../../formats/index.js';
import { nearest } from '../../registry.js';

/** Explains why a file cannot be read, and which one was probably meant. */

/** Turns a system error into an RnnError (io) that says what to do; returns other errors unchanged. */
export function readError(path: string, error: unknown): unknown {
  if (error instanceof RnnError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const where = shownPath(path);
  const invalidUtf8 = path.includes('\ufffd') ? { fix: 'the file name is not valid UTF-8; use - and redirect: rnn-cli … - < file' } : {};
  if (code === 'ENOENT') return new RnnError('io', 'E_NOT_FOUND', 'no such file', { where, ...nearestFile(path), ...invalidUtf8 });
  if (code === 'EACCES' || code === 'EPERM') return new RnnError('io', 'E_ACCESS', 'permission denied', { where });
  if (code === 'EMFILE' || code === 'ENFILE') return new RnnError('io', 'E_READ', 'too many files are open', { where });
  if (code === 'EIO') return new RnnError('io', 'E_READ', 'the device failed', { where });
  if (code === 'ELOOP') return new RnnError('io', 'E_READ', 'the path is a loop of symbolic links', { where });
  return new RnnError('io', 'E_READ', `cannot be read (${code})`, { where });
}

/** Suggests the file in that folder with the nearest name, or else lists what the folder has. */
function nearestFile(path: string): { fix?: string; correction?: Correction } {
  const [, drive, rest] = (process.platform !== 'win32' && /^([A-Za-z]):[\\/](.*)$/s.exec(path)) || [];
  if (drive) return { fix: `a path of Windows; in WSL: ${shownPath(`/mnt/${drive.toLowerCase()}/${rest.replaceAll('\\', '/')}`)}` };
  const [, given] = /^[\w./-]+=(.+)$/s.exec(path) ?? [];
  if (given) return { fix: `NAME= is for networks of several inputs: -i ${shownPath(given)}` };
  if (/^https?:/i.test(path)) return { fix: `only files are read: curl -LO ${shownPath(path)}` };
  if (/^[[\]\d\s.,;eE+-]+$/.test(path) && /\d[\s,;\]]/.test(path))
    return { fix: `numbers come from a file or through a pipe: echo '${shownPath(path)}' | rnn-cli … -i -` };
  try {
    const folder = readdirSync(dirname(path)).slice(0, 10_000);
    const near = nearestName(basename(path), folder);
    if (near === undefined) return { fix: filesText(path, folder) };
    const meant = path.slice(0, path.length - basename(path).length) + near;
    return { fix: `did you mean ${shownPath(meant)}?`, correction: { word: path, to: [meant] } };
  } catch {
    return { fix: `there is no folder ${shownPath(dirname(path))}` };
  }
}

/** Compares names without the extension if other files have the same one: `a.npy` is not `x.npy`. */
function nearestName(typed: string, folder: readonly string[]): string | undefined {
  const readable = folder.filter(name => extname(name) === '' || isReadable(name));
  const ending = extname(typed);
  if (!isReadable(typed)) return nearest(typed, readable);
  const stems = readable.filter(name => extname(name) === ending).map(name => basename(name, ending));
  const stem = nearest(basename(typed, ending), stems);
  return stem === undefined ? readable.find(name => name.toLowerCase() === typed.toLowerCase()) : `${stem}${ending}`;
}

/** 'the folder has x.npy, y.npy': files with the requested extension, or else with any extension that can be read. */
function filesText(path: string, folder: readonly string[]): string {
  const ending = extname(path).toLowerCase();
  const where = dirname(path) === '.' ? 'this folder' : shownPath(dirname(path));
  const known = folder.filter(isReadable).sort();
  const same = known.filter(name => extname(name).toLowerCase() === ending);
  const isModel = (name: string): boolean => /\.(keras|h5|hdf5|onnx|pt|pth|pt2|safetensors)$/i.test(name);
  const alike = same.length > 0 || !isModel(path) ? same : known.filter(isModel);
  const shown = alike.length > 0 ? alike : known;
  if (shown.length === 0) return `check the path: ${where} has no file of a network or of numbers`;
  return `check the path: ${where} has ${shown
    .slice(0, 5)
    .map(name => shownPath(name, 60))
    .join(', ')}${shown.length > 5 ? ' …' : ''}`;
}

/** Whether the extension is that of a format, or of a text file. */
function isReadable(name: string): boolean {
  return formatOfName(name) !== undefined || /\.txt$/i.test(name);
}

/** @returns E_FILE_SIZE (limit) */
export function tooLarge(path: string, size: string, limit: number): RnnError {
  return new RnnError('limit', 'E_FILE_SIZE', `has ${size}; the limit is ${limit}`, {
    where: shownPath(path),
    expected: `at most ${limit} bytes`,
    found: size,
    fix: 'raise it with --max-file if the machine has room',
    limit: { flag: '--max-file', value: limit },
  });
}
