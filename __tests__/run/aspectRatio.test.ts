import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** Keras' crop_to_aspect_ratio, and its CenterCrop of an image that is smaller: the middle cut by hand, then resized. */
const folder = temporaryFolder();

/** What is cut off at the top, the bottom, left and right. */
const LAYERS: readonly [what: string, shape: readonly number[], size: readonly [number, number], cut: readonly number[], layer: object][] =
  [
    ['a wide image made high', [2, 4, 9, 2], [6, 3], [0, 0, 3, 4], { class_name: 'Resizing', config: { crop_to_aspect_ratio: true } }],
    ['a high image made wide', [2, 9, 7, 1], [3, 6], [3, 3, 0, 0], { class_name: 'Resizing', config: { crop_to_aspect_ratio: true } }],
    ['an image that is too small', [1, 4, 5, 3], [8, 8], [0, 0, 0, 1], { class_name: 'CenterCrop', config: {} }],
    ['an image that is too narrow', [1, 9, 4, 1], [5, 6], [3, 3, 0, 0], { class_name: 'CenterCrop', config: {} }],
  ];

function modelOf(shape: readonly number[], layers: readonly object[]): string {
  const input = { class_name: 'InputLayer', config: { batch_shape: [null, ...shape.slice(1)], name: 'x' } };
  const config = { name: 'm', layers: [input, ...layers] };
  return folder.write(`m${Math.random()}.json`, JSON.stringify({ class_name: 'Sequential', config }));
}

it.each(LAYERS)('%s', async (_, shape, [height, width], cut, { class_name, config }: any) => {
  const count = shape.reduce((a, b) => a * b);
  const x = { shape: [...shape], data: Float32Array.from({ length: count }, (__, k) => ((k * 7919) % 1000) / 250 - 2) };
  const input = folder.write(`x${count}.npy`, await bytesOf('npy', { npy: x }));
  const [top, bottom, left, right] = cut;
  const size = { height, width };
  const asked = modelOf(shape, [{ class_name, config: { ...size, ...config, name: 'a' } }]);
  const byHand = modelOf(shape, [
    {
      class_name: 'Cropping2D',
      config: {
        cropping: [
          [top, bottom],
          [left, right],
        ],
        name: 'cut',
      },
    },
    { class_name: 'Resizing', config: { ...size, name: 'b' } },
  ]);
  const [found, expected] = await Promise.all([asked, byHand].map(model => runForward({ model, input })));
  expect(found.shape).toEqual([shape[0], height, width, shape[3]]);
  expect(found.y).toEqual(expected.y);
});
