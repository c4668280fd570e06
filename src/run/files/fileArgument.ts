import { conventionOf, detectConvention, isOptimizerState } from '../../conventions/index.js';
import { within } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { readNetworkFile } from './modelFile.js';

/** What a file is, by its content: a description of a network (with weights or without), weights alone, or arrays that are neither. */
export type FileRole = 'model' | 'weights' | 'arrays';

/**
 * @param described flags say the network, so that the names of any layers are weights
 * @throws RnnError as readModelFile
 */
export async function roleOfFile(path: string, described = false): Promise<FileRole> {
  const { spec, graph, problem, file } = await readNetworkFile(path);
  if (spec || graph || problem) return 'model';
  return conventionOf([...file.tensors.keys()], file.metadata, described) ? 'weights' : 'arrays';
}

/** How many arrays a file of them holds. @throws RnnError E_NAMES: none, or weights by their names, of layers that are not known; an optimizer's state; a SavedModel's variables */
export async function countArrays(path: string): Promise<number> {
  const { file } = await readNetworkFile(path);
  const names = [...file.tensors.keys()];
  if (names.length === 0 || names.some(name => WEIGHT.test(name)) || isOptimizerState(names) || file.metadata.has('savedmodel'))
    within(shownPath(path), () => detectConvention(names, file.metadata));
  return names.length;
}

/** A weight of a framework's layer, or the W, Wf, U_i of somebody's own script. */
const WEIGHT = /[./](weight|kernel)$|^[WU](_?[a-z]{1,2})?$/;
