import { saveText } from '../run/files/save.js';
import type { Output } from './output.js';
import { guarded } from './signals.js';
import type { Values } from './values.js';

/** All drawing modules, loaded only when needed. */
export { heatMapsText } from '../report/heatmap.js';
export { heatMapsSvg } from '../report/heatmapSvg.js';
export { mermaidText } from '../report/mermaid.js';
export { networkSvg } from '../report/networkSvg.js';
export { panelsOf } from '../report/panels.js';

/** Writes the picture of --svg FILE, or - for stdout. @returns the file, if any @throws RnnError E_EXISTS, E_WRITE */
export async function savePicture(svg: string, values: Values, output: Output): Promise<string[]> {
  if (values.svg === '-') {
    output.bytes(svg);
    return [];
  }
  await guarded(() => saveText(values.svg!, svg, { force: values.force }));
  return [values.svg!];
}
