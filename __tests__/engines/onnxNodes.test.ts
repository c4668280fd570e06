import { batched } from '../../src/engines/batched/engine.js';
import type { Engine } from '../../src/engines/engine.js';
import { checkNodes } from '../../src/engines/graph/checkNodes.js';
import { manual } from '../../src/engines/manual.js';
import type { OnnxAttribute, OnnxModel, OnnxTensor } from '../../src/formats/onnx/graph.js';
import type { GraphValue } from '../../src/ops/value.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { caseIds, readCase, recorded, recorded32 } from '../helpers/reference.js';

/**
 * One node with random weights each: peepholes, clip, input_forget, linear_before_reset, activations with alpha and beta, sequence_lens,
 * layout, directions. Recorded from PyTorch and ONNX Runtime, which share no code with us.
 */
const INPUTS = ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h', 'initial_c', 'P'];
const OUTPUTS = ['Y', 'Y_h', 'Y_c'];

function attributeOf(value: unknown): OnnxAttribute {
  if (typeof value === 'string') return { type: 'string', value };
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string') return { type: 'strings', value };
    return { type: 'floats', value: value.map(v => Math.fround(v)) };
  }
  throw new Error(`no attribute: ${value}`);
}

/** clip is the one attribute that is a float; every other number is an int. */
function nodeModel(c: any): OnnxModel {
  const attributes = new Map(
    Object.entries(c.attributes).map(([name, value]): [string, OnnxAttribute] => {
      if (name === 'clip') return [name, { type: 'float', value: Math.fround(value as number) }];
      return [name, typeof value === 'number' ? { type: 'int', value: BigInt(value) } : attributeOf(value)];
    }),
  );
  const outputs = OUTPUTS.slice(0, c.op === 'LSTM' ? 3 : 2);
  const inputs = INPUTS.map(name => (c.inputs[name] ? name : ''));
  return {
    irVersion: 8,
    producerName: 'test',
    producerVersion: '',
    opsets: new Map([['', c.opset]]),
    graph: {
      name: c.id,
      inputs: inputs.filter(Boolean).map(name => ({ name, dtype: 'f32' as const, shape: null })),
      outputs: outputs.map(name => ({ name, dtype: 'f32' as const, shape: null })),
      initializers: new Map(),
      nodes: [{ name: c.id, opType: c.op, domain: '', inputs, outputs, attributes }],
    },
  };
}

async function run(engine: Engine, c: any): Promise<ReadonlyMap<string, GraphValue>> {
  const dtype = engine.defaultDtype;
  const inputs = new Map(
    Object.entries(c.inputs).map(([name, r]): [string, GraphValue] => {
      if (name === 'sequence_lens') return [name, { kind: 'int', ...recorded(r as never) }];
      return [name, { kind: 'float', ...(dtype === 'f32' ? recorded32(r as never) : recorded(recorded32Values(r))) }];
    }),
  );
  return engine.runGraph({ model: nodeModel(c), bytes: null }, inputs, { dtype, threads: 1, trace: false });
}

/** the float32 values the frameworks had, as doubles */
function recorded32Values(r: any): any {
  const t = recorded32(r);
  return { shape: t.shape, data: Array.from(t.data) };
}

it('a constant state that is none of the node (the exporter leaves out a projection) is refused before anything runs', () => {
  const c = readCase('onnx', 'x03_lstm_bidir_states') as any;
  const withState = (wider: number) => {
    const model = nodeModel(c);
    const constants = Object.entries(c.inputs).map(([name, r]): [string, OnnxTensor] => [
      name,
      { dtype: 'f32', ...recorded32(r as never) },
    ]);
    const initializers = new Map(constants.filter(([name]) => name !== 'X'));
    const { shape } = initializers.get('initial_c')!;
    const own = [...shape.slice(0, -1), shape[2] + wider];
    initializers.set('initial_c', { dtype: 'f32', shape: own, data: new Float32Array(own.reduce((x, y) => x * y, 1)) });
    return { ...model, graph: { ...model.graph, inputs: [model.graph.inputs[0]], initializers } };
  };
  expect(() => checkNodes(withState(0))).not.toThrow();
  expect(() => checkNodes(withState(1))).toThrow('an initial state has the wrong shape');
});

describe.each([manual, batched])('ONNX recurrent nodes on $name', engine => {
  const ids = caseIds('onnx');

  it('has every recorded case', () => expect(ids.length).toBe(20));

  it.each(ids)('%s', async id => {
    const c = readCase('onnx', id);
    const outputs = await run(engine, c);
    for (const [name, r] of Object.entries(c.outputs)) expectClose(outputs.get(name)!, recorded(r as never), TOLERANCE.float32);
    expect(Object.keys(c.outputs).length).toBeGreaterThan(1);
  });
});
