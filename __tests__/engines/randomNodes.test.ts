/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { batched } from '../../src/engines/batched/engine.js';
import { manual } from '../../src/engines/manual.js';
import { isInstalled, onnxruntime } from '../../src/engines/onnxruntime.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import type { OnnxAttribute, OnnxModel, OnnxTensor } from '../../src/formats/onnx/graph.js';
import { onnx, writeOnnx } from '../../src/formats/onnx.js';
import type { GraphValue } from '../../src/ops/value.js';
import { sizeOf } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { randomStream } from '../helpers/randomNetworks.js';
import { readWhole } from '../helpers/readFormat.js';

/**
 * RNN, LSTM and GRU nodes with every attribute at random, as files: both engines against ONNX Runtime, which shares no code with us, where
 * it is installed (`npm ci --prefix bench`).
 */
const COUNT = Number(process.env.RANDOM_NODES ?? 60);
const GATES = { RNN: 1, LSTM: 4, GRU: 3 } as const;
const FUNCTIONS = { RNN: 1, LSTM: 3, GRU: 2 } as const;
/** activation -> how many of alpha and beta it takes */
const PARAMETERS: Readonly<Record<string, 0 | 1 | 2>> = {
  Tanh: 0,
  Sigmoid: 0,
  Relu: 0,
  Softsign: 0,
  Softplus: 0,
  LeakyRelu: 1,
  ThresholdedRelu: 1,
  Elu: 1,
  Affine: 2,
  ScaledTanh: 2,
  HardSigmoid: 2,
};
const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;
type Op = keyof typeof GATES;

interface RandomNode {
  readonly model: OnnxModel;
  readonly inputs: ReadonlyMap<string, GraphValue>;
}

function randomNode(seed: number): RandomNode {
  const next = randomStream(seed * 7 + 1);
  const chance = (p: number) => next() < p;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)];
  const size = (most: number) => 1 + Math.floor(next() * most);
  const op = pick<Op>(['RNN', 'LSTM', 'GRU']);
  const direction = pick(['forward', 'reverse', 'bidirectional', undefined]);
  const dirs = direction === 'bidirectional' ? 2 : 1;
  const [T, N, D, M] = [size(6), size(4), size(5), size(6)];
  const draw = (...shape: number[]): GraphValue => ({
    kind: 'float',
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => next() * 1.6 - 0.8),
  });
  const numbers = (...shape: number[]): OnnxTensor => ({ shape, dtype: 'f32', data: draw(...shape).data });
  const attributes = new Map<string, OnnxAttribute>();
  // ONNX Runtime asks for it; reference/corrupt has a node without
  attributes.set('hidden_size', { type: 'int', value: BigInt(M) });
  if (direction) attributes.set('direction', { type: 'string', value: direction });
  if (chance(0.3)) attributes.set('clip', { type: 'float', value: Math.fround(0.2 + next()) });
  if (op === 'LSTM' && chance(0.3)) attributes.set('input_forget', { type: 'int', value: 1n });
  if (op === 'GRU' && chance(0.6)) attributes.set('linear_before_reset', { type: 'int', value: chance(0.8) ? 1n : 0n });
  if (chance(0.6)) {
    const names = Array.from({ length: FUNCTIONS[op] * dirs }, () => pick(Object.keys(PARAMETERS)));
    attributes.set('activations', { type: 'strings', value: names });
    const values = (least: number) => names.filter(n => PARAMETERS[n] >= least).map(() => Math.fround(0.1 + next() * 0.5));
    const [alpha, beta] = [values(1), values(2)];
    if (alpha.length > 0) attributes.set('activation_alpha', { type: 'floats', value: alpha });
    if (beta.length > 0) attributes.set('activation_beta', { type: 'floats', value: beta });
  }
  const G = GATES[op];
  const initializers = new Map([
    ['W', numbers(dirs, G * M, D)],
    ['R', numbers(dirs, G * M, M)],
  ]);
  const inputs = new Map<string, GraphValue>([['X', draw(T, N, D)]]);
  const names = ['X', 'W', 'R', '', '', '', '', ''];
  if (chance(0.7)) {
    initializers.set('B', numbers(dirs, 2 * G * M));
    names[3] = 'B';
  }
  if (chance(0.3)) {
    inputs.set('L', { kind: 'int', shape: [N], data: Float64Array.from({ length: N }, () => size(T)) });
    names[4] = 'L';
  }
  for (const [at, name] of [
    [5, 'h0'],
    [6, 'c0'],
  ] as const) {
    if ((name === 'c0' && op !== 'LSTM') || !chance(0.3)) continue;
    inputs.set(name, draw(dirs, N, M));
    names[at] = name;
  }
  if (op === 'LSTM' && chance(0.4)) {
    initializers.set('P', numbers(dirs, 3 * M));
    names[7] = 'P';
  }
  // left-out inputs at the end may be left out of the list, or stand there as empty names
  while (names[names.length - 1] === '' && chance(0.8)) names.pop();
  const outputs = ['Y', 'Y_h', 'Y_c'].slice(0, op === 'LSTM' ? 3 : 2);
  return {
    inputs,
    model: {
      irVersion: 8,
      producerName: 'test',
      producerVersion: '',
      opsets: new Map([['', pick([7, 11, 13, 14, 17])]]),
      graph: {
        name: `random ${seed}`,
        inputs: [...inputs].map(([name, { kind, shape }]) => ({
          name,
          dtype: kind === 'int' ? ('i32' as const) : ('f32' as const),
          shape,
        })),
        outputs: outputs.map(name => ({ name, dtype: 'f32' as const, shape: null })),
        initializers,
        nodes: [{ name: op, opType: op, domain: '', inputs: names.slice(0, op === 'LSTM' ? 8 : 6), outputs, attributes }],
      },
    },
  };
}

/** Functions without a bound let states grow, and rounding with them. */
function bounded({ graph }: OnnxModel): boolean {
  const given = graph.nodes[0].attributes.get('activations');
  return given?.type !== 'strings' || given.value.every(name => ['Tanh', 'Sigmoid', 'Softsign', 'HardSigmoid'].includes(name));
}

const installed = isInstalled();

it(`${COUNT} random nodes: Y, Y_h and Y_c of both engines are those of ONNX Runtime`, async () => {
  if (!(await installed)) return console.warn('onnxruntime-node is not installed: random nodes are not compared');
  for (let seed = 0; seed < COUNT; seed++) {
    const { model, inputs } = randomNode(seed);
    const bytes = await writeOnnx(model);
    const read = (await readWhole(onnx, bytes, DEFAULT_LIMITS)).architecture as OnnxModel;
    const theirs = await onnxruntime.runGraph({ model: read, bytes }, inputs, OPTIONS);
    for (const engine of [batched, manual]) {
      const ours = await engine.runGraph({ model: read, bytes }, inputs, OPTIONS);
      for (const [name, expected] of theirs) {
        // its Softplus overflows early
        if (!expected.data.every(Number.isFinite)) continue;
        try {
          expectClose(ours.get(name)!, expected, bounded(model) ? TOLERANCE.float32 : 2e-5);
        } catch (error) {
          const [{ opType, attributes, inputs: given }] = model.graph.nodes;
          const said = [...attributes].map(([key, a]) => `${key}=${'value' in a ? a.value : ''}`).join(' ');
          throw new Error(`seed ${seed} ${engine.name} ${name}: ${opType} ${said} inputs ${given}: ${error}`);
        }
      }
    }
  }
});
