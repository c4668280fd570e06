import { forwardDocument } from '../../src/report/forwardReport.js';
import { toJson } from '../../src/report/json.js';
import { runForward } from '../../src/run/forward.js';
import type { ForwardRequest } from '../../src/run/request.js';
import type { HandLine, HandStep } from '../../src/run/result.js';
import { expectNear } from '../helpers/expectClose.js';

/**
 * The hand calculation writes the equations a second time. It is held to what the manual engine recorded (which recorded Keras and PyTorch
 * outputs hold in turn), and every number to the terms it says it is made of.
 */
const NETWORKS: Record<string, ForwardRequest> = {
  rnn: { layers: 'rnn:4,dense:2' },
  'rnn@relu without bias': { layers: 'rnn:4@relu+nobias,dense:2' },
  lstm: { layers: 'lstm:4,dense:2' },
  'lstm with a projection': { layers: 'lstm:4+proj=2,dense:3', framework: 'torch' },
  'gru, reset after': { layers: 'gru:4,dense:2' },
  'gru, reset before': { layers: 'gru:4+resetbefore,dense:2' },
  'a bidirectional stack': { layers: 'bilstm:3+seq,bigru:4,dense:2@softmax' },
  'backwards, many to many': { layers: 'gru:4+seq+backwards,dense:2@sigmoid' },
};

const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => expectNear(a, b, 1e-12);

/** The line written last under this name. */
function lastLine(step: HandStep, label: string): HandLine {
  return [...step.lines].reverse().find(line => line.label === label)!;
}

describe.each(Object.entries(NETWORKS))('the hand calculation of %s', (_, network) => {
  const request = { ...network, N: 3, T: 5, D: 2, seed: '7', engine: 'manual', trace: true } as const;
  const run = async () => (await runForward(request)).tensors;

  it('ends with the recorded gates and states of every step', async () => {
    const { handCalculation, trace, traceLayers } = await run();
    let steps = 0;
    for (const step of handCalculation!) {
      if (step.kind === 'dense') continue;
      steps++;
      const prefix = step.direction === null ? step.layer : `${step.layer}/${step.direction}`;
      const row = (name: string) => {
        const { shape, data } = trace!.get(`${prefix}/${name}`)!;
        return data.subarray(
          ((step.sample - 1) * shape[1] + step.step! - 1) * shape[2],
          ((step.sample - 1) * shape[1] + step.step!) * shape[2],
        );
      };
      const { gateNames, stateNames } = traceLayers!.find(layer => layer.layer === step.layer)!;
      for (const state of stateNames) close(lastLine(step, `${state}_t`).values, row(state));
      if (gateNames.length > 1) for (const gate of gateNames) close(lastLine(step, gate).values, row(`gates/${gate}`));
    }
    expect(steps).toBe(3 * 5 * traceLayers!.length);
  });

  it('ends with y', async () => {
    const { handCalculation, y } = await run();
    const dense = [...handCalculation!].filter(step => step.kind === 'dense');
    close(
      dense.flatMap(step => [...lastLine(step, 'y').values]),
      y.data,
    );
  });

  it('makes every number of the terms it names', async () => {
    const { handCalculation } = await run();
    const [found, numbers]: [number[][], number[][]] = [[], []];
    for (const { lines } of handCalculation!) {
      for (const line of lines) {
        for (let m = 0; m < line.values.length; m++) {
          const how = line.how(m);
          if (how.kind === 'products') found.push([how.terms.reduce((sum, { a, b }) => sum + a * b, 0), line.values[m]]);
          if (how.kind === 'sum') found.push([how.addends.reduce((sum, { value }) => sum + value, 0), line.values[m]]);
          if (how.kind === 'number') numbers.push([how.value, line.values[m]]);
        }
      }
    }
    close(
      found.map(([sum]) => sum),
      found.map(([, value]) => value),
    );
    expect(numbers.filter(([a, b]) => !Object.is(a, b))).toEqual([]);
  });
});

describe('the part that is asked for', () => {
  it('is one sample and one step, counted from 1', async () => {
    const { tensors } = await runForward({ layers: 'lstm:4+seq,gru:3,dense:2', D: 2, N: 3, T: 5, trace: true, sample: 2, step: 4 });
    expect([...tensors.handCalculation!].map(({ layer, sample, step }) => [layer, sample, step])).toEqual([
      ['lstm_1', 2, 4],
      ['gru_2', 2, 4],
    ]);
  });

  it('must be there', async () => {
    const run = (zoom: Partial<ForwardRequest>) => runForward({ N: 3, T: 5, D: 2, trace: true, ...zoom });
    await expect(run({ step: 6 })).rejects.toMatchObject({ code: 'E_ZOOM', exit: 2, where: '--step' });
    await expect(run({ sample: 4 })).rejects.toMatchObject({ code: 'E_ZOOM', where: '--sample' });
    await expect(run({ unit: 9 })).rejects.toMatchObject({ code: 'E_ZOOM', where: '--unit' });
  });

  it('starts from the other end where the sequence is read backwards', async () => {
    const { tensors } = await runForward({ layers: 'bigru:3,dense:2', D: 2, T: 4, trace: true });
    const backward = [...tensors.handCalculation!].filter(step => step.direction === 'backward');
    expect(backward.map(step => step.step)).toEqual([4, 3, 2, 1]);
    expect(backward[0].given[1]).toEqual({ label: 'h_{t+1}', values: new Float64Array(3) });
    expect(backward[1].equations.join()).toContain('h_{t+1}·Wh_z');
  });

  it('computes nothing at a step of padding', async () => {
    const { tensors } = await runForward({ layers: 'rnn:3,dense:2', D: 2, N: 2, T: 4, trace: true, lengths: '4,2' });
    expect([...tensors.handCalculation!].filter(step => step.masked).map(({ sample, step }) => [sample, step])).toEqual([
      [2, 3],
      [2, 4],
    ]);
  });

  it('is absent for a simulated mistake, whose steps follow no equations', async () => {
    const { tensors } = await runForward({ N: 3, trace: true, simulate: 'state-carry' });
    expect(tensors.handCalculation).toBeUndefined();
  });
});

it('a step alone is a document of that step, with the numbers behind one unit', async () => {
  const request = { layers: 'gru:4,dense:2', N: 2, T: 5, D: 3, trace: true, step: 5, unit: 3 } as const;
  const { steps, trace } = JSON.parse(toJson(forwardDocument(await runForward(request), request)));
  const places = steps.map((s: HandStep) => [s.layer, s.sample, s.step]);
  expect(places).toEqual([
    ['gru_1', 1, 5],
    ['dense_1', 1, null],
    ['gru_1', 2, 5],
    ['dense_1', 2, null],
  ]);
  const [z] = steps[0].lines;
  const { terms } = z.how;
  expect([z.values.length, terms.length, trace]).toEqual([4, 3, undefined]);
  expect(terms.reduce((sum: number, { a, b }: { a: number; b: number }) => sum + a * b, 0)).toBeCloseTo(z.values[2], 12);
});
