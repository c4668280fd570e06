import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFolder } from '../helpers/inputFile.js';
import { referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/** --N, --T and --D where they are not the sizes of one sequence: each is shown, or refused. */
const lstm = (inputs: string[], states?: string[]) => ({ kind: 'lstm', name: 'l', units: 6, inputs, returnSequences: true, states });
const TWO = {
  inputs: [
    { name: 'enc', timesteps: null, features: 5 },
    { name: 'dec', timesteps: null, features: 4 },
  ],
  layers: [
    { kind: 'lstm', name: 'e', units: 6, inputs: ['enc'], returnSequences: true },
    lstm(['dec'], ['e/h', 'e/c']),
    { kind: 'dense', name: 'd', units: 3, inputs: ['l'] },
  ],
  output: 'd',
};
const TOKENS_BESIDE_NUMBERS = {
  inputs: [
    { name: 'tok', timesteps: 9, features: null },
    { name: 'meta', shape: [4] },
  ],
  layers: [
    { kind: 'embedding', name: 'emb', tokens: 11, units: 7, inputs: ['tok'] },
    { kind: 'gru', name: 'g', units: 5, inputs: ['emb'] },
    { kind: 'concatenate', name: 'c', inputs: ['g', 'meta'] },
    { kind: 'dense', name: 'd', units: 3, inputs: ['c'] },
  ],
  output: 'd',
};
const FIXED = { ...TWO, inputs: TWO.inputs.map(input => ({ ...input, batch: 8 })) };

async function shapes(spec: object, flags: string, command = 'shapes') {
  return withFolder(async folder => {
    const file = join(folder, 'spec.json');
    writeFileSync(file, JSON.stringify(spec));
    const { exit, stdout, stderr } = await runCli([command, file, ...flags.split(' '), '--json']);
    const text = exit === 0 ? JSON.parse(stdout) : JSON.parse(stderr);
    return { exit, ...text };
  });
}

it.each([
  [
    'two sequences',
    TWO,
    '--N 7',
    [
      [7, null, 5],
      [7, null, 4],
    ],
    [7, null, 3],
  ],
  [
    'the steps of the first alone',
    TWO,
    '--N 7 --T 9',
    [
      [7, 9, 5],
      [7, null, 4],
    ],
    [7, null, 3],
  ],
  [
    'tokens of a fixed length beside numbers',
    TOKENS_BESIDE_NUMBERS,
    '--N 7 --T 9',
    [
      [7, 9],
      [7, 4],
    ],
    [7, 3],
  ],
] as const)('%s: the sizes asked for are in every shape', async (_, spec, flags, inputs, output) => {
  const result = await shapes(spec, flags);
  expect(result.inputs.map((i: { shape: number[] }) => i.shape)).toEqual(inputs);
  expect(result.output.shape).toEqual(output);
  expect(result.dims.N).toBe(7);
});

it.each([
  ['other samples than the file has', FIXED, '--N 7'],
  ['features that no input has', TWO, '--D 44'],
  ['steps that no input has', TOKENS_BESIDE_NUMBERS, '--T 13'],
  ['features of tokens', TOKENS_BESIDE_NUMBERS, '--D 44'],
] as const)('%s are refused', async (_, spec, flags) => {
  expect(await shapes(spec, flags)).toMatchObject({ exit: 2, code: 'E_CONFLICT' });
});

it('features of tokens are refused by every command, with --layers, too', async () => {
  for (const command of ['shapes', 'forward', 'compare', 'probe'])
    expect(await runCli(`${command} --layers embedding:11x6,lstm:4 --T 5 --D 44 --json`)).toMatchObject({ exit: 2, stdout: '' });
});

it('a program of torch.export is shown with the samples asked for', async () => {
  const file = referencePath('pt2', 'decomposed.pt2');
  const { dims, output } = JSON.parse((await runCli(['shapes', file, '--N', '77', '--json'])).stdout);
  expect(dims.N).toBe(77);
  expect(output.shape).toEqual([77, 3, 7]);
  expect(await runCli(['shapes', file, '--T', '77'])).toMatchObject({ exit: 2, stdout: '' });
});
