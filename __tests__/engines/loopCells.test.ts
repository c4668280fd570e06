import { join } from 'node:path';
import { evaluateGraph } from '../../src/engines/graph/evaluate.js';
import { withCells } from '../../src/engines/graph/loops/index.js';
import { manualKernels } from '../../src/engines/manual.js';
import { RnnError } from '../../src/errors.js';
import type { OnnxAttribute, OnnxModel, OnnxNode } from '../../src/formats/onnx/graph.js';
import type { fromOnnx } from '../../src/ops/value.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { referencePath } from '../helpers/reference.js';

/** Loops whose bodies are cells, with the operators they stand for. ONNX Runtime's y of each is checked in wiredGraphs.test.ts. */
const LOOPS = {
  loop_lstm_one_kernel: ['LSTM'],
  loop_gru: ['GRU'],
  loop_rnn: ['RNN'],
  scan_gru_one_kernel: ['GRU'],
  scan_lstm: ['LSTM'],
  loops_lstm_gru: ['LSTM', 'GRU'],
} as const;

const recurrent = ({ graph }: OnnxModel) => graph.nodes.map(n => n.opType).filter(op => /^(RNN|LSTM|GRU|Loop|Scan)$/.test(op));

async function modelAndX(name: string): Promise<{ model: OnnxModel; x: Map<string, ReturnType<typeof fromOnnx>> }> {
  const path = referencePath(join('onnx_wired', name));
  const model = (await readTensorFile(`${path}.onnx`)).architecture as OnnxModel;
  const { tensors } = await readTensorFile(`${path}.x.npz`);
  return {
    model,
    x: new Map([...tensors].map(([key, t]) => [key, { kind: 'float' as const, shape: t.shape, data: Float32Array.from(t.data) }])),
  };
}

it.each(Object.entries(LOOPS))('%s is shown as %s', async (name, operators) => {
  const { model } = await modelAndX(name);
  expect(recurrent(withCells(model))).toEqual(operators);
});

/** An operator that takes and gives as many values as another. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  Add: ['Sub', 'Mul', 'Max'],
  Mul: ['Add', 'Sub'],
  Sub: ['Add', 'Mul'],
  Sigmoid: ['Tanh', 'Relu', 'Neg'],
  Tanh: ['Sigmoid', 'Neg'],
  Relu: ['Tanh', 'Abs'],
  Softsign: ['Sigmoid', 'Exp'],
  Less: ['LessOrEqual', 'Greater'],
};

/** The model with another node in the body of one of its loops. */
function changed(model: OnnxModel, loop: OnnxNode, at: number, change: (node: OnnxNode) => OnnxNode): OnnxModel {
  const body = loop.attributes.get('body') as OnnxAttribute & { type: 'graph' };
  const value = { ...body.value, nodes: body.value.nodes.map((node, i) => (i === at ? change(node) : node)) };
  const other = { ...loop, attributes: new Map([...loop.attributes, ['body', { ...body, value }]]) };
  return { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map(node => (node === loop ? other : node)) } };
}

function outcome(model: OnnxModel, x: Map<string, ReturnType<typeof fromOnnx>>): readonly number[] | string {
  try {
    const [[, y]] = evaluateGraph(model, x, manualKernels('f64'));
    return Array.from(y.data);
  } catch (error) {
    if (error instanceof RnnError) return error.code;
    throw error;
  }
}

it.each(Object.keys(LOOPS))('%s with any other body gives what its loop gives, whether it is a cell or not', async name => {
  const { model, x } = await modelAndX(name);
  let cells = 0;
  for (const loop of model.graph.nodes.filter(n => n.attributes.has('body'))) {
    const { nodes } = (loop.attributes.get('body') as OnnxAttribute & { type: 'graph' }).value;
    for (const [i, node] of nodes.entries()) {
      const changes = (OTHERS[node.opType] ?? []).map(opType => (n: OnnxNode) => ({ ...n, opType }));
      if (node.inputs.length === 2) changes.push(n => ({ ...n, inputs: [...n.inputs].reverse() }) as OnnxNode & { opType: string });
      for (const change of changes) {
        const other = changed(model, loop, i, change);
        const found = withCells(other);
        if (found === other) continue;
        cells++;
        const [ours, theirs] = [outcome(found, x), outcome(other, x)];
        if (typeof theirs === 'string') continue;
        theirs.forEach((v, k) => {
          expect(Number(ours[k])).toBeCloseTo(v, 5);
        });
      }
    }
  }
  expect(cells).toBeGreaterThan(0);
});
