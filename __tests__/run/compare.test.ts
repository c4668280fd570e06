import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import type { CompareRequest } from '../../src/run/request.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();
const failure = (request: CompareRequest) =>
  runCompare(request).then(
    () => {
      throw new Error('was accepted');
    },
    ({ code, message, exit }) => ({ code, message, exit }),
  );

/** The network's own y as a file, changed. */
async function changed(name: string, request: CompareRequest, change: (data: Float64Array) => void): Promise<string> {
  const { tensors } = await runForward({ ...request, engine: 'manual' });
  const data = Float64Array.from(tensors.y.data);
  change(data);
  return folder.write(name, await bytesOf('npy', { npy: { shape: tensors.y.shape, data } }));
}

describe('two engines', () => {
  it('are the same within 16 times the float noise, for every cell and shape of network', async () => {
    for (const request of [
      {},
      { cell: 'lstm' },
      { cell: 'gru', N: 5 },
      { layers: 'bilstm:7+seq,gru:3+resetbefore,dense:4@softmax', D: 3, T: 10, N: 3 },
      { task: 'many-to-many', N: 2 },
    ] as CompareRequest[]) {
      const result = await runCompare(request);
      expect(result).toMatchObject({ equal: true, exit: 0, mismatched: 0, sides: { expected: 'manual', actual: 'batched' } });
      expect(result.tolerance.atol).toBeGreaterThanOrEqual(16 * result.tolerance.noise * (1 - 1e-12));
      expect(result.max!.abs).toBeLessThanOrEqual(result.tolerance.atol);
    }
  });

  it('of very many layers: what the input cannot show is looked for in some of them, which is said', async () => {
    const { notes, status } = await runCompare({ layers: 'rnn:3+seq+x120', D: 3, T: 2, seed: '1' });
    expect(status).toBe('SAME');
    const said = notes.find(note => note.startsWith('what this input cannot show was looked for in'))!;
    const [, looked] = /in (\d+) of 120 layers$/.exec(said)!;
    expect(Number(looked)).toBeGreaterThanOrEqual(16);
    expect(Number(looked)).toBeLessThan(110);
    expect(notes.join()).not.toContain('not computed');
  });

  it('need to be two', async () => {
    expect(await failure({ engines: ['manual'] })).toMatchObject({ code: 'E_ENGINES', exit: 2 });
    expect(await failure({ engines: ['manual', 'batched'], against: 'y.npy' })).toMatchObject({ code: 'E_CONFLICT', exit: 2 });
    expect(await failure({ simulate: 'state-carry', against: 'y.npy' })).toMatchObject({ code: 'E_CONFLICT', exit: 2 });
  });
});

describe('the other output', () => {
  it('is held to the tolerance that was asked for: |a − e| ≤ atol + rtol·|e|', async () => {
    const request: CompareRequest = { N: 3, explain: false };
    const against = await changed('off.npy', request, data => {
      data[3] += 1e-3;
    });
    expect(await runCompare({ ...request, against, atol: 2e-3 })).toMatchObject({
      equal: true,
      tolerance: { mode: 'fixed', atol: 2e-3, rtol: 0 },
    });
    const off = await runCompare({ ...request, against, atol: 1e-4 });
    expect(off).toMatchObject({
      equal: false,
      exit: 1,
      mismatched: 1,
      total: 6,
      max: { index: [1, 1] },
      firstDifference: { sample: 1, step: null, layer: null },
    });
    expect(off.max!.abs).toBeCloseTo(1e-3, 6);
    expect(off.perSample.map(s => s.ok)).toEqual([true, false, true]);
    expect((await runCompare({ ...request, against, rtol: 1e-7 })).equal).toBe(false);
    expect((await runCompare({ ...request, against, rtol: 9 })).equal).toBe(true);
  });

  it('parts at a step where the output is a sequence', async () => {
    const request: CompareRequest = { N: 2, task: 'many-to-many', explain: false };
    const against = await changed('seq.npy', request, data => {
      data[(1 * 10 + 4) * 2] += 0.5;
    });
    const result = await runCompare({ ...request, against });
    expect(result.firstDifference).toMatchObject({ sample: 1, step: 4 });
    expect(result.perStep!.map(s => s.ok)).toEqual(Array.from({ length: 10 }, (_, t) => t !== 4));
  });

  it('may lack the axes of size 1', async () => {
    const { tensors } = await runForward({ engine: 'manual' });
    const against = folder.write('squeezed.npy', await bytesOf('npy', { npy: { shape: [2], data: Float64Array.from(tensors.y.data) } }));
    expect((await runCompare({ against })).equal).toBe(true);
  });

  it('differs where a number is not one, and agrees where both are', async () => {
    const against = await changed('nan.npy', { N: 2, explain: false }, data => {
      data[2] = Number.NaN;
    });
    const result = await runCompare({ N: 2, against, explain: false });
    expect(result).toMatchObject({ equal: false, mismatched: 1, max: { abs: Infinity, index: [1, 0] } });
  });

  it('is not explained where nobody wants it', async () => {
    const against = await changed('quiet.npy', { N: 2 }, data => {
      data[0] += 1;
    });
    expect((await runCompare({ N: 2, against, explain: false })).explanations).toEqual([]);
  });

  it('is called unexplained rather than wrongly', async () => {
    const against = await changed('noise.npy', { N: 3, T: 4 }, data => {
      data.forEach((v, k) => {
        data[k] = v * 0.37 + Math.sin(k * 12.9898) * 0.1;
      });
    });
    const result = await runCompare({ N: 3, T: 4, against });
    expect(result.explanations.filter(e => e.verdict === 'fits')).toEqual([]);
  });
});

describe('a mistake put in on purpose', () => {
  it('state-carry: sample 1 right, every later one off, named', async () => {
    const result = await runCompare({ N: 4, simulate: 'state-carry' });
    expect(result).toMatchObject({
      equal: false,
      exit: 1,
      simulated: 'state-carry',
      verdict: 'fits',
    });
    expect(result.explanations[0]).toMatchObject({ code: 'state-carry', verdict: 'fits', layers: ['rnn_1'] });
    expect(result.perSample.map(s => s.ok)).toEqual([true, false, false, false]);
  });

  it('is refused where it cannot happen, and by name where nobody knows it', async () => {
    expect(await failure({ N: 1, simulate: 'state-carry' })).toMatchObject({ code: 'E_SIMULATE', exit: 3 });
    expect(await failure({ N: 4, simulate: 'state-cary' })).toMatchObject({ code: 'E_UNKNOWN_CODE' });
  });
});
