import { conventionOf, detectConvention, isOptimizerState } from '../../conventions/index.js';
import { within } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { readNetworkFile } from './modelFile.js';

/** What a file contains: a description of a network (with or without weights), weights alone, or other arrays. */
export type FileRole = 'model' | 'weights' | 'arrays';

/**
 * @param described whether flags describe the network, so that arrays named after any layers count as weights
 * @throws RnnError as readModelFile
 */
export async function roleOfFile(path: string, described = false): Promise<FileRole> {
  const { spec, graph, problem, file } = await readNetworkFile(path);
  if (spec || graph || problem) return 'model';
  return conventionOf([...file.tensors.keys()], file.metadata, described) ? 'weights' : 'arrays';
}

/**
 * The number of arrays in a file of arrays. @throws RnnError E_NAMES: there are none, or they are weights of unknown layers, the state of
 * an optimizer, or the variables of a SavedModel
 */
export async function countArrays(path: string): Promise<number> {
  const { file } = await readNetworkFile(path);
  const names = [...file.tensors.keys()];
  if (names.length === 0 || names.some(name => WEIGHT.test(name)) || isOptimizerState(names) || file.metadata.has('savedmodel'))
    within(shownPath(path), () => detectConvention(names, file.metadata));
  return names.length;
}

/** Name of a weight of a framework's layer, or one such as W, Wf, U_i in a hand-written script. */
const WEIGHT = /[./](weight|kernel)$|^[WU](_?[a-z]{1,2})?$/;
