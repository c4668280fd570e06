import fc from 'fast-check';
import { checkSpec } from '../../src/model/check.js';
import { countsByFramework, layerCost, layerFormula, parameterCount, totalParameters } from '../../src/model/counts.js';
import { inferShapes } from '../../src/model/shapes.js';
import { isRecurrent } from '../../src/model/spec.js';
import { exactSize } from '../../src/tensor/tensor.js';
import { randomNetwork, recurrentLayer, size } from '../helpers/architectures.js';
import { cases } from '../helpers/effort.js';

const shapesOf = (spec: unknown) => inferShapes(checkSpec(spec));
const chain = (...layers: Record<string, unknown>[]) => ({ input: { timesteps: 10, features: 3 }, layers });

describe('shapes the notebook works out by hand', () => {
  it('many to one: (N, T, D) -> (N, M) -> (N, K)', () => {
    const { layers, output } = shapesOf(chain({ kind: 'rnn', units: 5 }, { kind: 'dense', units: 2 }));
    expect(layers[0].output.map(d => [d.symbol, d.size])).toEqual([
      ['N', null],
      ['M', 5],
    ]);
    expect(output.map(d => [d.symbol, d.size])).toEqual([
      ['N', null],
      ['K', 2],
    ]);
  });

  it('many to many: the same dense layer on every step', () => {
    const { layers, output } = shapesOf(chain({ kind: 'rnn', units: 5, returnSequences: true }, { kind: 'dense', units: 2 }));
    expect(output.map(d => d.symbol)).toEqual(['N', 'T', 'K']);
    expect(parameterCount(layers[1])).toBe(12n);
  });

  it('max pooling takes time away', () => {
    expect(shapesOf(chain({ kind: 'lstm', units: 4, returnSequences: true }, { kind: 'maxpool' })).output.map(d => d.symbol)).toEqual([
      'N',
      'M',
    ]);
  });

  it('flatten multiplies time into the width', () => {
    const { output, layers } = shapesOf(
      chain({ kind: 'rnn', units: 5, returnSequences: true }, { kind: 'flatten' }, { kind: 'dense', units: 2 }),
    );
    expect(layers[1].output[1]).toEqual({ symbol: 'T*M', size: 50 });
    expect(output[1].size).toBe(2);
  });
});

it('padding of the axes that Pad names, in any order', () => {
  const ints = (...value: number[]) => ({ type: 'int', value });
  const pad = (pads: number[], axes: number[]) => ({ kind: 'op', op: 'Pad', operands: [null, ints(...pads), 0.5, ints(...axes)] });
  const sizes = (...layers: Record<string, unknown>[]) => shapesOf(chain(...layers)).output.map(d => d.size);
  expect(sizes(pad([1, 2], [-1]))).toEqual([null, 10, 6]);
  expect(sizes(pad([1, 2, -1, 4], [-1, 1]))).toEqual([null, 16, 3]);
});

describe('counts', () => {
  it.each([
    ['rnn', 57, 62, 62, 57],
    ['lstm', 192, 212, 212, 192],
    ['gru', 162, 162, 162, 147],
  ])('%s with D=3 M=5 K=2 is %d in Keras, %d in PyTorch, %d in ONNX, %d in tfjs', (kind, keras, torch, onnx, tfjs) => {
    const counts = countsByFramework(checkSpec(chain({ kind, units: 5 }, { kind: 'dense', units: 2 })));
    expect([counts.keras.params, counts.torch.params, counts.onnx.params, counts.tfjs.params]).toEqual(
      [keras, torch, onnx, tfjs].map(BigInt),
    );
  });

  it('has no count where a framework has no such layer, and says why', () => {
    const counts = countsByFramework(checkSpec(chain({ kind: 'lstm', units: 5, projection: 2 })));
    expect(counts.keras).toEqual({ params: null, note: 'keras has no LSTM projection' });
    expect(counts.torch.params).toBe(4n * 5n * (3n + 2n + 2n) + 10n);
  });

  it('counts 410 multiply-adds for the notebook and 1600 for its LSTM', () => {
    const of = (kind: string) => shapesOf(chain({ kind, units: 5 }, { kind: 'dense', units: 2 })).layers.map(l => layerCost(l).matmul);
    expect(of('rnn')).toEqual([400n, 10n]);
    expect(of('lstm')).toEqual([1600n, 10n]);
  });

  it('stays exact beyond 2^53', () => {
    const M = 2 ** 31 - 1;
    const { layers } = shapesOf({ input: { timesteps: M, features: M }, layers: [{ kind: 'lstm', units: M }] });
    const m = BigInt(M);
    expect(parameterCount(layers[0])).toBe(4n * m * (m + m + 1n));
    expect(layerCost(layers[0]).matmul).toBe(m * (m + m) * 4n * m);
  });

  it('leaves work open while T is symbolic', () => {
    const { layers } = shapesOf({ input: { features: 3 }, layers: [{ kind: 'rnn', units: 5 }] });
    expect(layerCost(layers[0]).matmul).toBeNull();
  });
});

/** Evaluates a shown formula with the letters' sizes: it must give what the shapes add up to. */
function evaluate(formula: string, letters: Record<string, number>): bigint {
  const text = formula
    .replace(/[A-Z][0-9]*/g, letter => `${letters[letter]}n`)
    .replace(/(?<![\dn])(\d+)(?![\dn])/g, '$1n')
    .replace(/(\d+n)(?=\d+n)/g, '$1*');
  return Function(`return ${text}`)() as bigint;
}

describe('properties', () => {
  it('the closed formula of a recurrent layer gives the sum of its weights', () => {
    fc.assert(
      fc.property(recurrentLayer, size, (layer, D) => {
        const [shapes] = shapesOf({ input: { timesteps: 2, features: D }, layers: [layer] }).layers;
        const letters = { D, M: layer.units as number, P: (layer.projection as number) ?? 0 };
        expect(evaluate(layerFormula(shapes)!, letters)).toBe(parameterCount(shapes));
      }),
      { numRuns: cases(1000) },
    );
  });

  it('the shown multiply-adds give the count', () => {
    fc.assert(
      fc.property(recurrentLayer, size, size, (layer, D, T) => {
        const [shapes] = shapesOf({ input: { timesteps: T, features: D }, layers: [layer] }).layers;
        const cost = layerCost(shapes);
        expect(evaluate(cost.formula, { D, T, M: layer.units as number, P: (layer.projection as number) ?? 0 })).toBe(cost.matmul);
      }),
      { numRuns: cases(1000) },
    );
  });

  it('symbolic and actual shapes agree wherever both are known', () => {
    fc.assert(
      fc.property(randomNetwork, ({ spec, N, T }) => {
        const symbolic = shapesOf({ ...spec, input: { ...(spec.input as object) } });
        const actual = shapesOf({ ...spec, input: { ...(spec.input as object), batch: N } });
        symbolic.layers.forEach((l, i) => {
          expect(actual.layers[i].output.map(d => d.symbol)).toEqual(l.output.map(d => d.symbol));
          l.output.forEach((d, axis) => {
            if (d.size !== null) expect(actual.layers[i].output[axis].size).toBe(d.size);
          });
          expect(actual.layers[i].output[0].size).toBe(N);
        });
        expect(T).toBeGreaterThan(0);
      }),
      { numRuns: cases(500) },
    );
  });

  it('parameters do not depend on N or T, unless time is flattened', () => {
    fc.assert(
      fc.property(randomNetwork, size, ({ spec, D }, other) => {
        if ((spec.layers as { kind: string }[]).some(l => l.kind === 'flatten')) return;
        const a = totalParameters(shapesOf({ ...spec, input: { timesteps: other, features: D, batch: other } }));
        expect(a).toBe(totalParameters(shapesOf({ ...spec, input: { features: D } })));
      }),
      { numRuns: cases(500) },
    );
  });

  it('the total is the sum over layers, and each layer the sum over its weights', () => {
    fc.assert(
      fc.property(randomNetwork, ({ spec }) => {
        const shapes = shapesOf(spec);
        const sum = shapes.layers.flatMap(l => l.weights).reduce((total, w) => total + exactSize(w.shape), 0n);
        expect(totalParameters(shapes)).toBe(sum);
      }),
      { numRuns: cases(500) },
    );
  });

  it('a second bias adds exactly one row per gate and direction', () => {
    fc.assert(
      fc.property(recurrentLayer, size, (layer, D) => {
        const of = (twoBiases: boolean) =>
          totalParameters(
            shapesOf({
              input: { timesteps: 2, features: D },
              layers: [{ ...layer, useBias: true, resetAfter: layer.kind === 'gru' ? false : undefined, twoBiases }],
            }),
          );
        const gates = { rnn: 1, gru: 3, lstm: 4 }[layer.kind as string]!;
        expect(of(true) - of(false)).toBe(BigInt(gates * (layer.units as number) * (layer.bidirectional ? 2 : 1)));
      }),
      { numRuns: cases(500) },
    );
  });

  it('stacking a layer adds its own parameters and changes no other', () => {
    fc.assert(
      fc.property(randomNetwork, size, ({ spec }, units) => {
        const layers = spec.layers as Record<string, unknown>[];
        const before = shapesOf(spec);
        const after = shapesOf({ ...spec, layers: [...layers, { kind: 'dense', units, name: 'added' }] });
        expect(totalParameters(after) - totalParameters(before)).toBe(parameterCount(after.layers[layers.length]));
        before.layers.forEach((l, i) => {
          expect(after.layers[i].weights.map(w => w.shape)).toEqual(l.weights.map(w => w.shape));
        });
      }),
      { numRuns: cases(500) },
    );
  });

  it('returning the last step drops the time axis and nothing else', () => {
    fc.assert(
      fc.property(recurrentLayer, size, (layer, D) => {
        const of = (returnSequences: boolean) =>
          shapesOf({ input: { timesteps: 4, features: D }, layers: [{ ...layer, returnSequences }] });
        const [sequence, last] = [of(true), of(false)];
        expect([sequence.output[0], sequence.output[2]]).toEqual([...last.output]);
        expect(totalParameters(sequence)).toBe(totalParameters(last));
      }),
      { numRuns: cases(500) },
    );
  });

  it('bidirectional doubles the weights, and the width for concat only', () => {
    fc.assert(
      fc.property(recurrentLayer, fc.constantFrom('concat', 'sum', 'mul', 'ave'), (layer, mode) => {
        const { bidirectional: _, ...one } = layer;
        const single = shapesOf(chain(one));
        const both = shapesOf(chain({ ...one, bidirectional: mode }));
        expect(totalParameters(both)).toBe(2n * totalParameters(single));
        expect(both.output[1].size).toBe((mode === 'concat' ? 2 : 1) * single.output[1].size!);
      }),
      { numRuns: cases(500) },
    );
  });

  it('every recurrent layer of a random network has Wx as tall as its input is wide', () => {
    fc.assert(
      fc.property(randomNetwork, ({ spec }) => {
        for (const l of shapesOf(spec).layers.filter(s => isRecurrent(s.layer))) {
          expect(l.weights[0].shape[0]).toBe(l.inputs[0][2].size);
        }
      }),
      { numRuns: cases(500) },
    );
  });
});

describe('wiring errors', () => {
  const failure = (spec: unknown) => {
    try {
      shapesOf(spec);
    } catch (error) {
      return error as { code: string; message: string; where: string; fix: string; layer?: string };
    }
    throw new Error('no error');
  };

  it('names the layer that drops the sequence', () => {
    const error = failure(chain({ kind: 'lstm', units: 64 }, { kind: 'gru', units: 32 }));
    expect(error).toMatchObject({ code: 'E_SEQ', where: 'gru_2', layer: 'lstm_1' });
    expect(error.message).toBe('needs a sequence (N, T, 64) but lstm_1 gives its last step only (N, 64)');
  });

  it('looks past layers that hand on what they get', () => {
    expect(
      failure(chain({ kind: 'lstm', units: 64 }, { kind: 'dropout' }, { kind: 'dense', units: 7 }, { kind: 'gru', units: 2 })).layer,
    ).toBe('lstm_1');
  });

  it('refuses pooling after pooling', () => {
    expect(failure(chain({ kind: 'rnn', units: 5, returnSequences: true }, { kind: 'maxpool' }, { kind: 'maxpool' }))).toMatchObject({
      code: 'E_SEQ',
      where: 'maxpool_2',
    });
  });

  it('refuses to repeat a sequence', () => {
    expect(failure(chain({ kind: 'rnn', units: 5, returnSequences: true }, { kind: 'repeat', times: 3 })).code).toBe('E_VECTOR');
  });

  it('refuses to join what does not fit', () => {
    const layers = [
      { kind: 'rnn', units: 5, name: 'a' },
      { kind: 'gru', units: 4, name: 'b', inputs: ['input'] },
    ];
    expect(shapesOf(chain(...layers, { kind: 'concatenate', inputs: ['a', 'b'] })).output[1]).toEqual({ symbol: 'M1+M2', size: 9 });
    expect(failure(chain(...layers, { kind: 'add', inputs: ['a', 'b'] })).code).toBe('E_MERGE');
  });

  it('needs T where time is flattened into a dense layer', () => {
    expect(
      failure({
        input: { features: 3 },
        layers: [{ kind: 'rnn', units: 5, returnSequences: true }, { kind: 'flatten' }, { kind: 'dense', units: 2 }],
      }).code,
    ).toBe('E_SYMBOLIC');
  });

  it('needs D', () => {
    expect(failure({ layers: [{ kind: 'rnn', units: 5 }] }).code).toBe('E_FEATURES');
  });

  it('takes an embedding on token numbers only', () => {
    expect(failure(chain({ kind: 'rnn', units: 5, returnSequences: true }, { kind: 'embedding', tokens: 9, units: 2 })).code).toBe(
      'E_TOKENS',
    );
  });
});

describe('descriptions that grow faster than their file', () => {
  const doubling = (times: number, layer: object, input: object) => {
    const layers = Array.from({ length: times }, (_, i) => ({
      kind: 'concatenate',
      name: `c${i}`,
      inputs: Array(2).fill(i ? `c${i - 1}` : 'input'),
      ...layer,
    }));
    return shapesOf({ input, layers });
  };

  it('a size that is joined with itself again and again is written as its number', () => {
    const [, , D] = doubling(26, {}, { timesteps: 3, features: 2 }).output;
    expect(D).toEqual({ symbol: expect.stringMatching(/^.{1,80}$/), size: 2 ** 27 });
  });

  it('or as a letter of its own where it is open, the same one for the same size', () => {
    const { output, values } = doubling(26, { axis: 1 }, { features: 2 });
    expect(output[1]).toEqual({ symbol: expect.stringMatching(/^[TS0-9+]{1,80}$/), size: null });
    expect(values.get('c7')).toEqual(doubling(8, { axis: 1 }, { features: 2 }).output);
  });

  it('a size that no whole number can say is refused at its layer', () => {
    expect(() => doubling(60, {}, { timesteps: 3, features: 2 })).toThrow(
      expect.objectContaining({ code: 'E_LIMIT_DIMENSION', exit: 5, where: 'c51' }),
    );
  });

  it('more than 100,000 layers are refused, and 10,000 take time in proportion to 1,000', () => {
    const dense = (n: number) => chain(...Array.from({ length: n }, () => ({ kind: 'dense', units: 2 })));
    expect(() => checkSpec(dense(100_001))).toThrow(expect.objectContaining({ code: 'E_LIMIT_LAYERS', exit: 5 }));
    inProportion(n => shapesOf(dense(n)));
  });

  it('so do layers without a name behind layers that have taken theirs, and many inputs', () => {
    const dense = (k: number) => ({ kind: 'dense', units: 2, name: `lstm_${k}` });
    inProportion(n =>
      checkSpec(
        chain(
          ...Array.from({ length: n }, (_, k) => dense(k)),
          ...Array.from({ length: n }, () => ({ kind: 'lstm', units: 2, returnSequences: true })),
        ),
      ),
    );
    inProportion(n => {
      const inputs = Array.from({ length: n }, (_, k) => ({ name: `x${k}`, timesteps: 3, features: 2 }));
      inferShapes(checkSpec({ inputs, layers: [{ kind: 'add', inputs: inputs.map(({ name }) => name) }] }));
    });
  });

  function inProportion(run: (n: number) => void) {
    const seconds = (n: number) => {
      const start = process.cpuUsage().user;
      run(n);
      return (process.cpuUsage().user - start) / 1e6;
    };
    seconds(1000);
    expect(seconds(10_000)).toBeLessThan(30 * seconds(1000) + 1);
  }
});

describe('initial states of a layer', () => {
  const network = (layer: object, ...states: string[]) => ({
    inputs: [
      { name: 'x', timesteps: 4, features: 3 },
      { name: 's', shape: [2] },
    ],
    layers: [{ ...layer, inputs: ['x'], states }],
  });
  const cells = [
    { kind: 'rnn', units: 2 },
    { kind: 'rnn', units: 2 },
  ];
  it.each<[object, string[], string[]]>([
    [{ kind: 'gru', units: 2 }, ['s'], ['x']],
    [{ kind: 'lstm', units: 2 }, ['s', 's'], ['s']],
    [{ kind: 'rnn', units: 3 }, [], ['s']],
    [{ kind: 'stackedrnn', cells }, ['s', 's'], ['s', 'x']],
    [{ kind: 'bidirectional', forward: cells[0], backward: cells[0] }, ['s', 's'], ['s']],
  ])('%j: as many and as wide as it has', (layer, right, wrong) => {
    if (right.length > 0) expect(() => inferShapes(checkSpec(network(layer, ...right)))).not.toThrow();
    expect(() => inferShapes(checkSpec(network(layer, ...wrong)))).toThrow(expect.objectContaining({ code: 'E_STATE_SHAPE', exit: 3 }));
  });
});

describe('a layer that shares the weights of another', () => {
  const cell = { kind: 'gru', units: 2 };
  const network = (owner: object, input: string, own: object = {}) => ({
    inputs: [
      { name: 'a', timesteps: 7, features: 3 },
      { name: 'same', timesteps: 4, features: 3 },
      { name: 'wider', timesteps: 7, features: 5 },
      { name: 'tokens', timesteps: 7, features: 1 },
    ],
    layers: [
      { ...owner, name: 'owner', inputs: ['kind' in owner && owner.kind === 'embedding' ? 'tokens' : 'a'] },
      { ...owner, ...own, name: 'second', inputs: [input], shares: 'owner' },
    ],
  });
  const inferred = (...args: Parameters<typeof network>) => inferShapes(checkSpec(network(...args)));

  it.each<[object, object]>([
    [{ kind: 'dense', units: 4 }, { useBias: false }],
    [{ kind: 'lstm', units: 4 }, { units: 6 }],
    [cell, { resetAfter: false }],
    [{ kind: 'conv1d', filters: 4, kernelSize: [2] }, { kernelSize: [3] }],
    [{ kind: 'bidirectional', forward: cell, backward: cell }, { forward: { kind: 'lstm', units: 2 } }],
    [{ kind: 'stackedrnn', cells: [cell, cell] }, { cells: [cell] }],
    [{ kind: 'layernorm' }, { center: false }],
    [{ kind: 'batchnorm' }, { scale: false }],
    [{ kind: 'prelu', sharedAxes: [1] }, { sharedAxes: [1, 2] }],
  ])('%j: with an input of its width and the same options only', (owner, other) => {
    const refused = expect.objectContaining({ code: 'E_WEIGHT_SHAPE', exit: 3, message: expect.stringContaining('owner') });
    expect(inferred(owner, 'same').layers[1].weights).toEqual([]);
    expect(() => inferred(owner, 'wider')).toThrow(refused);
    expect(() => inferred(owner, 'same', other)).toThrow(refused);
  });

  it('an embedding called in reverse reads vectors of its width', () => {
    const embedding = { kind: 'embedding', tokens: 9, units: 3 };
    expect(inferred(embedding, 'a', { kind: 'unembedding' }).output.map(d => d.size)).toEqual([null, 7, 9]);
    expect(() => inferred(embedding, 'wider', { kind: 'unembedding' })).toThrow(expect.objectContaining({ code: 'E_WEIGHT_SHAPE' }));
  });
});
