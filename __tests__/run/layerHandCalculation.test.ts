import { handCalculationOf, handCalculationOfLayer } from '../../src/run/handCalculation.js';
import { type MemoryRun, runInMemory } from '../../src/run/inMemory.js';
import { valueNamed } from '../../src/run/valueNamed.js';

/** What a page shows of one box: a layer, a sample, a step. */

const array = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, k) => ((k * 5) % 13) / 8 - 0.75),
});
const runOf = ({ network, weights, input, output }: MemoryRun) => ({ model: network.model, weights, input, output });

it.each([
  ['one direction, then every step of a dense layer', 'gru:3+seq,dense:2'],
  ['two directions, then the last vector', 'bilstm:3,dense:2'],
  ['a stack', 'rnn:3+seq,lstm:4+seq+backwards,dense:2,dense:3@softmax'],
])('the hand calculation of one layer is its part of the whole: %s', async (_, layers) => {
  const run = runOf(await runInMemory({ layers, N: 2, T: 3, D: 2, trace: true, dtype: 'f64' }));
  const all = [...handCalculationOf(run, {})];
  for (const { name } of run.model.layers) {
    for (const sample of [1, 2]) {
      for (const step of [1, 2, 3]) {
        const part = all.filter(s => s.layer === name && s.sample === sample && (s.step === step || s.step === null));
        expect(part.length).toBeGreaterThan(0);
        const plain = (steps: typeof part) =>
          steps.map(({ lines, ...rest }) => [rest, lines.map(({ label, values }) => [label, [...values]])]);
        expect(plain([...handCalculationOfLayer(run, name, sample, step)])).toEqual(plain(part));
      }
    }
  }
  expect([...handCalculationOfLayer(run, 'nothing', 1, 1)]).toEqual([]);
});

it('a dense layer reads the vector of its own sample and step, and ends at the very number of its y', async () => {
  // whose last digits are those of the engine's own sums
  const run = runOf(await runInMemory({ layers: 'rnn:3+seq,dense:2', N: 3, T: 4, D: 2, trace: true }));
  const [h, y] = ['rnn_1', 'dense_1'].map(name => run.output.layers.get(name)!.tensor);
  const dense = [...handCalculationOf(run, {})].filter(({ layer }) => layer === 'dense_1');
  expect(dense.map(({ sample, step, steps }) => [sample, step, steps])).toEqual([1, 2, 3].flatMap(n => [1, 2, 3, 4].map(t => [n, t, 4])));
  dense.forEach(({ given, lines }, at) => {
    expect([...given[0].values]).toEqual([...h.data.slice(at * 3, at * 3 + 3)]);
    expect([...lines.at(-1)!.values]).toEqual([...y.data.slice(at * 2, at * 2 + 2)]);
  });
});

it('a sample, a step or a unit that the run does not have is refused, with how many there are', async () => {
  const run = runOf(await runInMemory({ layers: 'rnn:3+seq,dense:4', N: 2, T: 5, D: 2, trace: true }));
  for (const [zoom, flag, most] of [
    [{ sample: 3 }, '--sample', 2],
    [{ step: 6 }, '--step', 5],
    [{ unit: 5 }, '--unit', 4],
  ] as const) {
    expect(() => handCalculationOf(run, zoom)).toThrow(expect.objectContaining({ code: 'E_ZOOM', where: flag }));
    expect(() => handCalculationOf(run, { [Object.keys(zoom)[0]]: most })).not.toThrow();
  }
});

it('a value of a run is found by the name that layers read it under', async () => {
  const spec = {
    schema: 'rnn-cli/spec@2',
    inputs: [
      { name: 'left', timesteps: 4, features: 2 },
      { name: 'right', timesteps: 5, features: 2 },
    ],
    layers: [
      { kind: 'lstm', name: 'enc', units: 3, inputs: ['left'] },
      { kind: 'lstm', name: 'dec', units: 3, inputs: ['right'], states: ['enc/h', 'enc/c'] },
      { kind: 'dense', name: 'out', units: 2, inputs: ['dec'] },
    ],
  };
  const { network, input, output } = await runInMemory({
    spec,
    input: { x: array(2, 4, 2), others: new Map([['right', array(2, 5, 2)]]) },
    trace: true,
  });
  const value = (name: string | undefined) => valueNamed(name, network.model, input, output)?.tensor;
  const last = (t: { shape: readonly number[]; data: ArrayLike<number> }) =>
    Array.from({ length: t.shape[0] }, (_, n) => Array.from(t.data).slice((n * 4 + 3) * 3, (n * 4 + 4) * 3)).flat();
  const [h, c] = output.layers.get('enc')!.traces![0].states;
  expect(value('left')).toBe(input.x);
  expect(value('right')).toBe(input.others!.get('right'));
  expect(value('out')).toBe(output.y);
  expect([...value('enc/h')!.data]).toEqual(last(h));
  expect([...value('enc/c')!.data]).toEqual(last(c));
  expect([undefined, 'nothing', 'enc/nothing', 'nothing/h'].map(value)).toEqual([undefined, undefined, undefined, undefined]);
});
