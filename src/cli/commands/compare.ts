import { compareModelsText } from '../../report/compareModelsReport.js';
import { compareText } from '../../report/compareReport.js';
import { runCompare } from '../../run/compare.js';
import { runCompareModels } from '../../run/compareModels.js';
import { type Output, valueOptions } from '../output.js';
import { progressBar } from '../progress.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

export async function compare(values: Values, output: Output): Promise<number> {
  const { first, second } = values;
  if (first !== undefined && second !== undefined) return compareFiles(values, [first, second], output);
  const draw = progressBar(output, 'mistakes tried');
  const request = {
    ...networkRequest(values),
    ...inputRequest(values),
    ...given(values, ['against', 'engines', 'atol', 'rtol', 'tol', 'explain', 'budget', 'states']),
  };
  const onProgress = (done: number, total: number) => draw({ done, total });
  const result = await runCompare(request, { onProgress }).finally(() => output.progress(''));
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (!values.quiet) output.text(await compareText(result, output.layout, valueOptions(values, output)));
  output.assumed(result.assumptions);
  return result.exit;
}

/** `compare A B`: two models in files. */
async function compareFiles(values: Values, files: readonly [string, string], output: Output): Promise<number> {
  const result = await runCompareModels({ ...networkRequest(values), ...given(values, ['seed']), files });
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (!values.quiet) output.text(await compareModelsText(result, output.layout));
  output.assumed(result.assumptions);
  return result.exit;
}
