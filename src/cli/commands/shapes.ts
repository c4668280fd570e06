import { mermaidText } from '../../report/mermaid.js';
import { networkSvg } from '../../report/networkSvg.js';
import { shapesText } from '../../report/shapesReport.js';
import { kerasSummary } from '../../report/shapesSummary.js';
import { runShapes } from '../../run/shapes.js';
import type { Output } from '../output.js';
import { savePicture } from '../picture.js';
import { networkRequest, type Values } from '../values.js';

export async function shapes(values: Values, output: Output): Promise<number> {
  const result = await runShapes(networkRequest(values));
  const summary = values.summary
    ? kerasSummary(result, { lineLength: values.width, columns: output.columns, showTrainable: values.showTrainable })
    : undefined;
  if (values.svg !== undefined) await savePicture(networkSvg(result), values, output);
  if (values.svg === '-') return 0;
  if (values.json) output.json({ ...result, summary });
  else if (values.mermaid) output.text(mermaidText(result));
  else output.text(summary ?? (await shapesText(result, output.layout)));
  return 0;
}
