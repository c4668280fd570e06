import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTensors } from '../../src/formats/index.js';
import { runCompareModels } from '../../src/run/comparing/compareModels.js';
import { runConvert } from '../../src/run/convert.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { runForward } from '../../src/run/forward.js';
import { flat, temporaryFolder } from '../helpers/files.js';
import { referencePath } from '../helpers/reference.js';

/** A program and a state dict of its module with other numbers: operators (an attention's product, folded norms) compute with these, too. */
const folder = temporaryFolder();

/** Every number of the program times -0.5, but the vectors u and v of a spectral norm. */
async function otherNumbers(name: string): Promise<string> {
  const { tensors } = await readTensorFile(referencePath('pt2', `${name}.pt2`));
  const changed = [...tensors].map(
    ([key, t]) =>
      [key, key.includes('._') ? t : { shape: t.shape, dtype: 'f32' as const, data: Float64Array.from(t.data, v => -0.5 * v) }] as const,
  );
  const path = folder.path(`${name}.safetensors`);
  writeFileSync(path, await writeTensors('safetensors', new Map(changed)));
  return path;
}

/** The first numbers of each output that PyTorch gives with load_state_dict(…, strict=True). */
it.each([
  ['mha', [[0.23174755, -0.0442814, 0.23167555, -0.04407562, 0.23364674, -0.04313299]]],
  [
    'columns',
    [
      [-0.0663235, 0.0328236, -0.0174458, -0.09485676, 0.16094168, -0.01271854],
      [3.31642652, 0, -3.96388459, 0, 1.87066936, 0],
      [4, 6, 6, 4, 3, 4],
    ],
  ],
])('%s with other weights gives what PyTorch gives with them, and compare sees them', async (name, expected) => {
  const model = referencePath('pt2', `${name}.pt2`);
  const weights = await otherNumbers(name);
  const { outputs } = await runForward({ model, weights, input: referencePath('pt2', `${name}.x.npy`) });
  outputs.forEach(({ y }, i) => {
    for (const [k, value] of expected[i].entries()) expect(Math.abs(flat(y)[k] - value)).toBeLessThan(3e-6);
  });
  expect(await runCompareModels({ files: [model, weights] })).toMatchObject({ status: 'DIFFERENT', outputs: { equal: false } });
});

it.each(['mha', 'columns', 'ordering'])('%s becomes a state dict of the same numbers, which is read beside it', async name => {
  const file = referencePath('pt2', `${name}.pt2`);
  const output = join(folder.path(''), `${name}.state.safetensors`);
  expect((await runConvert({ file, output })).check).toMatchObject({ identical: true });
  expect(await runCompareModels({ files: [file, output] })).toMatchObject({ status: 'SAME' });
});

it("names that are not the program's are refused where operators have numbers, and so is another shape", async () => {
  const model = referencePath('pt2', 'columns.pt2');
  const tensors = [...(await readTensorFile(model)).tensors].map(([key, t]) => [key, { ...t, dtype: 'f32' as const }] as const);
  const write = async (name: string, entries: typeof tensors) => {
    writeFileSync(folder.path(name), await writeTensors('safetensors', new Map(entries)));
    return folder.path(name);
  };
  const called = await write(
    'called.safetensors',
    tensors.map(([key, t]) => [`inner.${key}`, t] as const),
  );
  await expect(runForward({ model, weights: called })).rejects.toMatchObject({ code: 'E_WEIGHT_EXTRA', kind: 'convention' });
  const turned = await write(
    'turned.safetensors',
    tensors.map(([key, t]) => [key, { ...t, shape: [1, ...t.shape] }] as const),
  );
  await expect(runForward({ model, weights: turned })).rejects.toMatchObject({ code: 'E_WEIGHT_SHAPE' });
});

it('a file of the weights of layers says that the numbers of operators are not in it', async () => {
  const file = referencePath('pt2', 'columns.pt2');
  const { notes } = await runConvert({ file, output: folder.path('columns.npz'), force: true });
  expect(notes.join()).toContain('numbers of operators are not among the weights and not written (');
  expect((await runConvert({ file, output: folder.path('columns.json'), force: true })).notes.join()).not.toContain('numbers of operators');
});

it('a state dict of the module is run as the program, which says what a state dict does not', async () => {
  const file = referencePath('pt2', 'attention_masks.pt2');
  const output = folder.path('attention_masks.safetensors');
  await runConvert({ file, output });
  for (const files of [
    [file, output],
    [output, file],
  ] as const)
    expect(await runCompareModels({ files })).toMatchObject({ status: 'SAME', assumptions: [{ fact: 'description' }] });
});
