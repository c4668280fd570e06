import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { sliceLast } from '../../src/tensor/layout.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { readCase, recorded, recorded32 } from '../helpers/reference.js';

/** The notebook the project began with: its two runs in Keras, its manual loop, and the loop whose state leaks from sample to sample. */

const folder = temporaryFolder();
const runs = readCase('', 'notebook');

/** [N, T, K] -> the last step [N, K] */
function lastStep(t: Tensor): Tensor {
  const [N, T, K] = t.shape;
  return sliceLast({ shape: [N, T * K], data: t.data }, (T - 1) * K, T * K);
}

async function files(run: 'N1' | 'N4') {
  const r = runs[run];
  const weights = {
    'rnn_1/Wx': recorded32(r.Wx),
    'rnn_1/Wh': recorded32(r.Wh),
    'rnn_1/bh': recorded32(r.bh),
    'dense_1/Wo': recorded32(r.Wo),
    'dense_1/bo': recorded32(r.bo),
  };
  return {
    weights: folder.write(`${run}-w.npz`, await bytesOf('npz', weights)),
    input: folder.write(`${run}-x.npy`, await bytesOf('npy', { npy: recorded(r.X) })),
    leaky: folder.write(`${run}-leaky.npy`, await bytesOf('npy', { npy: lastStep(recorded(r.leaky)) })),
    manual: folder.write(`${run}-manual.json`, JSON.stringify(r.manual.data.map((sample: number[][]) => sample.at(-1)))),
    everyStep: folder.write(`${run}-steps.npy`, await bytesOf('npy', { npy: recorded(r.manual) })),
  };
}

it.each(['N1', 'N4'] as const)("%s: forward gives Keras' predict", async run => {
  const { weights, input } = await files(run);
  for (const engine of ['manual', 'batched'] as const) {
    const { tensors } = await runForward({ weights, input, engine });
    expectClose(tensors.y, recorded(runs[run].predict), TOLERANCE.float32);
  }
});

it('compare finds the manual loop right', async () => {
  const { weights, input, manual } = await files('N4');
  const result = await runCompare({ weights, input, against: manual });
  expect(result).toMatchObject({ equal: true, exit: 0, mismatched: 0, total: 8 });
});

it('compare names the leaking state: sample 1 right, every later one off', async () => {
  const { weights, input, leaky } = await files('N4');
  const result = await runCompare({ weights, input, against: leaky });
  expect(result).toMatchObject({ equal: false, exit: 1, mismatched: 6, total: 8, firstDifference: { sample: 1, step: 0, layer: 'rnn_1' } });
  expect(result.perSample.map(s => s.ok)).toEqual([true, false, false, false]);
  expect(result.explanations[0]).toMatchObject({ code: 'state-carry', verdict: 'fits' });
  expect(result.explanations[0].residual).toBeLessThan(1e-6);
});

it('compare finds nothing to explain for one sample, and says that the leak cannot show there', async () => {
  const { weights, input, leaky } = await files('N1');
  const result = await runCompare({ weights, input, against: leaky });
  expect(result.equal).toBe(true);
  expect(result.cannotDetect).toContain('state-carry');
});

it('compare says that the other side has a row for each step, and names no cause that the numbers do not show', async () => {
  const { weights, input } = await files('N1');
  const tenByTwo = folder.write(
    '10x2.npy',
    await bytesOf('npy', { npy: { shape: [10, 2], data: new Float64Array(20).map((_, k) => Math.sin(k)) } }),
  );
  const result = await runCompare({ weights, input, against: tenByTwo });
  expect(result).toMatchObject({ equal: false, exit: 1, verdict: 'unexplained' });
  expect(result.evidence.join()).toContain('yours (10,2), right (1,2): one row per time step');
});
