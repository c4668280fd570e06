import { explainText } from '../../report/explainReport.js';
import { runExplain } from '../../run/explain.js';
import type { Output } from '../output.js';
import type { Values } from '../values.js';

/** `rnn-cli explain`. @returns the exit code */
export async function explain(values: Values, output: Output): Promise<number> {
  const result = await runExplain({ topic: values.topic });
  if (values.json) output.json(result);
  else output.text(explainText(result, output.layout));
  return 0;
}
