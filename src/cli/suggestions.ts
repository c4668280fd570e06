import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { editDistance, nearest } from '../registry.js';
import { ENGINE_NAMES } from '../run/request.js';
import { COMMAND_WORDS } from './commandWords.js';
import { type CommandName, type Flag, spellings, usualSpelling } from './flag.js';
import { FLAGS, flagsOf } from './options.js';
import { commandHints, commandSynonyms, flagForFile, flagHints, flagSynonyms, valueSynonyms } from './synonyms.js';

/**
 * The error for typographic dashes and quotes, which word processors and web pages put in place of - and ", and which a shell passes on as
 * text.
 */
export function typographicSigns(argv: readonly string[]): RnnError | undefined {
  const plain = argv.map(argument =>
    argument
      .replace(/^[\u2012-\u2015\u2212]+(?=\p{L})/u, /^.\w(=|$)/.test(argument) ? '-' : '--')
      .replace(/^[\u201c-\u201f\u2018-\u201b\u00ab\u00bb]+|[\u201c-\u201f\u2018-\u201b\u00ab\u00bb]+$/g, ''),
  );
  const at = argv.findIndex((argument, i) => argument !== plain[i]);
  if (at < 0) return undefined;
  const found = escapeText(argv[at], 60);
  const sign = plain[at].startsWith('-') ? 'a dash of typography, not -' : 'typographic quotes, which a shell passes on';
  const line = plain.map(argument => {
    const letter = FLAGS.find(flag => flag.key === argument.slice(1));
    return letter && argument.startsWith('-') && !spellings(letter).includes(argument) ? `-${argument}` : argument;
  });
  return new RnnError('usage', 'E_FLAG', `${found} has ${sign}`, {
    found,
    fix: 'type the plain characters - and "',
    correction: { line },
  });
}

/** The error for an unknown flag, with the flag that was probably meant. @param next the argument after it */
export function unknownFlag(typed: string, command: CommandName, next: string): RnnError {
  const [flag, value = next] = typed.split('=');
  const found = escapeText(flag, 60);
  const belongs = FLAGS.find(other => spellings(other).includes(flag));
  if (belongs?.commands.includes(command) && typed.includes('='))
    return new RnnError('usage', 'E_FLAG', `${found} takes no value`, {
      found: escapeText(typed, 60),
      correction: { word: typed, to: [flag] },
    });
  const bare = flag.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  const what = belongs ? `${found} is a flag of ${listed(belongs.commands)}, not of ${command}` : `unknown flag ${found}`;
  const error = (fix: string, correction?: RnnError['correction']): RnnError =>
    new RnnError('usage', 'E_FLAG', what, { found, fix, correction });
  // -T10 and --T:10
  const [, size, digits] = /^-{1,2}([NTDMK])[: ]?(\d+)$/i.exec(flag) ?? [];
  if (size && takes(command, `--${size.toUpperCase()}`)) {
    const to = [`--${size.toUpperCase()}`, digits];
    return error(`did you mean ${to.join(' ')}?`, { word: flag, to });
  }
  const place = placeOfFile(bare, value, belongs, command);
  if (place !== undefined) return error(place, isOutput(bare) && command !== 'convert' ? undefined : { word: flag, to: [] });
  const byValue = meantByValue(bare, value, command);
  const meant = byValue ? { words: byValue, to: [byValue] } : meantFlag(flag, command, belongs !== undefined);
  if (typeof meant === 'string') return error(meant);
  // --rnn 5
  if (meant?.to[0] === '--cell' && /^\d+$/.test(value) && takes(command, '--M'))
    return error(`did you mean ${meant.words} --M ${value}?`, { word: flag, to: [...meant.to, '--M'] });
  if (meant) return error(`did you mean ${meant.words}?`, { word: flag, to: meant.to });
  return error(belongs ? `leave it out, or use it with ${belongs.commands[0]}` : `rnn-cli ${command} --help lists the flags`);
}

function takes(command: CommandName, flag: string): boolean {
  return flagsOf(command).some(other => spellings(other).includes(flag));
}

const OUTPUTS = FLAGS.filter(flag => flag.key === 'out' || flag.key === 'output').flatMap(flag => [
  ...spellings(flag),
  ...flag.otherNames.map(name => `--${name}`),
]);

function isOutput(bare: string): boolean {
  return OUTPUTS.includes(`--${bare}`) || bare === 'o';
}

/** Where a file belongs in a command without a flag for it: among the positional arguments, or after the shell's `>`. */
function placeOfFile(bare: string, value: string, belongs: Flag | undefined, command: CommandName): string | undefined {
  const names = COMMAND_WORDS[command].filter(word => word.value.kind === 'file').map(word => word.name);
  if (isOutput(bare) && !takes(command, '--out')) {
    if (command === 'convert') return 'the files stand beside the flags: rnn-cli convert IN OUT';
    // with a dense layer, --output 3 is its size; in compare, --output y.npy is the other side
    return bare === 'output' && (/^\d+$/.test(value) || command === 'compare')
      ? undefined
      : `the shell saves what is printed: rnn-cli ${command}${takes(command, '--json') ? ' --json' : ''} > FILE`;
  }
  const isFile = belongs ? ['model', 'input'].includes(belongs.key) : /^(in|file)$/.test(bare);
  if (!isFile || names.length === 0 || takes(command, '--model')) return undefined;
  return names.length > 1
    ? `the files stand beside the flags: rnn-cli ${command} ${names.join(' ')}`
    : `the file stands beside the flags: rnn-cli ${command} FILE`;
}

/** The meaning of an ambiguous flag, decided by the argument after it. */
function meantByValue(bare: string, value: string, command: CommandName): string | undefined {
  const isFile = /\.\w{1,11}(:\w+)?$/.test(value);
  const meant = /^(file|load|checkpoint|m|f|path|model-path|model-file|input-file|in|from)$/.test(bare)
    ? flagForFile(value, command)
    : bare === 'output'
      ? /^\d+$/.test(value)
        ? '--K'
        : command === 'compare'
          ? flagForFile(value, command)
          : undefined
      : bare === 'state' && isFile
        ? '--h0'
        : /^(csv|npy|npz)$/.test(bare) && isFile
          ? '--out'
          : bare === 'inputs' && isFile
            ? '--input'
            : bare === 'backend' && [...ENGINE_NAMES, ...Object.keys(valueSynonyms().engine)].includes(value.toLowerCase())
              ? '--engine'
              : /^(type|rnn-type|model-type|mode|kind|unit|rnn)$/.test(bare) && /^[\w.]*(lstm|gru|rnn|mgu)/i.test(value)
                ? '--cell'
                : /^(format|target|as|type)$/.test(bare) &&
                    /^(keras|torch|pytorch|onnx|flax|npz|safetensors|json|tensorflow|tf|pt)$/i.test(value)
                  ? '--to'
                  : undefined;
  return meant && takes(command, meant) ? meant : undefined;
}

/**
 * Looks for the same letters in another case (--t, -T), then for a name from other tools, then for the nearest spelling of either.
 * @param isFlag whether another command has this flag, so that it is hardly a typing mistake
 * @returns the flag that was meant, or a sentence if there is nothing like it here
 */
function meantFlag(typed: string, command: CommandName, isFlag: boolean): Meant | string | undefined {
  const bare = (word: string): string => word.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  const word = bare(typed);
  // --h is a letter of the equations, not help
  if (typed.startsWith('--') && word === 'h') return hiddenUnits(command);
  const known = flagsOf(command).flatMap(flag => spellings(flag).map(spelling => ({ flag, spelling })));
  const sameLetters = known.find(({ spelling }) => bare(spelling) === word);
  if (sameLetters) return suggestion(sameLetters.flag, sameLetters.spelling);
  const other = otherToolsMeaning(word, command);
  if (other !== undefined || word.length < 2) return other;
  const longer = known.filter(({ spelling }) => spelling.length > 3);
  const spelled = nearest(
    word,
    longer.map(({ spelling }) => bare(spelling)),
    isFlag ? 1 : mostTypos(word),
  );
  const names = isFlag
    ? []
    : [...flagsOf(command).flatMap(flag => flag.otherNames), ...Object.keys(flagSynonyms()), ...Object.keys(flagHints())];
  const name = nearest(
    word,
    names.filter(name => name.length > 3),
    isFlag ? 1 : mostTypos(word),
  );
  if (name !== undefined && (spelled === undefined || editDistance(word, name) < editDistance(word, spelled)))
    return otherToolsMeaning(name, command);
  const starts = longer.filter(({ spelling }) => bare(spelling).startsWith(word));
  const best = longer.find(({ spelling }) => bare(spelling) === spelled) ?? (starts.length === 1 ? starts[0] : undefined);
  return best && suggestion(best.flag, best.spelling);
}

/** How many letters of a flag may be wrong; with more, another word was meant (`--zeros` is not `--keras`). */
function mostTypos(word: string): number {
  return Math.max(1, Math.floor(word.length / 4));
}

/** What a flag of other tools means here: a flag, a flag and its value, or a sentence if there is no equivalent. */
function otherToolsMeaning(word: string, command: CommandName): Meant | string | undefined {
  if (Object.hasOwn(flagHints(), word)) return flagHints()[word];
  const words = Object.hasOwn(flagSynonyms(), word) ? flagSynonyms()[word].split(' ') : undefined;
  if (words && takes(command, words[0])) return { words: words.join(' '), to: words };
  const other = flagsOf(command).find(flag => flag.otherNames.includes(word));
  return other && suggestion(other, usualSpelling(other));
}

/** What the letter in `--h 5` and `--h h0.npy` stands for. */
function hiddenUnits(command: CommandName): Meant | undefined {
  const has = (key: string) => flagsOf(command).some(flag => flag.key === key);
  if (!has('M')) return { words: '-h', to: ['-h'] };
  return { words: `--M (hidden units)${has('h0') ? ', --h0 (a first state)' : ''} or -h (help)`, to: ['--M'] };
}

interface Meant {
  /** text for the message */
  readonly words: string;
  /** arguments for the command line */
  readonly to: readonly string[];
}

/** '--T', or '--M, --units' with the spelling closest to the input first. */
function suggestion(flag: Flag, spelling: string): Meant {
  const usual = usualSpelling(flag);
  return { words: spelling === usual || usual.length > 3 ? spelling : `${spelling} (or ${usual})`, to: [spelling] };
}

/** @returns the error for a first argument that is not a command, with the command that was probably meant */
export function unknownCommand(typed: string, commands: readonly string[]): RnnError {
  const found = escapeText(typed, 60);
  const word = typed.toLowerCase();
  const isFile = /\.(keras|h5|hdf5|onnx|pt|pth|pt2|npz|npy|safetensors)$/.test(word);
  const to = isFile ? ['inspect', found] : Object.hasOwn(commandSynonyms(), word) ? commandSynonyms()[word].split(' ') : undefined;
  const near =
    to?.join(' ') ??
    nearest(typed, commands) ??
    commands.find(command => typed.length > 2 && (command.startsWith(word) || editDistance(typed.slice(0, command.length), command) <= 1));
  const hint = Object.hasOwn(commandHints(), word) ? commandHints()[word] : `use one of ${commands.join(', ')}`;
  return new RnnError('usage', 'E_COMMAND', `unknown command '${found}'`, {
    expected: commands.join(', '),
    found,
    fix: near ? `did you mean rnn-cli ${near}?` : hint,
    correction: near === undefined ? undefined : { word: typed, to: to ?? [near] },
  });
}

/** 'shapes, forward and compare' */
function listed(names: readonly string[]): string {
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}
