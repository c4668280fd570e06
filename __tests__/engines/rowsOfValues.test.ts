import { runInMemory } from '../../src/run/inMemory.js';

/** While N is open, a value of a fixed number of rows may fit a network by its description, and not the samples it is given. */
const operand = (...data: number[]) => ({ type: 'int', shape: [data.length], data });
const input = (N: number) => ({ x: { shape: [N, 6, 4], data: Float64Array.from({ length: 24 * N }, (_, i) => Math.sin(i)) } });
const fixed = (...sizes: number[]) => [
  { kind: 'op', op: 'ReduceMax', name: 'most', inputs: ['x'], attributes: { axes: [0, 1], keepdims: 0 } },
  { kind: 'op', op: 'Reshape', name: 'rows', inputs: ['most'], operands: [null, operand(2, 2)] },
  { kind: 'op', op: 'Concat', name: 'fixed', inputs: sizes.map(() => 'rows'), attributes: { axis: 1 } },
];
const spec = (layer: object, ...sizes: number[]) => ({
  schema: 'rnn-cli/spec@2',
  inputs: [{ name: 'x', timesteps: 6, features: 4 }],
  layers: [...fixed(...sizes), { kind: 'gru', name: 'gru', units: 6, inputs: ['x'], ...layer }],
});

it.each(['batched', 'manual'] as const)('%s: an initial state has a row for each sample', async engine => {
  const run = async (N: number) =>
    (await runInMemory({ spec: spec({ states: ['fixed'] }, 1, 2, 3), input: input(N), engine })).output.y.shape;
  await expect(run(2)).resolves.toEqual([2, 6]);
  for (const N of [1, 3, 5])
    await expect(run(N)).rejects.toMatchObject({ code: 'E_STATE_SHAPE', where: 'gru', expected: `[${N}, 6]`, found: '[2, 6]' });
});

it.each(['batched', 'manual'] as const)('%s: a mask has a number for each step of each sample', async engine => {
  const run = async (N: number) => (await runInMemory({ spec: spec({ mask: 'fixed' }, 1, 2, 3), input: input(N), engine })).output.y.shape;
  await expect(run(2)).resolves.toEqual([2, 6]);
  for (const N of [1, 3, 5]) await expect(run(N)).rejects.toMatchObject({ code: 'E_MASK', expected: `[${N}, 6]`, found: '[2, 6]' });
});
