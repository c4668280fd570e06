import { forwardDocument, forwardText, writeSamples } from '../../report/forwardReport.js';
import { runForward } from '../../run/forward.js';
import type { ForwardResult, TensorData } from '../../run/result.js';
import { encodeTensors, saveTensors } from '../../run/save.js';
import { type Output, valueOptions } from '../output.js';
import { guarded } from '../signals.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

export async function forward(values: Values, output: Output): Promise<number> {
  const result = await runForward({
    ...networkRequest(values),
    ...inputRequest(values),
    ...given(values, ['states']),
    trace: values.trace !== undefined,
  });
  const saved = await guarded(() => save(result, values));
  output.notes(result.notes);
  await print(result, values, output, saved);
  return 0;
}

async function print(result: ForwardResult, values: Values, output: Output, saved: readonly string[]): Promise<void> {
  if (values.out === '-') output.bytes(await encodeTensors('npy', new Map([['y', result.tensors.y]])));
  else if (values.json) output.json(forwardDocument(result));
  else if (values.jsonl) writeSamples(result, output.text);
  else if (values.out === undefined || !values.quiet) {
    const { y } = result.tensors;
    // what went into a file is not printed again
    const shown = typeof values.trace === 'string' ? { ...result, tensors: { y } } : result;
    output.text(
      await forwardText(shown, output.layout, {
        ...valueOptions(values, output),
        saved,
        withoutY: values.out !== undefined && !values.full,
      }),
    );
  }
}

/** @returns the files that were written */
async function save({ tensors }: ForwardResult, values: Values): Promise<string[]> {
  const inputs = [values.model, values.weights, values.input, values.lengths, values.mask, values.h0, values.c0].filter(
    path => path !== undefined,
  );
  const files: [string, ReadonlyMap<string, TensorData>][] = [];
  if (values.out !== undefined && values.out !== '-') files.push([values.out, new Map([['y', tensors.y]])]);
  if (typeof values.trace === 'string') files.push([values.trace, new Map([['y', tensors.y], ...(tensors.trace ?? [])])]);
  for (const [path, content] of files) await saveTensors(path, content, { force: values.force ?? false, inputs });
  return files.map(([path]) => path);
}
