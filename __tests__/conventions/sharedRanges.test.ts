import { sharedRanges } from '../../src/conventions/onnx/sharedRanges.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';

function modelOf(opType: string, domain: string): OnnxModel {
  const node = { name: '', opType, domain, inputs: ['x'], outputs: ['y'], attributes: new Map() };
  const graph = { name: 'g', inputs: [], outputs: [], initializers: new Map(), nodes: [node] };
  return { irVersion: 8, producerName: '', producerVersion: '', opsets: new Map(), graph };
}

it("an LSTM of 8 bits has ONNX Runtime's numbers for one sample to each thread, and that is said", () => {
  const [said, ...more] = sharedRanges(modelOf('DynamicQuantizeLSTM', 'com.microsoft'));
  expect(more).toEqual([]);
  expect(said).toMatchObject({ fact: 'precision', value: 'a range for each sample', say: null });
  expect(said.what).toContain('the samples of one thread share it');
});

it('an LSTM of 32 bits has no range', () => {
  expect(sharedRanges(modelOf('LSTM', ''))).toEqual([]);
});
