import { RnnError } from '../errors.js';
import type { PageBundle } from './pageHtml.js';

declare const __PAGE__: string | undefined;

/** The page's code, built into this module, which is only loaded to write a page. @throws RnnError E_NOT_BUILT when run from source */
export function pageBundle(): PageBundle {
  if (typeof __PAGE__ === 'string') return JSON.parse(__PAGE__);
  throw new RnnError('unsupported', 'E_NOT_BUILT', 'the page is not built', { where: '--html', fix: 'npm run build' });
}
