import { readFileSync } from 'node:fs';
import { readTensors } from '../../src/formats/index.js';
import { runForward } from '../../src/run/forward.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { referencePath } from '../helpers/reference.js';

/**
 * Weights that Keras 3.15.1 saved without a description (`save_weights('w.h5')`), with an input and the output of the model they came from. In the
 * files the links of a group sort as text; the order of layers is the attribute `layer_names`, that of weights `weight_names`.
 */
const path = (file: string) => referencePath('keras_legacy', file);

async function recordedArray(file: string) {
  const { tensors } = await readTensors(readFileSync(path(file)), { nameHint: file });
  return [...tensors.values()][0];
}

describe("legacy weights of Keras are taken in the order of the file's layer_names", () => {
  it.each([
    ['w_order', 'an LSTM before a Dense whose name sorts first, both as wide as the input'],
    ['w_order2', 'an LSTM before a Dense whose name sorts first'],
    ['w_seq', 'enc before dec, two layers of one shape'],
    ['w_stack', 'lstm_9 before lstm_10'],
  ])('%s: %s', async id => {
    const { tensors } = await runForward({ weights: path(`${id}.h5`), input: path(`${id}_x.npy`) });
    expectClose(tensors.y, await recordedArray(`${id}_y.npy`), TOLERANCE.float32);
  });
});
