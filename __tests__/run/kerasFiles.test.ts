import { runForward } from '../../src/run/forward.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withInputFile } from '../helpers/inputFile.js';
import { caseIds, readCase, recorded, referencePath } from '../helpers/reference.js';

/** Seven networks that Keras saved in each of its formats, with the input and output it recorded. */
const NETWORKS = caseIds('models/keras').filter(id => id !== 'keras2_layout_synthetic_lstm_dense');

async function forward(file: string, c: any, extra: object = {}) {
  return withInputFile(recorded(c.input), input => runForward({ model: referencePath('models/keras', file), input, ...extra }));
}

describe('Keras model files', () => {
  it('has the seven recorded networks', () => expect(NETWORKS.length).toBe(7));

  for (const id of NETWORKS) {
    it.each(['.keras', '.h5'])(`${id}%s gives the recorded output`, async extension => {
      const c = readCase('models/keras', id);
      const { tensors } = await forward(`${id}${extension}`, c);
      expectClose(tensors.y, recorded(c.output), TOLERANCE.float32);
    });

    it.each(['.weights.h5', '.npz'])(`${id}%s as weights of its architecture gives the recorded output`, async extension => {
      const c = readCase('models/keras', id);
      const { tensors } = await forward(`${id}.keras`, c, { weights: referencePath('models/keras', `${id}${extension}`) });
      expectClose(tensors.y, recorded(c.output), TOLERANCE.float32);
    });
  }

  it('reads the layout of Keras 2', async () => {
    const c = readCase('models/keras', 'keras2_layout_synthetic_lstm_dense');
    const { tensors } = await forward('keras2_layout_synthetic_lstm_dense.h5', c);
    expectClose(tensors.y, recorded(c.output), TOLERANCE.float32);
  });
});

describe('Keras weights alone', () => {
  it.each(['lstm_dense', 'simple_rnn_dense'])('%s: .weights.h5 and .npz determine the network but for its activations', async id => {
    const c = readCase('models/keras', id);
    const a = await forward(`${id}.weights.h5`, c);
    const b = await forward(`${id}.npz`, c);
    expect(a.shape).toEqual(c.output.shape ?? recorded(c.output).shape);
    expect(a.ySha256).toBe(b.ySha256);
  });
});
