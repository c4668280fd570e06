import { inspectText } from '../../report/inspectReport.js';
import { type Inspected, runInspect } from '../../run/inspect.js';
import type { Output } from '../output.js';
import { given, type Values } from '../values.js';

/** `rnn-cli inspect`. @returns the exit code */
export async function inspect(values: Values, output: Output): Promise<number> {
  const hints = given(values, ['T', 'D', 'layers', 'task', 'pool', 'activation', 'recurrentActivation', 'framework', 'weights']);
  let inspected: Inspected | undefined;
  const request = { ...hints, file: values.file!, sha256: values.sha256, expectSha256: values.expectSha256 };
  const result = await runInspect(request, found => {
    inspected = found;
  });
  if (values.html !== undefined) {
    const { inspectPage, savePage } = await import('../page.js');
    await savePage(`rnn-cli inspect: ${result.file}`, inspectPage(result, inspected!, output.command), values, output);
  }
  const aside = values.style === 'csv' && result.reason !== null ? [`not run: ${result.reason}`] : [];
  output.notes([...result.notes, ...aside]);
  if (values.json) output.json(result);
  else if (values.sha256) output.text(`${result.sha256}  ${result.file}\n`);
  else if (values.html !== '-') output.text(await inspectText(result, output.layout));
  // a digest does not depend on what is assumed about the network
  if (values.json || !values.sha256) output.assumed(result.assumptions);
  return 0;
}
