import type { ConvertResult } from '../run/result.js';
import { labelledLines } from './labelledLines.js';
import type { Layout } from './table.js';

/** Text report of `rnn-cli convert`: what was written, and how much the outputs of both sides differ. */
export function convertText(result: ConvertResult, layout: Layout): string {
  const { from, to, check } = result;
  const lines: [string, string][] = [
    ['from', `${result.input}  (${sideText(from)})`],
    ['to', `${result.output}  (${sideText(to)}; ${result.tensors} tensors, ${result.bytes} B)`],
    ['sha256', result.sha256],
  ];
  if (check) {
    const { shape, identical, largest, seed, onnxruntime } = check;
    const found = identical ? 'bit for bit' : `largest difference ${largest.toExponential(2)}`;
    lines.push(['check', `the written file gives the same y (${shape.join('×')}), ${found}, on an input of seed ${seed}`]);
    if (onnxruntime !== null) lines.push(['', `ONNX Runtime too, largest difference ${onnxruntime.toExponential(2)}`]);
  }
  return labelledLines(lines, layout, 9);
}

/** 'keras, npz'; only one name if the format belongs to the framework. */
function sideText({ framework, format }: ConvertResult['from']): string {
  return framework === format ? format : `${framework}, ${format}`;
}
