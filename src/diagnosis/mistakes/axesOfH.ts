import type { RecurrentSpec } from '../../model/spec.js';
import { permuteAxes, takeAlong } from '../../tensor/axes.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { changeLayer, changeLoop, finished, inEach, inLoops, mistake, recurrentLayers, type Scenario, type Way } from '../mistake.js';
import { atEveryStep } from './heads.js';

/** Mistakes with the axes of the hidden states [N, T, M]: units for steps, samples for steps. */

/** [N, T, M] -> the last unit at every step [N, T] */
const lastUnit = (t: Tensor) =>
  t.shape.length === 3
    ? reshape(
        takeAlong(t, 2, 1, () => t.shape[2] - 1),
        t.shape.slice(0, 2),
      )
    : t;

export const unitForStep = mistake('unit-for-step', 'steps and units of h are mixed up', ['alone'], {
  why: 'The last two axes of the hidden states [N, T, M] are mixed up: one unit at every step is used instead of every unit at one step. No shape shows it, because T = M.',
  numpy: 'y = hs[:, -1] @ Wo + bo       # ← the last step; hs[:, :, -1] is the last unit',
  torch: 'y = fc(out[:, -1])            # ← the last step; out[:, :, -1] is the last unit',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const T = scenario.input.x.shape[1];
    const widthOf = (l: RecurrentSpec) => (l.projection ?? l.units) * (l.bidirectional === 'concat' ? 2 : 1);
    const layers = recurrentLayers(scenario).filter(l => T > 1 && widthOf(l) === T);
    const same = `(T = M = ${T}, so no shape shows it)`;
    return [
      ...inEach(
        layers.filter(l => !l.returnSequences),
        (s, l) => changeLoop(changeLayer(s, l.name, { returnSequences: true }), l.name, { merged: lastUnit }),
        { why: `The last unit of @ at every step is used instead of every unit at the last step: out[:, :, -1], not out[:, -1] ${same}.` },
      ),
      ...inLoops(
        layers.filter(l => l.returnSequences),
        { merged: t => (t.shape.length === 3 ? permuteAxes(t, [0, 2, 1]) : t) },
        {
          why: `What @ gives has its steps and units exchanged: [N, M, T] where [N, T, M] is expected ${same}.`,
          fix: {
            numpy: 'y = hs @ Wo + bo              # ← hs [N, T, M] as it is, no transpose(0, 2, 1)',
            torch: 'out, h_n = rnn(x)             # ← out as it is, no permute(0, 2, 1)',
          },
        },
      ),
    ];
  },
});

/** The mean over the samples, in that many rows. */
function overSamples(t: Tensor, rows: number): Tensor {
  const [N] = t.shape;
  const size = t.data.length / N;
  const data = new Float64Array(rows * size);
  for (let k = 0; k < t.data.length; k++) data[k % size] += t.data[k] / N;
  for (let row = 1; row < rows; row++) data.copyWithin(row * size, 0, size);
  return { shape: [rows, ...t.shape.slice(1)], data };
}

export const samplesAveraged = mistake('samples-averaged', 'h is averaged over the samples', ['alone'], {
  why: 'The mean is taken over the samples (axis 0) instead of over the steps (axis 1), or where none was meant.',
  numpy: 'y = hs.mean(axis=1) @ Wo + bo  # ← axis 1: the steps of [N, T, M]; axis 0 are the samples. Or none: hs[:, -1]',
  torch: 'y = fc(out.mean(dim=1))        # ← dim=1: the steps, with batch_first=True. Or none: out[:, -1]',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const last = recurrentLayers(scenario).at(-1);
    const [N, T] = scenario.input.x.shape;
    if (!last || N < 2) return [];
    const averaged = (s: Scenario, rows: number) => changeLoop(s, last.name, { merged: t => overSamples(t, rows) });
    const way = (more: Partial<Way>, change: Way['change'], rows: string): Way => ({
      ...{ layer: last.name, needs: 'all', change, ...more },
      why: `What ${last.name} gives is averaged over all ${N} samples: ${rows}.`,
    });
    return [
      way({}, s => averaged(s, N), 'the same row for every sample'),
      way({ unsearched: true }, s => averaged(s, 1), 'one row is left (h.mean(axis=0))'),
      // recognised by the shape [T, K], unless T = N
      way(
        { unsearched: T !== N },
        s => {
          const every = atEveryStep(s);
          return every && finished(averaged(every, 1), y => (y.shape.length === 3 ? reshape(y, y.shape.slice(1)) : y));
        },
        'a row for each step is left (hs.mean(axis=0))',
      ),
    ];
  },
});
