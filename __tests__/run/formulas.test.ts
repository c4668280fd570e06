import { runShapes } from '../../src/run/shapes.js';
import { temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();

/** Every formula that is shown must give the count that stands beside it. The evaluator here knows letters and numbers, nothing of networks. */
function evaluate(formula: string, sizes: Readonly<Record<string, number | null>>): bigint {
  const arithmetic = formula
    .replace(/(\d+|[A-Z]\d*)(?=[A-Z(])/g, '$1*')
    .replace(/\)(?=[A-Z(])/g, ')*')
    .replace(/[A-Z]\d*/g, letter => String(sizes[letter]))
    .replace(/\d+/g, digits => `${digits}n`);
  return new Function(`return ${arithmetic}`)();
}

const NETWORKS: readonly string[] = [
  'rnn:5,dense:2',
  'lstm:5+seq,dense:2',
  'bilstm:4,bigru:3+sum,dense:2',
  'gru:5+resetbefore+nobias,repeat:3,lstm:6+proj=2,maxpool,dense:7',
  'bilstm:5+proj=2+seq,flatten,dense:3',
  'rnn:4+x3,avgpool,dense:2,dense:3',
  'birnn:4+seq,dense:6,gru:2+last',
];

const branches = {
  input: { timesteps: 7, features: 3 },
  layers: [
    { kind: 'gru', units: 4, name: 'a', inputs: ['input'], returnSequences: true },
    { kind: 'rnn', units: 5, name: 'b', inputs: ['input'], returnSequences: true },
    { kind: 'concatenate', name: 'ab', inputs: ['a', 'b'] },
    { kind: 'lstm', units: 6, name: 'c', returnSequences: true },
    { kind: 'lstm', units: 2, name: 'd', inputs: ['ab'], bidirectional: 'concat', returnSequences: true },
    { kind: 'concatenate', name: 'cd', inputs: ['c', 'd'] },
    { kind: 'dense', units: 8, name: 'steps' },
    { kind: 'concatenate', name: 'all', inputs: ['steps', 'ab'] },
    { kind: 'flatten' },
    { kind: 'dense', units: 2 },
  ],
};

/** Inputs of every kind, with sizes that are open; what they are made of has letters of its own. */
const INPUTS: Record<string, { input?: object; inputs?: object[]; layers: Record<string, unknown>[] }> = {
  'samples, steps and features that are open': { input: { features: 3 }, layers: [{ kind: 'gru', units: 5 }] },
  'a fixed batch': { input: { batch: 6, timesteps: 7, features: 3 }, layers: [{ kind: 'lstm', units: 5, returnSequences: true }] },
  'token numbers': {
    input: { batch: null, timesteps: 7, features: null },
    layers: [
      { kind: 'embedding', tokens: 11, units: 4 },
      { kind: 'repeat', times: 2 },
    ].slice(0, 1),
  },
  'a state': { input: { shape: [4] }, layers: [{ kind: 'dense', units: 2 }] },
  'a matrix of open length': { input: { shape: [null, 6] }, layers: [{ kind: 'dense', units: 2 }] },
  'a matrix of open width': { input: { shape: [6, null] }, layers: [{ kind: 'op', op: 'Neg' }] },
  'an image': { input: { shape: [9, 8, 3] }, layers: [{ kind: 'conv2d', filters: 5, kernelSize: [3, 2] }] },
  'two sequences and a state': {
    inputs: [
      { name: 'a', timesteps: 7, features: 3 },
      { name: 'b', batch: null, timesteps: null, features: 4 },
      { name: 's', shape: [6] },
    ],
    layers: [
      { kind: 'gru', units: 5, name: 'g', inputs: ['a'] },
      { kind: 'lstm', units: 2, name: 'l', inputs: ['b'] },
      { kind: 'concatenate', name: 'both', inputs: ['g', 'l', 's'] },
      { kind: 'dense', units: 8 },
    ],
  },
};

describe('each letter of a shape', () => {
  it.each(Object.entries(INPUTS))('has the size that stands in its place: %s', async (_, spec) => {
    const result = await runShapes({ model: folder.write('net.json', JSON.stringify(spec)) });
    const said = [...result.inputs, ...result.outputs, ...result.layers.flatMap(({ output, weights }) => [output, ...weights])];
    const isOpen = (dim: string) => dim.match(/[A-Z]\d*/g)?.some(letter => result.dims[letter] === null);
    const sizeOf = (dim: string) => (isOpen(dim) ? null : Number(evaluate(dim, result.dims)));
    expect(said.map(({ dims }) => dims.map(sizeOf))).toEqual(said.map(({ shape }) => shape));
  });
});

describe('the formulas of shapes', () => {
  const requests = [
    ...NETWORKS.map(layers => [layers, { layers, D: 3, T: 7 }] as const),
    ['branches that are joined', { model: 'branches.json' }] as const,
    ...(['torch', 'onnx'] as const).map(framework => [`dimensions of ${framework}`, { cell: 'gru', M: [5, 4], framework }] as const),
  ];

  it.each(requests)('%s', async (_, request) => {
    const result = await runShapes('model' in request ? { model: folder.write(request.model, JSON.stringify(branches)) } : request);
    for (const layer of result.layers) {
      for (const weight of layer.weights) {
        expect([weight.name, evaluate(weight.formula, result.dims)]).toEqual([weight.name, BigInt(weight.count!)]);
        expect(weight.dims.map(dim => Number(evaluate(dim, result.dims)))).toEqual(weight.shape);
      }
      if (layer.formula !== null) expect([layer.name, evaluate(layer.formula, result.dims)]).toEqual([layer.name, BigInt(layer.params!)]);
    }
    expect(evaluate(result.totals.macsFormula, result.dims)).toBe(BigInt(result.totals.macsPerSample!));
  });
});
