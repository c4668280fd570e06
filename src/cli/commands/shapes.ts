import { shownPath } from '../../escape.js';
import { shapesText } from '../../report/shapesReport.js';
import type { Network } from '../../run/network/network.js';
import { summaryModel } from '../../run/network/summaryModel.js';
import { runShapes } from '../../run/shapes.js';
import type { Output } from '../output.js';
import { networkRequest, type Values } from '../values.js';

/** `rnn-cli shapes`. @returns the exit code */
export async function shapes(values: Values, output: Output): Promise<number> {
  let network: Network | undefined;
  const result = await runShapes(networkRequest(values), described => {
    network = described;
  });
  const summary = values.summary
    ? (await import('../../report/summary.js')).summaryText(summaryModel(result, network!), {
        lineLength: values.width,
        columns: output.columns,
        showTrainable: values.showTrainable,
      })
    : undefined;
  if (values.html !== undefined) {
    const { savePage, shapesPage } = await import('../page.js');
    await savePage(`rnn-cli shapes: ${result.title}`, shapesPage(result, network!, output.command), values, output);
  }
  let saved: string[] = [];
  if (values.svg !== undefined) {
    const { networkSvg, savePicture } = await import('../picture.js');
    saved = await savePicture(networkSvg(result), values, output);
  }
  if (values.svg === '-' || values.html === '-') {
    output.assumed(result.assumptions);
    return 0;
  }
  if (values.json) output.json({ ...result, summary });
  else if (values.mermaid) output.text((await import('../picture.js')).mermaidText(result));
  else {
    output.text(summary ?? (await shapesText(result, output.layout)));
    for (const path of saved) output.text(`\n saved ${shownPath(path)}\n`);
  }
  output.assumed(result.assumptions);
  return 0;
}
