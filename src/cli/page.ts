import { pageBundle } from '../report/pageBundle.js';
import { pageHtml } from '../report/pageHtml.js';
import { saveText } from '../run/files/save.js';
import type { PageData } from '../run/page/pageData.js';
import type { Output } from './output.js';
import { guarded } from './signals.js';
import type { Values } from './values.js';

/** The modules of the interactive --html page, loaded only when needed. */
export { comparePage, noPageOfFiles } from '../run/page/pageCompare.js';
export { forwardPage } from '../run/page/pageForward.js';
export { inspectPage } from '../run/page/pageInspect.js';
export { shapesPage } from '../run/page/pageShapes.js';

/** Writes the page of --html FILE, or - for stdout. @throws RnnError E_EXISTS, E_WRITE */
export async function savePage(title: string, data: PageData, values: Values, output: Output): Promise<void> {
  const html = pageHtml(title, data, pageBundle());
  if (values.html === '-') {
    output.bytes(html);
    return;
  }
  await guarded(() => saveText(values.html!, html, { force: values.force }));
  output.notes([`saved ${values.html}`]);
}
