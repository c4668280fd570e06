import { RnnError } from '../../errors.js';
import type { Network } from '../network/network.js';
import type { ShapesResult } from '../result.js';
import { VERSION } from '../version.js';
import type { ShapesPage } from './pageData.js';

/** What the page of `shapes --html` is given. @throws RnnError E_PAGE_GRAPH (unsupported) */
export function shapesPage(result: ShapesResult, { model, framework }: Network, command: string): ShapesPage {
  if (model.layers.length === 0)
    throw new RnnError('unsupported', 'E_PAGE_GRAPH', 'a page shows layers, and this graph is no chain of layers', { where: '--html' });
  return { kind: 'shapes', version: VERSION, command, result, spec: model, framework };
}
