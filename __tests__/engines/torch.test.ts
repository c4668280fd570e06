import { torch } from '../../src/conventions/torch/torch.js';
import { getEngine } from '../../src/engines/index.js';
import { checkSpec } from '../../src/model/check.js';
import { totalParameters } from '../../src/model/counts.js';
import { inferShapes } from '../../src/model/shapes.js';
import { isRecurrent, type ModelSpec } from '../../src/model/spec.js';
import { maskOfLengths } from '../../src/run/input/padding.js';
import { concatFirst, swapBatchAndTime } from '../../src/tensor/layout.js';
import { reshape, sliceRow, type Tensor } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { caseIds, readCase, recorded, recorded32 } from '../helpers/reference.js';

/** Every recorded PyTorch module (1.13), described by its state dict alone; its doubles are held to 1e-12 by the manual engine. */

function load(c: any, head: boolean) {
  const tensors = new Map<string, Tensor>(Object.entries(c.state_dict).map(([name, t]) => [name, recorded32(t as never)]));
  if (head && c.head) {
    tensors.set('fc.weight', recorded32(c.head.weight));
    if (c.head.bias) tensors.set('fc.bias', recorded32(c.head.bias));
  }
  const on = head ? c.head?.on : 'all';
  const activation = c.args.nonlinearity === 'relu' ? 'relu' : undefined;
  const read = torch.toSpec(tensors, { task: 'many-to-many', pool: 'last', activation, timesteps: null });
  const at = read.layers.findIndex(l => l.kind === 'dense');
  if (on === 'max' || on === 'last') read.layers.splice(at, 0, { kind: on === 'max' ? 'maxpool' : 'last' });
  const model = checkSpec({ input: read.input, layers: read.layers }, 'torch');
  const shapes = inferShapes(model);
  return { model, shapes, weights: torch.toWeights(shapes, tensors) };
}

function inputOf(c: any, model: ModelSpec) {
  let x = recorded32(c.input);
  if (x.shape.length === 2) x = reshape(x, [1, ...x.shape]);
  if (!c.args.batch_first && c.input.shape.length === 3) x = swapBatchAndTime(x);
  const [N, T, D] = x.shape;
  const longest = c.lengths ? Math.max(...c.lengths) : T;
  if (longest < T) {
    const rows = Array.from({ length: N }, (_, n) => ({ shape: [1, longest, D], data: sliceRow(x, n).data.subarray(0, longest * D) }));
    x = concatFirst(rows);
  }
  const mask = c.lengths && maskOfLengths(c.lengths, longest);
  return { x, mask, initialStates: c.h0 && initialStates(c, model, N) };
}

function initialStates(c: any, model: ModelSpec, N: number): Map<string, readonly Tensor[]> {
  const slots = (r: never) => {
    const t = recorded32(r);
    return t.shape.length === 2 ? reshape(t, [t.shape[0], N, t.shape[1]]) : t;
  };
  const h = slots(c.h0 as never);
  const cell = c.c0 && slots(c.c0 as never);
  const ways = c.args.bidirectional ? 2 : 1;
  return new Map(
    model.layers
      .filter(isRecurrent)
      .map((layer, l) => [
        layer.name,
        Array.from({ length: ways }, (_, d) => [sliceRow(h, l * ways + d), ...(cell ? [sliceRow(cell, l * ways + d)] : [])]).flat(),
      ]),
  );
}

describe.each(['manual', 'batched'] as const)('%s engine', name => {
  const engine = getEngine(name);

  it.each(caseIds('torch'))('puts out what PyTorch does: %s', async id => {
    const c = readCase('torch', id);
    const doubles = name === 'manual';
    const tolerance = doubles ? TOLERANCE.float64 : TOLERANCE.float32;
    const expected = doubles ? c.f64 : c;
    const { model, weights } = load(c, false);
    const input = inputOf(c, model);
    const out = await engine.run(model, weights, input, { dtype: engine.defaultDtype, threads: 1, trace: false });
    const batched = c.input.shape.length === 3;
    const y = c.args.batch_first || !batched ? out.y : swapBatchAndTime(out.y);
    expectClose(batched ? y : sliceRow(y, 0), recorded(expected.output), tolerance);

    const states = model.layers.filter(isRecurrent).map(l => out.layers.get(l.name)!.states!);
    const perDirection = c.c_n ? 2 : 1;
    const stacked = (which: number) =>
      concatFirst(
        states.flatMap(s => s.filter((_, i) => i % perDirection === which)).map(t => (batched ? reshape(t, [1, ...t.shape]) : t)),
      );
    expectClose(stacked(0), recorded(expected.h_n), tolerance);
    if (c.c_n) expectClose(stacked(1), recorded(expected.c_n), tolerance);
  });

  it.each(caseIds('torch').filter(id => readCase('torch', id).head))('puts out what the Linear behind it does: %s', async id => {
    const c = readCase('torch', id);
    const { model, weights } = load(c, true);
    const out = await engine.run(model, weights, inputOf(c, model), { dtype: engine.defaultDtype, threads: 1, trace: false });
    const batched = c.input.shape.length === 3;
    const doubles = name === 'manual';
    expectClose(
      batched ? out.y : sliceRow(out.y, 0),
      recorded(doubles ? c.f64.head_output : c.head_output),
      doubles ? TOLERANCE.float64 : TOLERANCE.float32,
    );
  });
});

it.each(caseIds('torch'))('counts the parameters PyTorch counts: %s', id => {
  const c = readCase('torch', id);
  expect(totalParameters(load(c, true).shapes)).toBe(BigInt(c.params));
});

it.each(caseIds('torch'))('gives back the state dict it was read from, bit for bit: %s', id => {
  const c = readCase('torch', id);
  const { shapes, weights } = load(c, false);
  const written = torch.fromWeights(shapes, weights);
  for (const [entry, t] of Object.entries(c.state_dict))
    expect(written.get(`rnn.${entry}`)).toEqual({ ...recorded32(t as never), dtype: 'f32' });
  expect(written.size).toBe(Object.keys(c.state_dict).length);
});
