import { engineLine, forwardText } from '../../report/forwardReport.js';
import { writeAtomic } from '../../run/files/atomicWrite.js';
import { streamFormatOf } from '../../run/pieces.js';
import type { ForwardResult } from '../../run/result.js';
import { openForwardStream } from '../../run/stream.js';
import { type Output, valueOptions } from '../output.js';
import { progressBar } from '../progress.js';
import { guarded } from '../signals.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

/**
 * Runs forward from a large input to a file, a few samples at a time.
 * @returns false if that is not possible or not faster; nothing has been done then
 */
export async function forwardInPieces(values: Values, output: Output): Promise<boolean> {
  const out = values.out!;
  const format = streamFormatOf(out);
  if (format === undefined || showsMore(values)) return false;
  const toStdout = out.startsWith('-');
  const onProgress = progressBar(output, 'samples');
  const request = { ...networkRequest(values), ...inputRequest(values), ...given(values, ['chunk']), format, onProgress };
  const stream = await openForwardStream(request, !toStdout);
  if (!stream) return false;
  try {
    const result = toStdout
      ? await stream.run({ canRewind: false, write: data => output.piece(data), rewrite: async () => undefined })
      : await guarded(() => writeAtomic(out, sink => stream.run(sink), { force: values.force }));
    output.progress('');
    output.notes(result.notes);
    output.detail(`input ${result.inputSource}, weights ${result.weightsSource}`);
    output.detail(engineLine(result));
    if (!toStdout && !values.quiet) await print(result, values, output);
    output.assumed(result.assumptions);
    return true;
  } finally {
    output.progress('');
    await stream.close();
  }
}

/** Whether the output needs more than y in the file. */
function showsMore(values: Values): boolean {
  const { trace, step, unit, plot, svg, states, json, jsonl, full, style } = values;
  // a table in CSV is y
  return style === 'csv' || [trace, step, unit, plot, svg, states, json, jsonl, full].some(value => value !== undefined);
}

async function print(result: ForwardResult, values: Values, output: Output): Promise<void> {
  output.text(await forwardText(result, output.layout, { ...valueOptions(values, output), saved: [values.out!], withoutY: true }));
}
