/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { join } from 'node:path';
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input/input.js';
import { runShapes } from '../../src/run/shapes.js';
import { bytesOf, flat, temporaryFolder } from '../helpers/files.js';

/** Layers and operators that change images, beside what keras_models holds of them: ONNX Runtime, and what is refused. */
const recorded = join(__dirname, '..', 'reference', 'keras_models');
const folder = temporaryFolder();

it.each(['image_resizing', 'image_whole', 'image_contrast', 'image_colours', 'segments_counted'])(
  'ONNX Runtime gives what Keras gave for %s',
  async name => {
    if (!(await isInstalled())) return;
    const { tensors } = await readArrays(join(recorded, `${name}.y.npz`), []);
    const [model, input] = [`${name}.keras`, `${name}.x.npy`].map(file => join(recorded, file));
    const { outputs } = await runForward({ model, input, engine: 'onnxruntime' });
    [...tensors.values()].forEach(({ shape, data }, i) => {
      expect(outputs[i].shape).toEqual(shape);
      const scale = Math.max(...data.map(Math.abs));
      const off = flat(outputs[i].y).map((v, k) => Math.abs(v - data[k]));
      // halfway between two whole numbers its last digit rounds to the other one, here and there
      const others = off.filter(v => v > 1e-5 * scale);
      expect(others.length).toBeLessThanOrEqual(name === 'image_whole' ? off.length / 20 : 0);
      expect(Math.max(0, ...others)).toBeLessThanOrEqual(Math.max(...data) > 1.5 ? 1 : 1 / 254);
    });
  },
);

/** One layer behind an input of this shape and type. */
function oneLayer(class_name: string, config: object, shape: (number | null)[], dtype = 'float32'): string {
  const tensor = { class_name: '__keras_tensor__', config: { shape: [null, ...shape], dtype, keras_history: ['x', 0, 0] } };
  const layers = [
    { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_shape: [null, ...shape], dtype }, inbound_nodes: [] },
    { module: 'keras.layers', class_name, name: 'y', config: { name: 'y', ...config }, inbound_nodes: [{ args: [tensor], kwargs: {} }] },
  ];
  const model = { class_name: 'Functional', config: { name: 'one', layers, input_layers: [['x', 0, 0]], output_layers: [['y', 0, 0]] } };
  return folder.write('one.json', JSON.stringify(model));
}

it.each([
  ['RandomCrop of a larger image', 'RandomCrop', { height: 3, width: 5 }, [4, 5, 3], 'float32'],
  ['means over parts of whole numbers', 'Resizing', { height: 3, width: 5, interpolation: 'area' }, [4, 5, 3], 'uint8'],
  ['a border of another kind', 'Resizing', { height: 3, width: 5, fill_mode: 'reflect' }, [4, 5, 3], 'float32'],
])('%s is refused by name, and shown', async (_, className, config, shape, type) => {
  const model = oneLayer(className, config, shape, type);
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [1, ...shape], data: new Float32Array(60) } }));
  await expect(runForward({ model, input })).rejects.toMatchObject({ kind: 'unsupported', code: 'E_KERAS_OPTION' });
  expect((await runShapes({ model })).layers.map(l => l.kerasClass)).toEqual([className]);
});

it('the type of an image goes through a layer that keeps it, and ends where numbers are computed as floats', async () => {
  const config = (name: string, more: object) => ({ name, ...more });
  const small = { height: 2, width: 3, interpolation: 'bilinear' };
  const chain = (layers: object[]) =>
    folder.write(
      'chain.json',
      JSON.stringify({
        class_name: 'Sequential',
        config: {
          name: 'chain',
          layers: [{ class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, 4, 5, 1], dtype: 'uint8' } }, ...layers],
        },
      }),
    );
  const resizing = { class_name: 'Resizing', config: config('resizing', small) };
  const again = { class_name: 'Resizing', config: config('again', { ...small, height: 3 }) };
  const flip = { class_name: 'RandomFlip', config: config('flip', {}) };
  const data = Float32Array.from({ length: 20 }, (_, i) => (i * 37) % 256);
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [1, 4, 5, 1], data } }));
  const isWhole = async (layers: object[]) => flat((await runForward({ model: chain(layers), input })).y).every(Number.isInteger);
  expect(await isWhole([resizing, again])).toBe(true);
  expect(await isWhole([resizing, flip])).toBe(true);
  expect(await isWhole([flip, resizing])).toBe(false);
});

it('products with matrices are written to ONNX for images of known size', async () => {
  const file = oneLayer('UpSampling2D', { size: 2, interpolation: 'bicubic' }, [null, 5, 3]);
  await expect(runConvert({ file, output: folder.path('open.onnx') })).rejects.toMatchObject({ code: 'E_SYMBOLIC' });
});

it('numbers that float32 may have rounded are not hashed', async () => {
  const model = oneLayer('Hashing', { num_bins: 1000003 }, [2], 'int64');
  const input = folder.write(
    'ids.npy',
    await bytesOf('npy', { npy: { shape: [2, 2], data: Float64Array.of(123456789012, 16777217, -5, 0) } }),
  );
  await expect(runForward({ model, input })).rejects.toMatchObject({ code: 'E_TOKEN', message: expect.stringContaining('may be another') });
  // tf.strings.to_hash_bucket_fast(tf.as_string(x), 1000003)
  expect(flat((await runForward({ model, input, dtype: 'f64' })).y)).toEqual([20301, 353299, 537901, 537292]);
});

it('text is not hashed, and several numbers are not one hot', async () => {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [1, 2], data: Float32Array.of(1, 2) } }));
  for (const [config, type] of [
    [{ num_bins: 5 }, 'string'],
    [{ num_bins: 5, output_mode: 'one_hot' }, 'int32'],
    [{ num_bins: 5, output_mode: 'count', sparse: true }, 'int32'],
  ] as const)
    await expect(runForward({ model: oneLayer('Hashing', config, [2], type), input })).rejects.toMatchObject({ code: 'E_KERAS_OPTION' });
});
