import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bashScript } from '../../src/cli/completion/bash.js';
import { type CommandCompletion, commandCompletions } from '../../src/cli/completion/commands.js';
import { fishScript } from '../../src/cli/completion/fish.js';
import { powershellScript } from '../../src/cli/completion/powershell.js';
import { zshScript } from '../../src/cli/completion/zsh.js';

/**
 * The script of each shell for two made-up commands that have every kind of flag and word, signs of the shell among them, in completion/ (UPDATE_OUT=1
 * npx jest completionScripts writes them anew, for a person to read).
 */
const COMMANDS: readonly CommandCompletion[] = [
  {
    name: 'brew',
    summary: "make 'tea', with\\without milk",
    flags: [
      { spellings: ['--hot'], help: 'a switch [always]' },
      { spellings: ['-q', '--quiet'], help: "don't say \\ it" },
      { spellings: ['--kind'], help: 'one of a list', word: { name: 'name', optional: false, values: ['green', 'a:b'] } },
      { spellings: ['-i', '--input'], help: 'a file', word: { name: 'FILE[:key]', optional: false, extensions: ['npy', 'csv'] } },
      { spellings: ['--cups', '--n'], help: 'a number', word: { name: 'n[,n]', optional: false } },
      { spellings: ['--log'], help: 'a file that may be left out', word: { name: 'FILE', optional: true, extensions: ['txt'] } },
      { spellings: ['--when'], help: 'a text that may be left out', word: { name: 'text', optional: true } },
    ],
    words: [
      { name: 'A', optional: false, extensions: ['json', 'h5'] },
      { name: 'B|C', optional: true, extensions: ['h5', 'pt'] },
    ],
  },
  {
    name: 'wash',
    summary: 'clean',
    flags: [{ spellings: ['-v'], help: 'loud' }],
    words: [{ name: 'WHAT', optional: true, values: ['pot', 'cup'] }],
  },
  { name: 'rest', summary: 'wait', flags: [], words: [] },
];

it.each([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
  ['ps1', powershellScript],
] as const)('the script of %s', (ending, script) => {
  const path = join(__dirname, 'completion', `brew.${ending}`);
  if (process.env.UPDATE_OUT === '1') writeFileSync(path, script(COMMANDS));
  expect(script(COMMANDS).split('\n')).toEqual(readFileSync(path, 'utf8').split('\n'));
});

it('the tables know what may follow each flag and each command', () => {
  const table = commandCompletions();
  const wordOf = (command: string, spelling: string) =>
    table.find(({ name }) => name === command)!.flags.find(({ spellings }) => spellings.includes(spelling))!;
  expect(table.map(({ name }) => name).join(' ')).toBe('shapes forward compare inspect convert probe explain schema completion');
  expect(wordOf('shapes', '--cell')).toEqual({
    spellings: ['--cell'],
    help: 'kind of recurrent layer',
    word: { name: 'name', optional: false, values: ['gru', 'lstm', 'mgu', 'rnn'] },
  });
  expect(wordOf('compare', '--engines').word).toEqual({ name: 'a,b[,c]', optional: false, values: ['batched', 'manual', 'onnxruntime'] });
  expect(wordOf('forward', '-i').word).toEqual({ name: 'FILE|-', optional: false, extensions: ['npy', 'npz', 'csv', 'json', 'jsonl'] });
  expect(wordOf('forward', '--trace').word).toEqual({ name: 'FILE', optional: true, extensions: ['npz', 'json'] });
  expect(wordOf('forward', '--activation').word).toMatchObject({ name: 'name', values: expect.arrayContaining(['tanh', 'leaky_relu']) });
  expect(wordOf('forward', '--seed').word).toEqual({ name: 's', optional: false });
  expect(wordOf('shapes', '--T').word).toEqual({ name: 'n|?', optional: false });
  expect(wordOf('shapes', '--json').word).toBeUndefined();
  expect(table.map(({ words }) => words.map(({ name, optional }) => (optional ? `[${name}]` : name)).join(' '))).toEqual([
    '[FILE]', '[FILE]', '[A] [B]', 'FILE', 'IN OUT', '[FILE]', '[CODE|TERM]', '[NAME]', 'SHELL',
  ]); // biome-ignore format: a row
  expect(table[8].words[0]).toEqual({ name: 'SHELL', optional: false, values: ['bash', 'zsh', 'fish', 'powershell'] });
  expect(table[0].summary).toBe('layer table: shapes, weights, parameters, multiply-adds, memory');
});
