import { graphsIn, type OnnxModel } from '../../formats/onnx/graph.js';
import type { Assumption } from '../../model/assumptions.js';

/** ONNX Runtime's LSTM of 8 bits divides the samples among its threads, and those of one thread share the range of their h (seen with 1.30). */
export function sharedRanges({ graph }: OnnxModel): Assumption[] {
  const found = graphsIn(graph).some(g => g.nodes.some(({ opType }) => opType === 'DynamicQuantizeLSTM'));
  if (!found) return [];
  return [
    {
      fact: 'precision',
      what: 'the 8 bits of h have a range of their own for each sample; in ONNX Runtime the samples of one thread share it, which moves y by a step of these 8 bits',
      value: 'a range for each sample',
      why: 'the graph does not say; ONNX Runtime run with one sample at a time, or a thread for each, does the same',
      say: null,
    },
  ];
}
