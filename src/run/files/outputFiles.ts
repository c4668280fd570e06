import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RnnError } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { checkTarget, writeError } from './atomicWrite.js';
import { realpath, stat } from './disk.js';

/** A file that a command will write: '--out', 'y.npz'. */
export interface OutputFile {
  readonly flag: string;
  readonly path: string;
}

/**
 * Checks that all output files of a command may be written, before anything is computed.
 * @param inputs files that are read, as given on the command line: 'x.npz:key' and 'name=x.npy' also name a file
 * @throws RnnError E_CONFLICT (usage) if two are the same file by any path, link or spelling; E_SAME_FILE if one is an input; E_EXISTS
 * without `force`, E_IS_DIRECTORY, E_WRITE (io)
 */
export async function checkOutputFiles(outputs: readonly OutputFile[], inputs: readonly string[], force: boolean): Promise<void> {
  const found = await Promise.all(outputs.map(async output => ({ ...output, ...(await identityOf(output.path)) })));
  found.forEach((b, i) => {
    const a = found.slice(0, i).find(({ names }) => names.some(name => b.names.includes(name)));
    if (a) throw oneFile(a, b);
  });
  const read = new Set((await Promise.all(inputs.flatMap(pathsOf).map(namesOfOld))).flat());
  for (const { path, names, old } of found) {
    if (!old) continue;
    if (old.isFile() && names.some(name => read.has(name)))
      throw new RnnError('io', 'E_SAME_FILE', 'the output is the input', { where: shownPath(path), fix: 'write to another file' });
    checkTarget(path, old, force);
  }
}

/** What identifies a file: its inode if it exists, and its place, ignoring case as many systems do. */
async function identityOf(path: string): Promise<{ readonly names: readonly string[]; readonly old?: Stats }> {
  const old = await stat(path).catch(() => undefined);
  if (old?.isCharacterDevice()) return { names: [], old };
  const place = old ? await realpath(path) : join(await folderOf(path), basename(path));
  const names = [place.normalize('NFC').toLowerCase()];
  if (old && old.ino !== 0) names.push(`inode ${old.dev}:${old.ino}`);
  return { names, old };
}

async function namesOfOld(path: string): Promise<readonly string[]> {
  return (await stat(path).catch(() => undefined)) ? (await identityOf(path)).names : [];
}

async function folderOf(path: string): Promise<string> {
  try {
    return await realpath(dirname(path));
  } catch (error) {
    throw writeError(path, error);
  }
}

function pathsOf(input: string): string[] {
  return [input, ...input.split(',')]
    .flatMap(word => [word, word.replace(/^[^=]*=/, '')])
    .flatMap(word => [word, word.replace(/:[^:/\\]+$/, '')]);
}

function oneFile(a: OutputFile, b: OutputFile): RnnError {
  const [first, second] = [a, b].map(({ path }) => shownPath(path));
  const how = a.path === b.path ? '' : ` (${first} is ${second})`;
  return new RnnError('usage', 'E_CONFLICT', `${a.flag} and ${b.flag} write the same file${how}`, {
    expected: 'a file for each',
    found: first === second ? first : `${first}, ${second}`,
    fix: `give ${b.flag} another file name`,
  });
}
