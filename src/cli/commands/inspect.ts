import { inspectText } from '../../report/inspectReport.js';
import { runInspect } from '../../run/inspect.js';
import type { Output } from '../output.js';
import { given, type Values } from '../values.js';

export async function inspect(values: Values, output: Output): Promise<number> {
  const hints = given(values, ['task', 'pool', 'activation', 'recurrentActivation', 'framework', 'weights']);
  const result = await runInspect({ ...hints, file: values.file!, sha256: values.sha256, expectSha256: values.expectSha256 });
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (values.sha256) output.text(`${result.sha256}  ${result.file}\n`);
  else output.text(await inspectText(result, output.layout));
  output.assumed(result.assumptions);
  return 0;
}
