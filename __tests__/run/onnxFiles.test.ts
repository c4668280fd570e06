import { runCompare } from '../../src/run/compare.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { runForward } from '../../src/run/forward.js';
import { openModel } from '../../src/run/network/network.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withArraysFile } from '../helpers/inputFile.js';
import { caseIds, flat, readCase, recorded, referencePath } from '../helpers/reference.js';

/** What PyTorch exported, at opsets 11 to 14, with and without dynamic axes. */
const TORCH = caseIds('models/torch');

function inputsOf(c: any): Map<string, any> {
  return new Map(Object.entries(c.inputs).map(([name, r]) => [name, recorded(r as never)]));
}

describe.each(['manual', 'batched'] as const)('ONNX files that PyTorch exported, on %s', engine => {
  it('has the recorded networks', () => expect(TORCH.length).toBe(6));

  it.each(TORCH)('%s.onnx', async id => {
    const c = readCase('models/torch', id);
    await withArraysFile(inputsOf(c), async input => {
      const result = await runForward({ model: referencePath('models/torch', `${id}.onnx`), input, engine });
      const [[first, y], ...others] = Object.entries(c.outputs);
      expect(first).toBeTruthy();
      expectClose(result.tensors.y, recorded(y as never), TOLERANCE.float32);
      for (const [name, r] of others) {
        const found = result.states.final[name];
        if (found === undefined) continue;
        const worst = flat(found as never).reduce((most, v, k) => Math.max(most, Math.abs(v - flat((r as any).data)[k])), 0);
        expect(worst).toBeLessThan(TOLERANCE.float32);
      }
    });
  });
});

describe('an exported network of layers', () => {
  const chains = TORCH.filter(id => id !== 'lstm_states_io_op14');

  it.each(chains)('%s.onnx is read as layers', async id => {
    const opened = await openModel({ model: referencePath('models/torch', `${id}.onnx`) });
    expect(opened!.graph!.layers).toMatchObject({ exact: true });
  });
});

describe('single nodes as files', () => {
  it.each(caseIds('onnx'))('%s.onnx', async id => {
    const c = readCase('onnx', id);
    await withArraysFile(inputsOf(c), async input => {
      const result = await runForward({ model: referencePath('onnx', `${id}.onnx`), input });
      expectClose(result.tensors.y, recorded(c.outputs.Y), TOLERANCE.float32);
      for (const name of Object.keys(c.outputs).slice(1)) expect(result.states.final[name]).toBeDefined();
    });
  });

  it('compare sets both engines side by side', async () => {
    const c = readCase('onnx', 's01_lstm_peepholes_random');
    await withArraysFile(inputsOf(c), async input => {
      const result = await runCompare({ model: referencePath('onnx', 's01_lstm_peepholes_random.onnx'), input });
      expect(result.equal).toBe(true);
    });
  });
});

/** A trained network on 360 test images; labels and what Keras and PyTorch put out are beside it. */
describe('digits', () => {
  const array = async (name: string) => {
    const file = await readTensorFile(referencePath('digits', name));
    return [...file.tensors.values()][0];
  };

  it.each([
    ['digits.keras', 'digits_test_y_keras.npy', 0.936],
    ['digits_torch.onnx', 'digits_test_y_torch.npy', 0.953],
    ['digits_torch.safetensors', 'digits_test_y_torch.npy', 0.953],
    ['digits_torch.pt', 'digits_test_y_torch.npy', 0.953],
  ])('%s gives what its framework gave, and is right as often', async (model, recordedY, right) => {
    const { tensors } = await runForward({
      model: referencePath('digits', model),
      input: referencePath('digits', 'digits_test_x_f32.npy'),
      // a state dict does not say how its Linear reads the sequence
      ...(/safetensors|pt$/.test(model) ? { pool: 'max' as const } : {}),
    });
    expectClose(tensors.y, await array(recordedY), 5e-6);
    const labels = await array('digits_test_labels.npy');
    const hits = Array.from(labels.data).reduce(
      (sum, label, n) => sum + (argmax(tensors.y.data.subarray(n * 10, n * 10 + 10)) === label ? 1 : 0),
      0,
    );
    expect(hits / labels.data.length).toBeCloseTo(right, 3);
  });
});

function argmax(row: Float32Array | Float64Array): number {
  return Array.from(row).reduce((best, v, k) => (v > row[best] ? k : best), 0);
}
