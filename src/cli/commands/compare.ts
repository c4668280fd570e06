import { compareText } from '../../report/compareReport.js';
import { runCompare } from '../../run/compare.js';
import { type Output, valueOptions } from '../output.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

export async function compare(values: Values, output: Output): Promise<number> {
  const result = await runCompare({
    ...networkRequest(values),
    ...inputRequest(values),
    ...given(values, ['against', 'engines', 'atol', 'rtol', 'tol', 'explain', 'budget']),
  });
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (!values.quiet) output.text(await compareText(result, output.layout, valueOptions(values, output)));
  return result.exit;
}
