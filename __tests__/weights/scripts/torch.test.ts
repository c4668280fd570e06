import { torch as convention } from '../../../src/conventions/torch/torch.js';
import { type Tensor, tensor } from '../../../src/tensor/tensor.js';
import { drawInputFrom, drawNetwork } from '../../../src/weights/draw.js';
import { readCase } from '../../helpers/reference.js';
import { hexOf } from '../../random/reference.js';
import { networkOf } from './network.js';

const NETWORKS: Record<string, [string, string]> = {
  'RNN(3,5,batch_first=True);Linear(5,2)': ['rnn:5,dense:2', 'rnn_1'],
  'LSTM(3,5,batch_first=True);Linear(5,2)': ['lstm:5,dense:2', 'lstm_1'],
  'GRU(3,5,batch_first=True);Linear(5,2)': ['gru:5,dense:2', 'gru_1'],
  'LSTM(3,5,num_layers=2,bidirectional=True,batch_first=True);Linear(10,2)': ['bilstm:5,bilstm:5,dense:2', 'lstm_1'],
  'LSTM(3,5,proj_size=2,batch_first=True);Linear(2,3)': ['lstm:5+proj=2,dense:3', 'lstm_1'],
};
const seeds = readCase('seeds', 'torch_seeds').seeds as Record<string, Record<string, any>>;
const cases = Object.keys(seeds).flatMap(seed => Object.keys(NETWORKS).map(name => [seed, name] as const));

function draw(text: string, seed: string, framework: 'torch' | 'keras' = 'torch') {
  const { model, shapes, modelShapes } = networkOf(text, 3, framework);
  const request = { seed, rng: 'torch', frameworkInit: framework, input: { shape: [4, 10, 3], tokens: null } };
  return { modelShapes, ...drawNetwork(model, shapes, request) };
}

/** the recorded state dict as our weights, by the convention's own reading */
function expected(text: string, record: any): ReadonlyMap<string, Tensor> {
  const { modelShapes } = networkOf(text, 3, 'torch');
  const tensors = new Map<string, Tensor>();
  const put = (prefix: string, dict: Record<string, any>) => {
    for (const [name, { shape, hex }] of Object.entries(dict)) tensors.set(`${prefix}${name}`, tensor(shape, floatsOf(hex)));
  };
  put('rnn.', record.state_dict);
  put('fc.', record.linear);
  return convention.toWeights(modelShapes, tensors as never);
}

function floatsOf(hex: string): Float32Array {
  const view = new DataView(new ArrayBuffer(4));
  return Float32Array.from({ length: hex.length / 8 }, (_, i) => {
    view.setUint32(0, Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16));
    return view.getFloat32(0);
  });
}

describe.each(cases)('torch.manual_seed(%s); %s', (seed, name) => {
  it('gives every parameter bit for bit', () => {
    const [text] = NETWORKS[name];
    const { weights, promise, init } = draw(text, seed);
    const right = expected(text, seeds[seed][name]);
    expect([...weights.keys()].sort()).toEqual([...right.keys()].sort());
    for (const [key, value] of right) {
      expect(weights.get(key)!.shape).toEqual(value.shape);
      expect(hexOf(weights.get(key)!.data)).toBe(hexOf(value.data));
    }
    expect([promise, init]).toEqual(['torch-cpu/v1', 'torch']);
  });
});

describe.each(Object.keys(seeds))('torch.manual_seed(%s)', seed => {
  it('X comes after the modules and goes on where they stopped', () => {
    const { x } = draw('rnn:5,dense:2', seed);
    expect(hexOf(x!.data)).toBe(seeds[seed]['seq: RNN(3,5);Linear(5,2);randn(4,10,3) -> the randn'].hex);
  });

  it('X alone is what randn gives right after the seed', () => {
    const { x } = drawInputFrom('torch', seed, { shape: [4, 10, 3], tokens: null });
    expect(hexOf(x.data)).toBe(seeds[seed]['randn(4,10,3)'].hex);
  });

  it('adds the two biases where the network has one', () => {
    const two = draw('lstm:5,dense:2', seed).weights.get('lstm_1/bh')!;
    const one = draw('lstm:5,dense:2', seed, 'keras').weights.get('lstm_1/bh')!;
    expect(two.shape).toEqual([2, 20]);
    expect([...one.data]).toEqual(Array.from({ length: 20 }, (_, i) => Math.fround(two.data[i] + two.data[20 + i])));
  });
});

describe("PyTorch's draws", () => {
  it('an embedding is a table of standard normals, token numbers are randint', () => {
    const { model, shapes } = networkOf('embedding:7x5,gru:4', 3, 'torch');
    const { weights, x } = drawNetwork(model, shapes, {
      seed: '42',
      rng: 'torch',
      inputRng: 'torch',
      frameworkInit: 'torch',
      input: { shape: [3, 4], tokens: 7 },
    });
    const table = weights.get('embedding_1/E')!;
    expect(hexOf(table.data.slice(0, 16))).toBe((seeds['42']['randn(16)'].hex as string).slice(0, 128));
    expect([...drawInputFrom('torch', '42', { shape: [3, 4], tokens: 7 }).x.data]).toEqual(seeds['42']['randint(0,7,(12,))'].data);
    expect(Math.max(...x!.data)).toBeLessThan(7);
  });

  it('draws no biases where a layer has none', () => {
    const bare = draw('lstm:5+nobias', '1').weights;
    expect([...bare.keys()]).toEqual(['lstm_1/Wx', 'lstm_1/Wh']);
    expect(bare.get('lstm_1/Wh')).toEqual(draw('lstm:5', '1').weights.get('lstm_1/Wh'));
  });

  it('refuses a GRU with the reset before the product', () => {
    expect(() => draw('gru:5+resetbefore', '1', 'keras')).toThrow('PyTorch has no gru with reset before the product');
  });
});
