import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { compareModelsText } from '../../report/compareModelsReport.js';
import { compareText } from '../../report/compareReport.js';
import { runCompare } from '../../run/compare.js';
import { runCompareModels } from '../../run/compareModels.js';
import { type Output, valueOptions } from '../output.js';
import { progressBar } from '../progress.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

export async function compare(values: Values, output: Output): Promise<number> {
  if (values.first !== undefined) return compareFiles(values, output);
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

/** `compare A B`: two models in files, or with one word an error that names the other way. */
async function compareFiles(values: Values, output: Output): Promise<number> {
  const { first = '', second } = values;
  if (second === undefined) {
    throw new RnnError('usage', 'E_EXCESS', `compare takes two model files, found one: '${escapeText(first, 60)}'`, {
      found: escapeText(first, 60),
      fix: 'rnn-cli compare A.safetensors B.keras; an output to judge goes behind --against',
    });
  }
  const result = await runCompareModels({ ...networkRequest(values), ...given(values, ['seed']), files: [first, second] });
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (!values.quiet) output.text(await compareModelsText(result, output.layout));
  output.assumed(result.assumptions);
  return result.exit;
}
