import { type Correction, RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { COMMAND_WORDS } from './commandWords.js';
import { type CommandName, type CommandWord, type Flag, spellings } from './flag.js';
import { flagsOf } from './options.js';
import { flagForFile } from './synonyms.js';

/** Errors about positional arguments: one missing, one too many, or one that belongs to a flag. */

export function missingCommandWord(
  { key, name, value, help }: CommandWord,
  command: CommandName,
  argv: readonly string[],
  args: readonly string[],
): RnnError {
  const choices = value.kind === 'choice' ? value.choices : undefined;
  const output = key === 'output' && flagForFile(args[0], 'forward') !== '--input' ? outputFor(args[0], argv) : undefined;
  return new RnnError('usage', 'E_WORD_MISSING', `${command} needs ${name}: ${help}`, {
    expected: choices?.join(', ') ?? name,
    fix: choices
      ? `rnn-cli ${command} ${choices[0]}`
      : output !== undefined && output === args[0]
        ? 'rnn-cli convert IN OUT; to draw weights and save them: rnn-cli probe --layers … -o w.npz'
        : `rnn-cli ${command}${COMMAND_WORDS[command].map(word => ` ${word.name}`).join('')}`,
    correction: output !== undefined && output !== args[0] ? { line: [command, ...argv, output] } : undefined,
  });
}

/** Suggests an output for `convert`: the name of the input, with the extension of --to. */
function outputFor(input: string, argv: readonly string[]): string {
  const to = argv.includes('--to') ? argv[argv.indexOf('--to') + 1] : /\.onnx$/i.test(input) ? 'torch' : 'onnx';
  const ending = { keras: 'npz', torch: 'safetensors', onnx: 'onnx' }[to] ?? to;
  return `${input.replace(/(?<=[^/\\])\.\w{1,11}$/, '')}.${ending}`;
}

/**
 * The error for a positional argument that belongs to the flag before it: `--bidirectional true`, `--M 5 4`, `--layers lstm:64 dense:10`.
 */
export function misplacedWord(args: readonly string[], command: CommandName, argv: readonly string[]): RnnError | undefined {
  for (const word of args) {
    const at = argv.indexOf(word);
    const flag = (index: number) => flagsOf(command).find(known => spellings(known).includes(argv[index]));
    const [switched, sized] = [flag(at - 1), flag(at - 2)];
    const replaceBy = (from: number, words: readonly string[]): RnnError =>
      excess(word, command, words.length === 0 ? `leave ${argv.slice(from, at + 1).join(' ')} out` : `did you mean ${words.join(' ')}?`, {
        line: [command, ...argv.slice(0, from), ...words, ...argv.slice(at + 1)],
      });
    if (switched?.value.kind === 'switch' && /^(true|false|yes|no|on|off|[01])$/i.test(word)) {
      return replaceBy(at - 1, /^(true|yes|on|1)$/i.test(word) ? [argv[at - 1]] : []);
    }
    const [, letter, digits] = /^([NTDMK])=(\d+)$/i.exec(word) ?? [];
    if (letter && flagsOf(command).some(known => spellings(known).includes(`--${letter.toUpperCase()}`))) {
      return replaceBy(at, [`--${letter.toUpperCase()}`, digits]);
    }
    if (sized && takesNumbers(sized) && /^\d+$/.test(word) && /^[\d,]+$/.test(argv[at - 1])) {
      const end = argv.findIndex((other, index) => index > at && !/^\d+$/.test(other));
      const numbers = argv.slice(at - 1, end === -1 ? argv.length : end);
      return excess(word, command, `did you mean ${argv[at - 2]} ${numbers.join(',')}?`, {
        line: [command, ...argv.slice(0, at - 1), numbers.join(','), ...argv.slice(at - 1 + numbers.length)],
      });
    }
    if (sized?.key === 'layers' && /^[a-z]+(:|$)/.test(word)) {
      let end = at;
      while (end + 1 < argv.length && !argv[end + 1].startsWith('-')) end++;
      const line = [...argv.slice(at - 1, end + 1)].join(',');
      return excess(word, command, 'layers are written with commas, without spaces', {
        line: [command, ...argv.slice(0, at - 1), line, ...argv.slice(end + 1)],
      });
    }
  }
  return undefined;
}

/** Whether the value is a list of numbers: `--M 5,4`, `--lengths 7,5,3`. */
const takesNumbers = ({ value }: Flag) => value.kind === 'sizes' || 'list' in value;

/** @param given all positional arguments */
export function excessWord(word: string, command: CommandName, argv: readonly string[], given: readonly string[]): RnnError {
  const [network, ...others] = given;
  const hasInput = argv.some(other => /^(-i|--input(=|$))/.test(other));
  if (others.length === 2 && !hasInput && others.every(file => flagForFile(file, command) === '--against')) {
    const line = [...argv.filter(other => !given.includes(other)), network, '--input', others[0], '--against', others[1]];
    return excess(word, command, 'give the input with -i and the output to judge with --against', { line: [command, ...line] });
  }
  const flag = /^[a-z]+:[\w@+,:]+$/i.test(word) ? '--layers' : flagForFile(word, command);
  const takesOne = COMMAND_WORDS[command].length === 1 && COMMAND_WORDS[command][0].value.kind === 'file';
  const beside = given.map(file => escapeText(file, 60));
  if (command === 'inspect' && given.length > 2)
    return excess(word, command, `one file at a time: for f in ${beside.join(' ')}; do rnn-cli inspect "$f"; done`);
  if (takesOne && (flag === '--model' || (flag === '--weights' && command === 'inspect')))
    return excess(word, command, `one file at a time; two are compared by rnn-cli compare ${beside[0]} ${beside[1]}`);
  const known = flag === undefined ? undefined : flagsOf(command).find(other => spellings(other).includes(flag));
  if (command === 'compare') return excess(word, command, 'two at a time: rnn-cli compare A B');
  const isTaken = known && (spellings(known).some(spelling => argv.includes(spelling)) || flagForFile(given[0], command) === flag);
  if (flag === undefined || known === undefined || isTaken)
    return excess(word, command, excessFix(word, command, argv), { line: [command, ...argv.filter(other => other !== word)] });
  const shown = flag === '--layers' ? `"${escapeText(word, 60)}"` : escapeText(word, 60);
  return excess(word, command, `did you mean ${flag} ${shown}?`, { word, to: [flag, word] });
}

function excessFix(word: string, command: CommandName, argv: readonly string[]): string {
  if (argv[argv.indexOf(word) - 1] === '--plot')
    return `--plot prints pictures; --svg ${escapeText(word.replace(/\.\w+$/, ''), 60)}.svg writes one`;
  if (argv[argv.indexOf(word) - 1] === '--states') return '--states prints; --trace FILE.npz saves every h';
  if (command === 'shapes' && flagForFile(word, 'forward') === '--input') return 'shapes follow from the network alone: leave the file out';
  return 'leave it out';
}

function excess(word: string, command: CommandName, fix: string, correction?: Correction): RnnError {
  const found = `'${escapeText(word, 60)}'`;
  const words = COMMAND_WORDS[command];
  const takes = words.length > 1 ? `${words.length} files` : words[0].value.kind === 'file' ? 'one file' : 'one argument';
  return new RnnError('usage', 'E_EXCESS', `${command} takes ${takes} and flags, found ${found}`, { found, fix, correction });
}
