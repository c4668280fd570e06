import { seedrandom as stream } from '../../random/seedrandom.js';
import { drawWeights, inputFrom } from '../init.js';
import type { Script } from './script.js';

/** Our own streams, one per tensor, so that no tensor depends on what else is drawn. */
export const seedrandom: Script = {
  name: 'seedrandom',
  promise: stream.promise,
  inputPromise: stream.promise,
  init: null,
  lines: ["seedrandom(seed + '/' + name) for every tensor by its own name; the input is called x"],
  draw: (model, shapes, { seed, init, input }) => ({
    weights: drawWeights(model, shapes, { seed, init, rng: 'seedrandom' }),
    x: input && inputFrom(stream.open(seed), input),
  }),
  drawInput: (seed, wish) => inputFrom(stream.open(seed), wish),
};
