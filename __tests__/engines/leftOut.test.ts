import { evaluateGraph } from '../../src/engines/graph/evaluate.js';
import { manualKernels } from '../../src/engines/manual.js';
import { newBuilder } from '../../src/formats/onnx/builder.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';

it('an output that a node leaves out is not what another node leaves out as its input', () => {
  const b = newBuilder(['x', 'y']);
  // the values of TopK are left out, its places are read; Clip has no lower bound
  const [, places] = b.addMany('TopK', ['x', b.integers([2])], 2);
  b.nodes.push({ ...b.nodes.pop()!, outputs: ['', places] });
  const most = b.constant('most', { shape: [], data: Float64Array.of(2) });
  const clipped = b.add('Clip', ['x', '', most]);
  b.add('Gather', [clipped, b.add('Squeeze', [places])]);
  b.nodes.push({ ...b.nodes.pop()!, outputs: ['y'] });
  const value = (name: string, shape: number[] | null) => ({ name, dtype: 'f32' as const, shape });
  const graph = { name: 'g', inputs: [value('x', [3])], outputs: [value('y', null)], nodes: b.nodes, initializers: b.initializers };
  const model = { irVersion: 8, opsets: new Map([['', 18]]), graph } as unknown as OnnxModel;
  const x = { kind: 'float' as const, shape: [3], data: Float64Array.of(-5, 7, 1) };
  expect([...evaluateGraph(model, new Map([['x', x]]), manualKernels('f64')).get('y')!.data]).toEqual([2, 1]);
});
