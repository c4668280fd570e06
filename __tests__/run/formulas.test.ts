import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runShapes } from '../../src/run/shapes.js';

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

describe('the formulas of shapes', () => {
  const requests = [
    ...NETWORKS.map(layers => [layers, { layers, D: 3, T: 7 }] as const),
    ['branches that are joined', { model: 'branches.json' }] as const,
    ...(['torch', 'onnx'] as const).map(framework => [`dimensions of ${framework}`, { cell: 'gru', M: [5, 4], framework }] as const),
  ];

  it.each(requests)('%s', async (_, request) => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-'));
    writeFileSync(join(folder, 'branches.json'), JSON.stringify(branches));
    const result = await runShapes('model' in request ? { model: join(folder, request.model) } : request);
    rmSync(folder, { recursive: true });
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
