import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a model of several files is: what people name is its folder, or the start of its files' names. */
export interface ModelPath {
  /** the file to read first */
  readonly path: string;
  /** Keras' description of a SavedModel, in a file of its own */
  readonly kerasMetadata?: string;
}

/**
 * A folder becomes the file in it that a model begins with: `variables/variables.index` of a SavedModel, `model.json` of tfjs, the one `.index` of a
 * checkpoint. `NAME` and `NAME.data-00000-of-00001` of a checkpoint become `NAME.index`. Anything else is left to the reader, and to its error.
 */
export async function modelPath(path: string): Promise<ModelPath> {
  if (path === '-') return { path };
  const [, base] = /^(.*)\.data-\d{5}-of-\d{5}$/.exec(path) ?? [];
  if (base !== undefined && (await kindOf(`${base}.index`)) === 'file') return { path: `${base}.index` };
  const kind = await kindOf(path);
  if (kind === 'nothing' && (await kindOf(`${path}.index`)) === 'file') return { path: `${path}.index` };
  return kind === 'folder' ? inFolder(path) : { path };
}

async function inFolder(folder: string): Promise<ModelPath> {
  const variables = join(folder, 'variables', 'variables.index');
  if ((await kindOf(variables)) === 'file') {
    const kerasMetadata = join(folder, 'keras_metadata.pb');
    return { path: variables, ...((await kindOf(kerasMetadata)) === 'file' ? { kerasMetadata } : {}) };
  }
  if ((await kindOf(join(folder, 'model.json'))) === 'file') return { path: join(folder, 'model.json') };
  const indexes = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.index'));
  return { path: indexes.length === 1 ? join(folder, indexes[0]) : folder };
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  const status = await stat(path).catch(() => undefined);
  return status === undefined ? 'nothing' : status.isDirectory() ? 'folder' : 'file';
}
