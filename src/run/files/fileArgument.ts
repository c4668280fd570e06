import { CONVENTIONS, detectConvention } from '../../conventions/index.js';
import { fixForTextbookNames } from '../../conventions/textbookNames.js';
import { within } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { readModelFile, readNetworkFile } from './modelFile.js';

/** What a file is, by its content: a description of a network (with weights or without), weights alone, or arrays that are neither. */
export type FileRole = 'model' | 'weights' | 'arrays';

/** @throws RnnError as readModelFile */
export async function roleOfFile(path: string): Promise<FileRole> {
  const { spec, graph, problem, file } = await readNetworkFile(path);
  if (spec || graph || problem) return 'model';
  const names = [...file.tensors.keys()];
  if (CONVENTIONS.some(convention => convention.detect(names, file.metadata))) return 'weights';
  return 'arrays';
}

/**
 * Refuses tensors that are weights by their names, of layers that are not known, and a file without any.
 * @returns how many arrays the file holds
 * @throws RnnError E_NAMES
 */
export async function checkNoWeights(path: string): Promise<number> {
  const { file } = await readModelFile(path);
  const names = [...file.tensors.keys()];
  if (names.length === 0 || fixForTextbookNames(names) || names.some(name => /[./](weight|kernel)$/.test(name)))
    within(shownPath(path), () => detectConvention(names, file.metadata));
  return names.length;
}
