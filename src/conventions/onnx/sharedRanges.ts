import { graphsIn, type OnnxModel } from '../../formats/onnx/graph.js';
import type { Assumption } from '../../model/assumptions.js';

/** The assumption about ONNX Runtime's 8-bit LSTM: it divides the samples among threads, and samples of one thread share the range of h (seen in 1.30). */
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
