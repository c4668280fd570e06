import type { Network } from '../network/network.js';
import type { ShapesResult } from '../result.js';
import { VERSION } from '../version.js';
import type { ShapesPage } from './pageData.js';
import { noPageOfGraph } from './pageNetwork.js';

/** The data of the page of `shapes --html`. @throws RnnError E_PAGE_GRAPH (unsupported) */
export function shapesPage(result: ShapesResult, { model, framework }: Network, command: string): ShapesPage {
  if (model.layers.length === 0) throw noPageOfGraph();
  return { kind: 'shapes', version: VERSION, command, result, spec: model, framework };
}
