import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { referencePath } from '../helpers/reference.js';

/** `--output NAME`: what that output does not need is neither run nor read. */
const { write } = temporaryFolder();
const wave = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + 1)),
});

it.each(['multi_out.keras', 'live_split_dict.keras', 'bidir_return_state.keras', 'live_shared_in_order.keras'])(
  'each output alone is as it is beside the others: %s',
  async file => {
    const model = referencePath('keras_models', file);
    const all = await runForward({ model, seed: '3' });
    for (const { name, y } of all.outputs) {
      const one = await runForward({ model, seed: '3', output: name });
      expect([one.y, one.outputs.map(o => o.name)]).toEqual([y, [name]]);
    }
    await expect(runForward({ model, output: 'none' })).rejects.toMatchObject({ code: 'E_OUTPUT_NAME' });
  },
);

it('weights that are not needed are not read', async () => {
  const model = write(
    'two.json',
    Buffer.from(
      JSON.stringify({
        input: { timesteps: 3, features: 2 },
        layers: [
          { kind: 'rnn', units: 4, name: 'a' },
          { kind: 'dense', units: 2, name: 'b' },
          { kind: 'dense', units: 1, name: 'c', inputs: ['a'] },
        ],
        outputs: ['b', 'c'],
      }),
    ),
  );
  const broken = { shape: [4, 1], data: new Float32Array(4).fill(Number.NaN) };
  const tensors = {
    'a/Wx': wave(2, 4),
    'a/Wh': wave(4, 4),
    'a/bh': wave(4),
    'b/Wo': wave(4, 2),
    'b/bo': wave(2),
    'c/Wo': broken,
    'c/bo': wave(1),
  };
  const weights = write('w.npz', await bytesOf('npz', tensors));
  const request = { model, weights, strictFinite: true };
  await expect(runForward(request)).rejects.toMatchObject({ code: 'E_NOT_FINITE' });
  await expect(runForward({ ...request, output: 'c' })).rejects.toMatchObject({ code: 'E_NOT_FINITE' });
  expect((await runForward({ ...request, output: 'b' })).shape).toEqual([1, 2]);
});
