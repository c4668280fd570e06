import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commandWords.js';
import { bashScript } from '../../src/cli/completion/bash.js';
import { commandCompletions } from '../../src/cli/completion/commands.js';
import { fishScript } from '../../src/cli/completion/fish.js';
import { powershellScript } from '../../src/cli/completion/powershell.js';
import { zshScript } from '../../src/cli/completion/zsh.js';
import { spellings } from '../../src/cli/flag.js';
import { flagsOf } from '../../src/cli/options.js';
import { runCli } from '../helpers/runCli.js';

const commands = commandCompletions();
const SCRIPTS = {
  bash: bashScript(commands),
  zsh: zshScript(commands),
  fish: fishScript(commands),
  powershell: powershellScript(commands),
};
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-cli-completion-'));
  for (const name of ['x.npy', 'y.csv', 'net.json', 'm.keras', 'other.txt']) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'sub'));
  for (const [shell, script] of Object.entries(SCRIPTS)) writeFileSync(join(folder, `script.${shell}`), script);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('a file is completed by the endings that its flag takes', () => {
  const arrays = 'npy npz csv json jsonl';
  const files = commands.flatMap(({ flags }) => flags).filter(({ word }) => word?.extensions);
  const endings = files.map(({ spellings, word }) => [spellings.find(s => s.startsWith('--'))!, word!.extensions!.join(' ')]);
  expect(Object.fromEntries(endings)).toEqual({
    '--model': 'json keras h5 onnx pt2',
    '--weights': 'npz safetensors pt pth h5 index',
    '--input': arrays,
    '--lengths': arrays,
    '--mask': arrays,
    '--h0': arrays,
    '--c0': arrays,
    '--against': arrays,
    '--trace': 'npz json',
    '--svg': 'svg',
    '--html': 'html',
    '--out': 'npy npz csv json jsonl',
  });
});

it('and so is the file that a command names without a flag', () => {
  const models = 'keras h5 onnx pt2 npz safetensors pt pth json index';
  const words = commands.map(({ name, words }) => [name, words.map(({ extensions }) => extensions?.join(' ') ?? null)]);
  expect(Object.fromEntries(words)).toMatchObject({
    shapes: [models],
    forward: [models],
    compare: [models, models],
    inspect: [models],
    convert: [models, 'npz safetensors onnx json h5 keras'],
    probe: [models],
  });
});

it.each(Object.entries(SCRIPTS))('completion %s prints that script', async (shell, script) => {
  expect(await runCli(`completion ${shell}`)).toEqual({ exit: 0, stdout: script, stderr: '' });
});

describe.each(Object.entries(SCRIPTS))('the completion script of %s', (shell, script) => {
  it('knows every command, and every flag of each', () => {
    for (const command of COMMANDS) {
      expect(script).toContain(command);
      for (const spelling of flagsOf(command).flatMap(spellings)) {
        // fish writes -l name and -s n
        const written = shell === 'fish' ? (spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`) : spelling;
        expect(script).toContain(written);
      }
    }
  });

  it('knows cells, activations, initialisers, mistakes, frameworks and the ends of files', () => {
    for (const value of ['lstm', 'leaky_relu', 'glorot_uniform', 'state-carry', 'torch', 'safetensors']) expect(script).toContain(value);
  });
});

const EXPECTED: readonly (readonly [line: string, completions: readonly string[]])[] = [
  ['rnn-cli comp', ['compare', 'completion']],
  ['rnn-cli shapes --cell ', ['gru', 'lstm', 'mgu', 'rnn']],
  ['rnn-cli shapes --cell l', ['lstm']],
  ['rnn-cli shapes --time', ['--timesteps']],
  ['rnn-cli forward -i ', ['net.json', 'sub', 'x.npy', 'y.csv']],
  ['rnn-cli shapes --model ', ['m.keras', 'net.json', 'sub']],
  ['rnn-cli compare --simulate state-carry', ['state-carry', 'state-carry-c-only']],
  ['rnn-cli completion ', ['bash', 'fish', 'powershell', 'zsh']],
  ['rnn-cli forward --T ', []],
  ['rnn-cli help fo', ['forward']],
];

const inBash = has('bash') ? it : it.skip;
describe('in bash', () => {
  inBash.each(EXPECTED)('%s<Tab>', (line, expected) => {
    const words = line.split(' ');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash
    const program = 'source ./script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rnn_cli; printf "%s\\n" "${COMPREPLY[@]}"';
    const output = execFileSync('bash', ['-c', program, 'bash', ...words], { cwd: folder, encoding: 'utf8' });
    expect(output.split('\n').filter(Boolean).sort()).toEqual(expected);
  });

  inBash('--flag=value, which bash takes apart at the sign', () => {
    const program =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash
      'source ./script.bash; COMP_WORDS=(rnn-cli shapes --cell = l); COMP_CWORD=4; _rnn_cli; printf "%s\\n" "${COMPREPLY[@]}"';
    expect(execFileSync('bash', ['-c', program], { cwd: folder, encoding: 'utf8' })).toBe('lstm\n');
  });
});

const inFish = has('fish') ? it : it.skip;
describe('in fish', () => {
  inFish.each(EXPECTED)('%s<Tab>', (line, expected) => {
    const output = execFileSync('fish', ['--no-config', '-c', `source ./script.fish; complete -C '${line}'`], {
      cwd: folder,
      encoding: 'utf8',
    });
    const words = output.split('\n').map(row => row.split('\t')[0].replace(/\/$/, ''));
    expect(words.filter(Boolean).sort()).toEqual(expected);
  });
});

const inZsh = has('zsh') ? it : it.skip;
describe('in zsh', () => {
  inZsh('the script is one zsh can read', () => {
    expect(spawnSync('zsh', ['-n', './script.zsh'], { cwd: folder, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});
