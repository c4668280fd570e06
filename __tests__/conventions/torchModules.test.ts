import type { WritableConvention } from '../../src/conventions/convention.js';
import { getConvention } from '../../src/conventions/index.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';

/** Where every number of a module of PyTorch stands among ours, written down from the definition of its layers: numbers that say what they are. */
const torch = getConvention('torch') as WritableConvention;

const plain = (read: ReadonlyMap<string, Tensor>) => new Map([...read].map(([name, { shape, data }]) => [name, { shape, data }]));

function converted(layers: object[], input: object) {
  const model = checkSpec({ input, layers }, 'keras');
  const shapes = inferShapes(model);
  const weights = new Map(
    shapes.layers.flatMap(({ layer, weights }, l) =>
      weights.map(({ name, shape }, i) => {
        const data = Float64Array.from({ length: sizeOf(shape) }, (_, k) => 1000 * (i + 10 * l) + k);
        return [`${layer.name}/${name}`, { shape, data }] as const;
      }),
    ),
  );
  const written = torch.fromWeights(shapes, weights);
  expect(plain(torch.toWeights(shapes, written))).toEqual(weights);
  return { weights, written };
}

it('filters [F, C, i, j] are ours [i, j, C, F], those of a transposed convolution [C, F, i, j] ours [i, j, F, C]', () => {
  const layers = [
    { kind: 'conv2d', name: 'a', filters: 4, kernelSize: [3, 2] },
    { kind: 'convtranspose2d', name: 'b', filters: 5, kernelSize: [2, 3] },
  ];
  const { weights, written } = converted(layers, { shape: [7, 6, 3] });
  const [a, b] = [weights.get('a/W')!, weights.get('b/W')!];
  expect([...written].map(([name, t]) => [name, t.shape])).toEqual([
    ['conv.weight', [4, 3, 3, 2]],
    ['conv.bias', [4]],
    ['conv2.weight', [4, 5, 2, 3]],
    ['conv2.bias', [5]],
  ]);
  const at = (t: Tensor, ...index: number[]) => t.data[index.reduce((sum, i, axis) => sum * t.shape[axis] + i, 0)];
  for (let f = 0; f < 4; f++)
    for (let c = 0; c < 3; c++) for (let i = 0; i < 3; i++) expect(at(written.get('conv.weight')!, f, c, i, 1)).toBe(at(a, i, 1, c, f));
  for (let c = 0; c < 4; c++)
    for (let f = 0; f < 5; f++) for (let j = 0; j < 3; j++) expect(at(written.get('conv2.weight')!, c, f, 1, j)).toBe(at(b, 1, j, f, c));
});

it.each([
  ['one matrix', 6],
  ['three', 5],
])('row p of head h of each projection of an attention is [d, h, p] of ours: %s', (_, D) => {
  const [H, P, E] = [2, 3, 6];
  const inputs = [
    { name: 'x', timesteps: 4, features: E },
    { name: 'z', timesteps: 5, features: D },
  ];
  const layers = [{ kind: 'multiheadattention', name: 'm', heads: H, units: P, inputs: ['x', 'z'] }];
  const model = checkSpec({ inputs, layers }, 'keras');
  const shapes = inferShapes(model);
  const weights = new Map(
    shapes.layers[0].weights.map(({ name, shape }, i) => [
      `m/${name}`,
      { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, k) => 1000 * i + k) },
    ]),
  );
  const written = torch.fromWeights(shapes, weights);
  expect(plain(torch.toWeights(shapes, written))).toEqual(weights);
  ['query', 'key', 'value'].forEach((part, n) => {
    const ours = weights.get(`m/${part}/W`)!;
    const packed = written.get('attention.in_proj_weight');
    const theirs = packed ?? written.get(`attention.${part[0]}_proj_weight`)!;
    const width = ours.shape[0];
    for (let d = 0; d < width; d++)
      for (let h = 0; h < H; h++)
        for (let p = 0; p < P; p++) {
          const row = (packed ? n * E : 0) + h * P + p;
          expect(theirs.data[row * width + d]).toBe(ours.data[(d * H + h) * P + p]);
          expect(written.get('attention.in_proj_bias')!.data[n * E + h * P + p]).toBe(weights.get(`m/${part}/b`)!.data[h * P + p]);
        }
  });
  const out = written.get('attention.out_proj.weight')!;
  for (let k = 0; k < E; k++) for (let r = 0; r < E; r++) expect(out.data[k * E + r]).toBe(weights.get('m/output/W')!.data[r * E + k]);
});
