import { convertText } from '../../report/convertReport.js';
import { runConvert } from '../../run/convert.js';
import type { Output } from '../output.js';
import { progressBar } from '../progress.js';
import { guarded } from '../signals.js';
import { given, type Values } from '../values.js';

/** `rnn-cli convert`. @returns the exit code */
export async function convert(values: Values, output: Output): Promise<number> {
  const hints = given(values, ['T', 'D', 'layers', 'task', 'pool', 'activation', 'recurrentActivation', 'framework', 'weights']);
  const { file, output: target, to, force } = values;
  const draw = progressBar(output, 'steps');
  const onProgress = (done: number, total: number) => draw({ done, total });
  const result = await guarded(() => runConvert({ ...hints, file: file!, output: target!, to, force, onProgress })).finally(() =>
    output.progress(''),
  );
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (!values.quiet) output.text(convertText(result, output.layout));
  output.assumed(result.assumptions);
  return 0;
}
