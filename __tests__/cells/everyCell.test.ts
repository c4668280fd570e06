import { CELLS, getCell } from '../../src/cells/index.js';
import { getEngine } from '../../src/engines/index.js';
import { cellOptions } from '../../src/layers/recurrentSpec.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { isRecurrent, type ModelSpec } from '../../src/model/spec.js';
import { numpyScript } from '../../src/run/emit/numpy.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { numbersIn, printedByNumpy, withNumpy } from '../helpers/python.js';
import { randomStream } from '../helpers/randomNetworks.js';
import { TEXTBOOK, type Vector } from '../helpers/textbook.js';

/** Every cell of the list, with every option it has: both engines, the fused kernels, the textbook and the emitted script give the same numbers. */
const FUNCTIONS = { tanh: Math.tanh, sigmoid: (v: number) => 1 / (1 + Math.exp(-v)), softsign: (v: number) => v / (1 + Math.abs(v)) };
type FunctionName = keyof typeof FUNCTIONS;

/** Each option of the cell on its own, those of all cells beside it, and a few of several at once. */
function variants(kind: string): Record<string, unknown>[] {
  const own = Object.entries(getCell(kind).fields).flatMap(([field, { type, default: value }]): Record<string, unknown>[] => {
    if (type === 'activation') return [{ [field]: 'softsign' }];
    return type === 'size' ? [{ [field]: 2 }] : field === 'unitForgetBias' ? [] : [{ [field]: !value }];
  });
  const all = [{}, { activation: 'sigmoid' }, { useBias: false }, { twoBiases: true }, { goBackwards: true }, { clip: 0.4 }];
  const ways = ['concat', 'sum', 'mul', 'ave'].map((bidirectional, i) => ({ bidirectional, goBackwards: i % 2 === 1 }));
  const both = own.map((options, i) => ({ ...options, ...ways[i % 4], returnSequences: true, twoBiases: i % 2 === 0 }));
  return [...all, ...own, ...ways, ...both].map(options => ({ kind, units: 4, ...options }));
}

interface Case {
  readonly model: ModelSpec;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly x: Tensor;
}

function drawn(layer: Record<string, unknown>, seed: number): Case {
  const model = checkSpec({ input: { timesteps: 5, features: 3 }, layers: [layer] });
  const next = randomStream(seed);
  const random = (t: Tensor): Tensor => ({ shape: t.shape, data: Float32Array.from(t.data, () => next() * 2.4 - 1.2) });
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '1', init: 'standard_normal', rng: 'seedrandom' });
  return { model, weights: new Map([...weights].map(([name, t]) => [name, random(t)])), x: random(drawInput([2, 5, 3], { seed: '1' })) };
}

const run = (name: 'manual' | 'batched', { model, weights, x }: Case, dtype: 'f32' | 'f64') =>
  getEngine(name).run(model, weights, { x }, { dtype, threads: 1, trace: false });

/** The layer by its textbook: y [N, M] or [N, T, M], flat. */
function textbook({ model, weights, x }: Case): number[] {
  const [layer] = model.layers.filter(isRecurrent);
  const [N, T, D] = x.shape;
  const merge = {
    concat: (a: Vector, b: Vector) => [...a, ...b],
    sum: pairs((a, b) => a + b),
    mul: pairs((a, b) => a * b),
    ave: pairs((a, b) => (a + b) / 2),
  };
  return Array.from({ length: N }, (_, n) => {
    const steps = Array.from({ length: T }, (_, t) => Array.from(x.data.subarray((n * T + t) * D, (n * T + t + 1) * D)));
    const direction = (way: string, reversed: boolean) =>
      oneWay(layer, reversed ? [...steps].reverse() : steps, name => weights.get(`${layer.name}/${way}${name}`));
    if (layer.bidirectional === null) {
      const all = direction('', layer.goBackwards);
      return layer.returnSequences ? all.flat() : all[T - 1];
    }
    const join = merge[layer.bidirectional];
    const [there, back] = [direction('forward/', layer.goBackwards), direction('backward/', !layer.goBackwards)];
    return layer.returnSequences ? there.flatMap((h, t) => join(h, back[T - 1 - t])) : join(there[T - 1], back[T - 1]);
  }).flat() as number[];
}

function pairs(f: (a: number, b: number) => number) {
  return (a: Vector, b: Vector) => a.map((v, m) => f(v, b[m]));
}

/** h_t of every step, in the order of the steps given. */
function oneWay(layer: ModelSpec['layers'][number], steps: readonly Vector[], weight: (name: string) => Tensor | undefined): Vector[] {
  if (!isRecurrent(layer)) throw new Error('a recurrent layer');
  const cell = TEXTBOOK[layer.kind];
  const options = cellOptions(layer);
  const M = layer.units;
  const column = (gate: string) => cell.gates.indexOf(gate) * M;
  const product = (v: Vector, name: string, from: number, width: number) =>
    Array.from({ length: width }, (_, m) =>
      v.reduce((sum, a, d) => sum + a * weight(name)!.data[d * weight(name)!.shape[1] + from + m], 0),
    );
  const bias = (row: number, gate: string) => {
    const b = weight('bh');
    return Array.from({ length: M }, (_, m) =>
      b && row < (b.shape.length === 2 ? 2 : 1) ? b.data[row * cell.gates.length * M + column(gate) + m] : 0,
    );
  };
  const plus = pairs((a, b) => a + b);
  let states: Vector[] = cell.states.map((_, i) => new Array(i === 0 ? (options.projection ?? M) : M).fill(0));
  return steps.map(x => {
    states = cell.step({
      states,
      options,
      input: gate => plus(product(x, 'Wx', column(gate), M), bias(0, gate)),
      recurrent: (gate, h) => plus(product(h, 'Wh', column(gate), M), bias(1, gate)),
      sig: FUNCTIONS[(layer.recurrentActivation ?? 'sigmoid') as FunctionName],
      act: FUNCTIONS[layer.activation as FunctionName],
      peep: (gate, c) => c.map((v, m) => v * (weight('p')?.data['iof'.indexOf(gate) * M + m] ?? 0)),
      projected: h => product(h, 'Wp', 0, options.projection!),
    });
    return states[0];
  });
}

const EVERY = CELLS.flatMap(cell => variants(cell.name).map((layer, i): [string, Case] => [JSON.stringify(layer), drawn(layer, i + 1)]));

it.each(EVERY)('%s: the engines compute what the textbook says', async (_, one) => {
  const data = Float64Array.from(textbook(one));
  const manual = await run('manual', one, 'f64');
  expectClose(manual.y, { shape: manual.y.shape, data }, 1e-12);
  expectClose((await run('batched', one, 'f64')).y, manual.y, 1e-12);
  expectClose((await run('batched', one, 'f32')).y, manual.y, 2 * TOLERANCE.float32);
});

withNumpy('the emitted NumPy scripts print it', () => {
  const printed = printedByNumpy(
    EVERY.map(([, { model, weights, x }]) =>
      numpyScript({
        lib: 'np',
        sizes: new Map(),
        layers: inferShapes(model).layers,
        weights,
        inputs: [{ name: model.input.name, x }],
        outputs: [model.output],
        drawn: null,
      }),
    ),
  );
  EVERY.forEach(([name, one], i) => {
    const expected = textbook(one);
    const found = numbersIn(printed[i]);
    expect([name, found.length]).toEqual([name, expected.length]);
    expect([name, Math.max(...found.map((v, k) => Math.abs(v - expected[k]))) < 1e-12]).toEqual([name, true]);
  });
});
