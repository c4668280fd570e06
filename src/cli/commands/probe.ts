import { probeText } from '../../report/explainReport.js';
import { encodeTensors, saveTensors } from '../../run/files/save.js';
import { runProbe } from '../../run/probe.js';
import type { Output } from '../output.js';
import { progressBar } from '../progress.js';
import { guarded } from '../signals.js';
import { given, networkRequest, type Values } from '../values.js';

/** `rnn-cli probe`. @returns the exit code */
export async function probe(values: Values, output: Output): Promise<number> {
  const draw = progressBar(output, 'sizes tried');
  const onProgress = (done: number, total: number) => draw({ done, total });
  const request = { ...networkRequest(values), ...given(values, ['seed', 'init', 'maxMemory']), onProgress };
  const result = await runProbe(request).finally(() => output.progress(''));
  output.notes(result.notes);
  const { out } = values;
  if (out === '-') {
    output.bytes(await encodeTensors('npy', new Map([['x', result.tensors.x]])));
    output.assumed(result.assumptions);
    return 0;
  }
  if (out !== undefined) {
    // a file contains only x, unless the format can hold several arrays by name
    const content = /\.(npz|json)$/i.test(out) ? result.tensors.all : new Map([['x', result.tensors.x]]);
    await guarded(() => saveTensors(out, content, { force: values.force }));
  }
  const { tensors: _, ...document } = result;
  if (values.json) output.json(document);
  else if (!values.quiet) output.text(probeText(result, output.layout, out));
  output.assumed(result.assumptions);
  return 0;
}
