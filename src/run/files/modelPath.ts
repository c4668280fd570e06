import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where to read a model of several files, which users name by its folder or by the common start of the files' names. */
export interface ModelPath {
  /** the file to read first */
  readonly path: string;
  /** Keras' description of a SavedModel, which has a file of its own */
  readonly kerasMetadata?: string;
  /** whether this is a SavedModel without one: its network is a TensorFlow graph, which is not read */
  readonly graphAlone?: true;
}

/**
 * Replaces a folder by the file in it to read first: `variables/variables.index` of a SavedModel, `model.json` of tfjs, the single `.index`
 * of a checkpoint; `saved_model.pb` stands for its folder. `NAME` and `NAME.data-00000-of-00001` of a checkpoint become `NAME.index`. Any
 * other path is returned unchanged, and reading it reports what is wrong.
 */
export function modelPath(path: string): ModelPath {
  if (path === '-') return { path };
  const [, base] = /^(.*)\.data-\d{5}-of-\d{5}$/.exec(path) ?? [];
  if (base !== undefined && kindOf(`${base}.index`) === 'file') return { path: `${base}.index` };
  if (basename(path) === SAVED_GRAPH && kindOf(variablesOf(dirname(path))) === 'file') return inFolder(dirname(path));
  const kind = kindOf(path);
  if (kind === 'nothing' && kindOf(`${path}.index`) === 'file') return { path: `${path}.index` };
  return kind === 'folder' ? inFolder(path) : { path };
}

const SAVED_GRAPH = 'saved_model.pb';
const variablesOf = (folder: string) => join(folder, 'variables', 'variables.index');

function inFolder(folder: string): ModelPath {
  const variables = variablesOf(folder);
  if (kindOf(variables) === 'file') {
    const kerasMetadata = join(folder, 'keras_metadata.pb');
    if (kindOf(kerasMetadata) === 'file') return { path: variables, kerasMetadata };
    return { path: variables, ...(kindOf(join(folder, SAVED_GRAPH)) === 'file' ? { graphAlone: true } : {}) };
  }
  if (kindOf(join(folder, 'model.json')) === 'file') return { path: join(folder, 'model.json') };
  const indexes = (tried(() => readdirSync(folder)) ?? []).filter(name => name.endsWith('.index'));
  return { path: indexes.length === 1 ? join(folder, indexes[0]) : folder };
}

function kindOf(path: string): 'file' | 'folder' | 'nothing' {
  const status = tried(() => statSync(path));
  return status === undefined ? 'nothing' : status.isDirectory() ? 'folder' : 'file';
}

function tried<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
