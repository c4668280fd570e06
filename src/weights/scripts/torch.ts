import type { WeightShape } from '../../cells/cell.js';
import { getCell, rowOf } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { isRecurrent, type LayerSpec, type RecurrentSpec } from '../../model/spec.js';
import { torch as stream, type TorchStream } from '../../random/torch.js';
import { permuteBlocks, transpose } from '../../tensor/layout.js';
import { sizeOf, type Tensor, tensor } from '../../tensor/tensor.js';
import { inputFrom } from '../init.js';
import type { Script } from './script.js';

/**
 * PyTorch on the CPU: one generator for everything, in the order of the script. Modules draw when they are constructed: nn.RNN, nn.LSTM,
 * nn.GRU all parameters layer by layer and direction by direction, nn.Linear weight and bias, nn.Embedding its table; then X. A stack is
 * the same whether it is one module of several layers or several modules of one.
 */
export const torch: Script = {
  name: 'torch',
  promise: stream.promise,
  inputPromise: stream.promise,
  init: 'torch',
  lines: [
    'torch.manual_seed(seed)',
    'rnn = nn.RNN(D, M, batch_first=True)   # or nn.LSTM, nn.GRU; num_layers, bidirectional, proj_size',
    'fc = nn.Linear(M, K)',
    'X = torch.randn(N, T, D)',
  ],
  draw(model, shapes, { seed, input }) {
    const generator = stream.open(seed);
    const weights = new Map<string, Tensor>();
    for (const layer of model.layers) {
      for (const [name, value] of construct(layer, shapes.get(layer.name) ?? [], generator)) weights.set(`${layer.name}/${name}`, value);
    }
    return { weights, x: input && inputFrom(generator, input) };
  },
  drawInput: (seed, wish) => inputFrom(stream.open(seed), wish),
};

/** kinds whose module's order of drawing is known */
const DRAWN = ['dense', 'embedding'];

function construct(layer: LayerSpec, shapes: readonly WeightShape[], generator: TorchStream): [string, Tensor][] {
  if (!isRecurrent(layer)) {
    if (shapes.length > 0 && !DRAWN.includes(layer.kind)) throw noSuchLayer(layer, 'its own way of drawing');
    return plainModule(shapes, generator);
  }
  const peepholes = shapes.find(weight => weight.role === 'peepholes');
  if (peepholes) throw noSuchLayer(layer, 'peepholes');
  if (layer.kind === 'gru' && !layer.resetAfter) throw noSuchLayer(layer, 'reset before the product');
  const directions = layer.bidirectional === null ? [''] : ['forward/', 'backward/'];
  return directions.flatMap(direction => {
    const own = shapes.filter(weight => weight.name.startsWith(direction));
    return recurrentModule(layer, own, generator);
  });
}

/** weight_ih [G·M, D], weight_hh [G·M, P], bias_ih [G·M], bias_hh [G·M], weight_hr [P, M], all uniform in ±1/√M, in this order. */
function recurrentModule(layer: RecurrentSpec, shapes: readonly WeightShape[], generator: TorchStream): [string, Tensor][] {
  const limit = 1 / Math.sqrt(layer.units);
  const matrix = ([rows, columns]: readonly number[]) => transposed(generator.uniforms(rows * columns, -limit, limit), rows, columns);
  const inOrder = (['kernel', 'recurrentKernel', 'bias', 'projection'] as const).flatMap(role => shapes.filter(w => w.role === role));
  return inOrder.map(({ name, role, shape }): [string, Tensor] => {
    if (role === 'projection') return [name, matrix(shape)];
    if (role !== 'bias') return [name, canonicalGates(matrix(shape), layer)];
    const width = shape[shape.length - 1];
    const rows = [0, 1].map(() => canonicalGates(tensor([width], generator.uniforms(width, -limit, limit)), layer));
    return [name, tensor(shape, shape.length === 2 ? sideBySide(rows) : sumOf(rows))];
  });
}

/** nn.Linear: weight [K, in] (kaiming_uniform_ with a = √5) and bias [K]; nn.Embedding: table [V, E], standard normal. */
function plainModule(shapes: readonly WeightShape[], generator: TorchStream): [string, Tensor][] {
  let fanIn = 0;
  return shapes.map(({ name, role, shape }): [string, Tensor] => {
    if (role === 'embeddings') return [name, tensor(shape, generator.normals(sizeOf(shape)))];
    if (role === 'kernel') {
      fanIn = shape[0];
      const five = Math.sqrt(5);
      const limit = Math.sqrt(3) * (Math.sqrt(2 / (1 + five * five)) / Math.sqrt(fanIn)); // 1/√in, with PyTorch's rounding
      return [name, transposed(generator.uniforms(sizeOf(shape), -limit, limit), shape[0], shape[1])];
    }
    const limit = 1 / Math.sqrt(fanIn);
    return [name, tensor(shape, generator.uniforms(sizeOf(shape), -limit, limit))];
  });
}

/** PyTorch's [columns, rows] as our [rows, columns] */
function transposed(data: Float32Array, rows: number, columns: number): Tensor {
  return transpose(tensor([columns, rows], data));
}

function canonicalGates(t: Tensor, layer: RecurrentSpec): Tensor {
  const cell = getCell(layer.kind);
  const { gates } = cell;
  const torch = rowOf(cell, 'torch');
  return permuteBlocks(
    t,
    gates.map(gate => torch.gates.indexOf(gate)),
  );
}

/** input row, recurrent row */
function sideBySide([input, recurrent]: readonly Tensor[]): Float32Array {
  const both = new Float32Array(2 * input.data.length);
  both.set(input.data);
  both.set(recurrent.data, input.data.length);
  return both;
}

/** Adds the two biases for a spec with a single one, which is the same network except for rounding. */
function sumOf([input, recurrent]: readonly Tensor[]): Float32Array {
  return Float32Array.from(input.data, (value, i) => value + recurrent.data[i]);
}

function noSuchLayer(layer: LayerSpec, what: string): RnnError {
  return new RnnError('unsupported', 'E_RNG_LAYER', `PyTorch has no ${layer.kind} with ${what}, so none can be drawn from a seed`, {
    where: layer.name,
    expected: 'layers that PyTorch has',
    found: what,
    fix: 'use --rng seedrandom',
  });
}
