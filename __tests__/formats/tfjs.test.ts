import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { tfjs } from '../../src/formats/tfjs.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { expectNumbers, refusal } from './reference.js';

const f32 = (...values: number[]) => new Uint8Array(Float32Array.of(...values).buffer);
const kernel = { name: 'lstm/kernel', shape: [2, 3], dtype: 'float32' };
const model = (groups: unknown, more: object = {}) =>
  new TextEncoder().encode(
    JSON.stringify({
      format: 'layers-model',
      generatedBy: 'keras v2',
      modelTopology: { model_config: { class_name: 'Sequential' } },
      weightsManifest: groups,
      ...more,
    }),
  );
const read = (groups: unknown, parts: Record<string, Uint8Array>) => readWhole(tfjs, model(groups), DEFAULT_LIMITS, name => parts[name]);

describe('tfjs', () => {
  it('reads weights that go over the border of two shards', async () => {
    const data = f32(1, 2, 3, 4, 5, 6, 7);
    const groups = [{ paths: ['a.bin', 'b.bin'], weights: [kernel, { name: 'b', shape: [], dtype: 'float32' }] }];
    const file = await readTensors(model(groups), {
      nameHint: 'model.json',
      readPart: name => (name === 'a.bin' ? data.subarray(0, 11) : data.subarray(11)),
    });
    expect(file.format).toBe('tfjs');
    expect(file.notes).toEqual([]);
    expectNumbers(file.tensors.get('lstm/kernel')!.data, [1, 2, 3, 4, 5, 6]);
    expect(file.tensors.get('b')).toEqual({ shape: [], data: Float32Array.of(7), dtype: 'f32' });
    expect(file.architecture).toEqual({ model_config: { class_name: 'Sequential' } });
    expect(Object.fromEntries(file.metadata)).toEqual({ format: 'layers-model', generatedBy: 'keras v2' });
  });

  it('reads integers, bools and quantised weights', async () => {
    const weights = [
      { name: 'i', shape: [2], dtype: 'int32' },
      { name: 'q8', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.1, min: -1 } },
      { name: 'f', shape: [1], dtype: 'bool' },
      { name: 'q16', shape: [1], dtype: 'float32', quantization: { dtype: 'uint16', scale: 2, min: 1, original_dtype: 'float32' } },
      { name: 'h', shape: [1], dtype: 'float32', quantization: { dtype: 'float16' } },
    ];
    const data = new Uint8Array([...new Uint8Array(Int32Array.of(-5, 7).buffer), 0, 10, 255, 1, 0x34, 0x12, 0, 0xc0]);
    const { tensors } = await read([{ paths: ['w'], weights }], { w: data });
    expect(Object.fromEntries([...tensors].map(([name, t]) => [name, Array.from(t.data)]))).toEqual({
      i: [-5, 7],
      q8: [-1, 0, 24.5].map(Math.fround),
      f: [1],
      q16: [0x1234 * 2 + 1],
      h: [-2],
    });
  });

  it.each([
    ['a shard that is short', [{ paths: ['w'], weights: [kernel] }], f32(1, 2), 'E_TFJS_SHARD'],
    ['a shard that is long', [{ paths: ['w'], weights: [kernel] }], f32(1, 2, 3, 4, 5, 6, 7), 'E_TFJS_SHARD'],
    ['a path that leaves the folder', [{ paths: ['../w'], weights: [kernel] }], f32(), 'E_TFJS_PATH'],
    ['an absolute path', [{ paths: ['/etc/passwd'], weights: [kernel] }], f32(), 'E_TFJS_PATH'],
    ['an address', [{ paths: ['http:w'], weights: [kernel] }], f32(), 'E_TFJS_PATH'],
    ['a backslash', [{ paths: ['a\\w'], weights: [kernel] }], f32(), 'E_TFJS_PATH'],
    ['the folder itself', [{ paths: ['..'], weights: [kernel] }], f32(), 'E_TFJS_PATH'],
    ['a dtype that is not read', [{ paths: ['w'], weights: [{ ...kernel, dtype: 'string' }] }], f32(), 'E_TFJS_DTYPE'],
    [
      'a quantisation that is not read',
      [{ paths: ['w'], weights: [{ ...kernel, quantization: { dtype: 'int4' } }] }],
      f32(),
      'E_TFJS_DTYPE',
    ],
    [
      'a quantisation without scale',
      [{ paths: ['w'], weights: [{ ...kernel, quantization: { dtype: 'uint8' } }] }],
      f32(),
      'E_TFJS_MANIFEST',
    ],
    ['a negative dimension', [{ paths: ['w'], weights: [{ ...kernel, shape: [-2, -3] }] }], f32(), 'E_SHAPE_VALUE'],
    ['a fraction', [{ paths: ['w'], weights: [{ ...kernel, shape: [1.5] }] }], f32(), 'E_SHAPE_VALUE'],
    ['a shape beyond the shards', [{ paths: ['w'], weights: [{ ...kernel, shape: [65536, 65536] }] }], f32(), 'E_TFJS_SHARD'],
    [
      'a name twice',
      [
        {
          paths: ['w'],
          weights: [
            { ...kernel, shape: [0] },
            { ...kernel, shape: [0] },
          ],
        },
      ],
      f32(),
      'E_TFJS_MANIFEST',
    ],
    ['no groups', {}, f32(), 'E_TFJS_MANIFEST'],
    ['a group without paths', [{ weights: [] }], f32(), 'E_TFJS_MANIFEST'],
  ])('refuses %s', async (_, groups, w, code) => {
    expect((await refusal(() => read(groups, { w }))).code).toBe(code);
  });

  it('says that shards are needed when there is nowhere to look', async () => {
    const bytes = model([{ paths: ['w.bin'], weights: [kernel] }]);
    expect((await refusal(() => readTensors(bytes))).found).toBe('w.bin');
  });
});
