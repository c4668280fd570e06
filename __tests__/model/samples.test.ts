import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manual } from '../../src/engines/manual.js';
import { checkSpec } from '../../src/model/check.js';
import { samplesAreIndependent } from '../../src/model/samples.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { sliceFirst } from '../../src/tensor/layout.js';
import { drawNetwork } from '../../src/weights/draw.js';
import { runCli } from '../helpers/runCli.js';

interface Op {
  readonly op: string;
  /** constants of the operator; null: the value before */
  readonly operands?: readonly (null | { readonly type: string; readonly shape: readonly number[]; readonly data: readonly number[] })[];
  readonly attributes?: Record<string, unknown>;
  readonly inputs?: readonly string[];
}

const ints = (...data: number[]) => ({ type: 'int', shape: [data.length], data });
const floats = (shape: readonly number[]) => ({
  type: 'float',
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i + 1)),
});
const N = 4;

/** An LSTM of 6 units at every step, [N, 5, 6], and operators on it. */
function network(ops: readonly Op[]) {
  const model = checkSpec(
    {
      functional: true,
      input: { timesteps: 5, features: 3 },
      layers: [
        { kind: 'lstm', name: 'lstm', units: 6, returnSequences: true, inputs: ['input'] },
        ...ops.map(({ op, operands = null, attributes = {}, inputs }, i) => ({
          kind: 'op',
          name: `op_${i + 1}`,
          op,
          operands,
          attributes,
          inputs: inputs ?? [i === 0 ? 'lstm' : `op_${i}`],
        })),
      ],
    },
    'keras',
  );
  return { model, shapes: inferShapes(model) };
}

/** Whether every sample can be computed alone, and has then the row that it has among all. */
async function isApart(ops: readonly Op[]): Promise<boolean> {
  const { model, shapes } = network(ops);
  const drawn = drawNetwork(model, weightShapesByLayer(shapes), {
    seed: 's',
    rng: 'seedrandom',
    frameworkInit: 'keras',
    input: { shape: [N, 5, 3], tokens: null },
  });
  const [x, weights] = [drawn.x!, drawn.weights];
  const run = async (part: typeof x) => (await manual.run(model, weights, { x: part }, { dtype: 'f64', trace: false })).y;
  const all = await run(x);
  for (let n = 0; n < N; n++) {
    const one = await run(sliceFirst(x, n, n + 1)).catch(() => undefined);
    if (!one) return false;
    if (all.shape[0] !== N || one.shape[0] !== 1) return false;
    const row = sliceFirst(all, n, n + 1).data;
    if (row.length !== one.data.length || row.some((v, k) => Math.abs(v - one.data[k]) > 1e-12)) return false;
  }
  return true;
}

const mean = (axes: number[], keepdims = 1): Op => ({ op: 'ReduceMean', operands: [null, ints(...axes)], attributes: { keepdims } });

const APART: Record<string, readonly Op[]> = {
  'a mean over time': [mean([1], 0)],
  'what is left of it': [mean([1]), { op: 'Sub', inputs: ['lstm', 'op_1'] }],
  'a constant for all samples': [{ op: 'Mul', operands: [null, floats([5, 6])] }],
  'a constant with an axis of 1': [{ op: 'Add', operands: [null, floats([1, 5, 1])] }],
  'a product with a matrix': [{ op: 'MatMul', operands: [null, floats([6, 2])] }],
  'a product of two sequences': [
    { op: 'Transpose', attributes: { perm: [0, 2, 1] } },
    { op: 'MatMul', inputs: ['lstm', 'op_1'] },
  ],
  'an einsum with the samples in front': [{ op: 'Einsum', attributes: { equation: 'ntd,nsd->nts' }, inputs: ['lstm', 'lstm'] }],
  'a softmax over features': [{ op: 'Softmax', attributes: { axis: -1 } }],
  'a reshape within the sample': [{ op: 'Reshape', operands: [null, ints(0, 3, 10)] }],
  'a flat sample': [{ op: 'Flatten' }],
  'sizes from the shape': [
    { op: 'Shape', inputs: ['lstm'] },
    { op: 'Reshape', inputs: ['lstm', 'op_1'] },
  ],
  'some steps': [{ op: 'Slice', operands: [null, ints(1), ints(4), ints(1), ints(1)] }],
  'the last step': [{ op: 'Gather', operands: [null, { type: 'int', shape: [], data: [-1] }], attributes: { axis: 1 } }],
  'two sequences side by side': [{ op: 'Concat', attributes: { axis: 2 }, inputs: ['lstm', 'lstm'] }],
  'steps behind each other': [{ op: 'Concat', attributes: { axis: 1 }, inputs: ['lstm', 'lstm'] }],
  'sums along time': [{ op: 'CumSum', operands: [null, ints(1)] }],
  'the largest two of a step': [{ op: 'TopK', operands: [null, ints(2)], attributes: { axis: -1 } }],
  'steps in front': [{ op: 'Pad', operands: [null, ints(0, 2, 0, 0, 0, 0)] }],
  'a further axis behind': [{ op: 'Unsqueeze', operands: [null, ints(2)] }],
  'each sample twice as long': [{ op: 'Tile', operands: [null, ints(1, 2, 1)] }],
};

const MIXED: Record<string, readonly Op[]> = {
  'a mean over samples': [mean([0]), { op: 'Sub', inputs: ['lstm', 'op_1'] }],
  'a mean over everything': [
    { op: 'ReduceMean', attributes: { keepdims: 0 } },
    { op: 'Sub', inputs: ['lstm', 'op_1'] },
  ],
  'a softmax over samples': [{ op: 'Softmax', attributes: { axis: 0 } }],
  'a softmax over samples, counted from behind': [{ op: 'Softmax', attributes: { axis: -3 } }],
  'sums along samples': [{ op: 'CumSum', operands: [null, ints(0)] }],
  'time in front, and a step taken there': [
    { op: 'Transpose', attributes: { perm: [1, 0, 2] } },
    { op: 'Gather', operands: [null, { type: 'int', shape: [], data: [0] }], attributes: { axis: 1 } },
  ],
  'samples against samples': [
    mean([1], 0),
    { op: 'Transpose', attributes: { perm: [1, 0] } },
    { op: 'MatMul', inputs: ['op_1', 'op_2'] },
    { op: 'MatMul', inputs: ['op_3', 'op_1'] },
  ],
  'every sample against every one, along an axis of its own': [
    { op: 'Unsqueeze', operands: [null, ints(1)] },
    { op: 'Transpose', attributes: { perm: [0, 2, 1] }, inputs: ['lstm'] },
    { op: 'MatMul', inputs: ['op_1', 'op_2'] },
  ],
  'a matrix of samples in a product with another': [
    mean([1], 0),
    { op: 'Slice', operands: [null, ints(0), ints(4), ints(1), ints(1)] },
    { op: 'MatMul', inputs: ['op_2', 'op_1'] },
  ],
  'a matrix of samples in a product with a sequence': [
    mean([1], 0),
    { op: 'Slice', operands: [null, ints(0), ints(4), ints(2), ints(1)], inputs: ['lstm'] },
    { op: 'MatMul', inputs: ['op_2', 'op_1'] },
  ],
  'samples in another order': [{ op: 'Slice', operands: [null, ints(-1), ints(-9), ints(0), ints(-1)] }],
  'a matrix of samples beside a sequence of samples': [
    mean([1], 0),
    { op: 'ReduceMax', operands: [null, ints(0)], attributes: { keepdims: 0 } },
    { op: 'Add', inputs: ['lstm', 'op_2'] },
  ],
  'an einsum over samples': [{ op: 'Einsum', attributes: { equation: 'ntd,mtd->nm' }, inputs: ['lstm', 'lstm'] }],
  'the largest of samples': [{ op: 'TopK', operands: [null, ints(1)], attributes: { axis: 0 } }],
  'divided by how many there are': [
    { op: 'Shape', inputs: ['lstm'] },
    { op: 'Gather', operands: [null, { type: 'int', shape: [], data: [0] }] },
    { op: 'Cast', attributes: { to: 1 } },
    { op: 'Div', inputs: ['lstm', 'op_3'] },
  ],
};

describe('samples that are computed each for itself', () => {
  it.each(Object.keys(APART))('%s: so it is said, and so it is', async name => {
    const { model, shapes } = network(APART[name]);
    expect([samplesAreIndependent(model, shapes), await isApart(APART[name])]).toEqual([true, true]);
  });

  it.each(Object.keys(MIXED))('%s: not so', async name => {
    const { model, shapes } = network(MIXED[name]);
    expect([samplesAreIndependent(model, shapes), await isApart(MIXED[name])]).toEqual([false, false]);
  });
});

describe('a network whose samples depend on each other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-samples-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const spec = join(folder, 'mean.json');
  writeFileSync(
    spec,
    JSON.stringify({
      functional: true,
      input: { timesteps: 5, features: 3 },
      layers: [
        { kind: 'gru', name: 'gru', units: 4, inputs: ['input'] },
        { kind: 'op', name: 'mean', op: 'ReduceMean', operands: [null, ints(0)], attributes: { keepdims: 1 }, inputs: ['gru'] },
        { kind: 'op', name: 'rest', op: 'Sub', inputs: ['gru', 'mean'] },
      ],
    }),
  );
  const x = join(folder, 'x.csv');
  writeFileSync(x, Array.from({ length: 200 }, (_, row) => `${row / 90},${(row % 5) / 5},1\n`).join(''));

  it.each([
    ['--rows', '0:3'],
    ['--chunk', '2', '-o', join(folder, 'y.npy')],
  ])('is not run with %s, which takes some of them alone', async (...flag) => {
    const { exit, stderr } = await runCli(['forward', spec, '-i', x, '--T', '5', ...flag, '--framework', 'keras']);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('the samples of this network depend on each other')]);
  });

  it.each([
    [32, []],
    [33, [['batch', '33']]],
    [40, [['batch', '40']]],
  ])('of %i samples names the batch where predict would take 32 at a time', async (N, batch) => {
    const { stdout } = await runCli(['forward', spec, '--N', String(N), '--framework', 'keras', '--json']);
    const said: { fact: string; value: string }[] = JSON.parse(stdout).assumptions;
    expect(said.filter(({ fact }) => fact === 'batch').map(({ fact, value }) => [fact, value])).toEqual(batch);
  });
});
