/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { readFileSync } from 'node:fs';
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { runEmit, runForward } from '../../src/run/forward.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { bytesOf, flat, temporaryFolder } from '../helpers/files.js';
import { numbersIn, printedByNumpy, withNumpy } from '../helpers/python.js';
import { recorded32, referencePath } from '../helpers/reference.js';

/** Softmax, log_softmax and sparsemax inside cells, where they see the units of one gate of one sample, with what Keras gives. */
interface Case {
  readonly name: string;
  readonly model: object;
  readonly weights: readonly { readonly shape: number[]; readonly data: number[] }[];
  readonly x: { readonly shape: number[]; readonly data: number[] };
  readonly y: { readonly shape: number[]; readonly data: number[] };
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync(referencePath('kerasRowFunctions.json'), 'utf8'));
const named = cases.map(c => [c.name, c] as const);
const folder = temporaryFolder();

async function requestOf({ name, model, weights, x }: Case) {
  const arrays = Object.fromEntries(weights.map((w, i): [string, Tensor] => [`arr_${i}`, recorded32(w)]));
  return {
    model: folder.write(`${name}.json`, JSON.stringify(model)),
    weights: folder.write(`${name}.npz`, await bytesOf('npz', arrays)),
    input: folder.write(`${name}.x.npy`, await bytesOf('npy', { npy: recorded32(x) })),
  };
}

function expectNear(found: readonly number[], expected: readonly number[], relative: number): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  found.forEach((v, k) => {
    expect(Math.abs(v - expected[k])).toBeLessThanOrEqual(relative * scale);
  });
}

it.each(named)('%s: every engine gives what Keras gives', async (_, one) => {
  const request = await requestOf(one);
  for (const engine of ['batched', 'manual', ...((await isInstalled()) ? (['onnxruntime'] as const) : [])] as const) {
    const { y, shape } = await runForward({ ...request, engine });
    expect(shape).toEqual(one.y.shape);
    expectNear(flat(y), one.y.data, 2e-6);
  }
});

it('in float64 the engines agree in every digit that it has', async () => {
  for (const one of cases) {
    const request = { ...(await requestOf(one)), dtype: 'f64' } as const;
    const [manual, batched] = await Promise.all((['manual', 'batched'] as const).map(engine => runForward({ ...request, engine })));
    expectNear(flat(batched.y), flat(manual.y), 1e-14);
  }
});

it('by hand the last step is what Keras gives', async () => {
  for (const one of cases.filter(c =>
    ['simple_rnn_softmax', 'gru_sparsemax_gates', 'gru_reset_before', 'lstm_softmax_gates'].includes(c.name),
  )) {
    const { tensors } = await runForward({ ...(await requestOf(one)), trace: true, sample: 2, step: 3 });
    const [step] = tensors.handCalculation!;
    const h = step.lines.find(line => line.label === 'h_t')!;
    expectNear([...h.values], one.y.data.slice(h.values.length), 2e-6);
    expect(step.lines.some(line => /^(softmax|log_softmax|sparsemax)\(/.test(line.formula))).toBe(true);
  }
});

withNumpy('as a NumPy script they print what Keras gives', async () => {
  const single = cases.filter(c => !['cells', 'bidirectional_softmax'].includes(c.name));
  const scripts = await Promise.all(single.map(async one => (await runEmit(await requestOf(one), 'numpy')).script));
  printedByNumpy(scripts).forEach((printed, i) => {
    expectNear(numbersIn(printed), single[i].y.data, 2e-6);
  });
});
