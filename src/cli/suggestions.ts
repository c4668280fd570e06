import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { editDistance, nearest } from '../registry.js';
import { COMMAND_WORDS } from './commandWords.js';
import { type CommandName, type Flag, spellings, usualSpelling } from './flag.js';
import { FLAGS, flagsOf } from './options.js';
import { COMMAND_HINTS, COMMAND_SYNONYMS, FLAG_HINTS, FLAG_SYNONYMS, flagForFile } from './synonyms.js';

/** What was typed and is no flag or command here, and what was probably meant. @param next the word behind it */
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
  const byValue = meantByValue(bare, value, command);
  if (belongs && !byValue) {
    const isFile = COMMAND_WORDS[command][0]?.value.kind === 'file' && ['model', 'weights', 'input'].includes(belongs.key);
    return new RnnError('usage', 'E_FLAG', `${found} is a flag of ${listed(belongs.commands)}, not of ${command}`, {
      found,
      fix: isFile ? `the file stands beside the flags: rnn-cli ${command} FILE` : `leave it out, or use it with ${belongs.commands[0]}`,
      correction: isFile ? { word: flag, to: [] } : undefined,
    });
  }
  if (Object.hasOwn(FLAG_HINTS, bare)) return new RnnError('usage', 'E_FLAG', `unknown flag ${found}`, { found, fix: FLAG_HINTS[bare] });
  const words = byValue ? [byValue] : Object.hasOwn(FLAG_SYNONYMS, bare) ? FLAG_SYNONYMS[bare] : undefined;
  const meant = words ? { words: words.join(' '), to: words } : meantFlag(flag, command);
  const what = belongs ? `${found} is a flag of ${listed(belongs.commands)}, not of ${command}` : `unknown flag ${found}`;
  return new RnnError('usage', 'E_FLAG', what, {
    found,
    fix: meant ? `did you mean ${meant.words}?` : `rnn-cli ${command} --help lists the flags`,
    correction: meant && { word: flag, to: meant.to },
  });
}

/** The same word means different things: what stands behind it says which. */
function meantByValue(bare: string, value: string, command: CommandName): string | undefined {
  const has = (flag: string) => flagsOf(command).some(other => spellings(other).includes(flag));
  const meant = /^(file|load|checkpoint|m|f|path|model-path|model-file|input-file|in|from)$/.test(bare)
    ? flagForFile(value, command)
    : bare === 'output'
      ? /^\d+$/.test(value)
        ? '--K'
        : flagForFile(value, command)
      : /^(type|rnn-type|model-type|mode|kind|unit|rnn)$/.test(bare) && /^[\w.]*(lstm|gru|rnn|mgu)/i.test(value)
        ? '--cell'
        : /^(format|target|as|type)$/.test(bare) && /^(keras|torch|pytorch|onnx|flax|npz|safetensors|json|tensorflow|tf|pt)$/i.test(value)
          ? '--to'
          : undefined;
  return meant && has(meant) ? meant : undefined;
}

/** First the same letters in another case (--t, -T), then what other tools call it, then the nearest spelling. */
function meantFlag(typed: string, command: CommandName): Meant | undefined {
  const bare = (word: string): string => word.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  const word = bare(typed);
  // a letter of the equations, and no help
  if (typed.startsWith('--') && word === 'h') return hiddenUnits(command);
  const known = flagsOf(command).flatMap(flag => spellings(flag).map(spelling => ({ flag, spelling })));
  const sameLetters = known.find(({ spelling }) => bare(spelling) === word);
  if (sameLetters) return suggestion(sameLetters.flag, sameLetters.spelling);
  const elsewhere = flagsOf(command).find(flag => flag.elsewhere?.some(name => bare(name) === word));
  if (elsewhere) return suggestion(elsewhere, usualSpelling(elsewhere));
  if (word.length < 2) return undefined;
  const longer = known.filter(({ spelling }) => spelling.length > 3);
  const near = nearest(
    word,
    longer.map(({ spelling }) => bare(spelling)),
  );
  const starts = longer.filter(({ spelling }) => bare(spelling).startsWith(word));
  const best = longer.find(({ spelling }) => bare(spelling) === near) ?? (starts.length === 1 ? starts[0] : undefined);
  return best && suggestion(best.flag, best.spelling);
}

/** `--h 5` and `--h h0.npy`: what the letter stands for here. */
function hiddenUnits(command: CommandName): Meant | undefined {
  const has = (key: string) => flagsOf(command).some(flag => flag.key === key);
  if (!has('M')) return { words: '-h', to: ['-h'] };
  return { words: `--M (hidden units)${has('h0') ? ', --h0 (a first state)' : ''} or -h (help)`, to: ['--M'] };
}

interface Meant {
  /** for the message */
  readonly words: string;
  /** for the line */
  readonly to: readonly string[];
}

/** '--T', or '--M, --units' where the long word was meant: the spelling that was nearest comes first. */
function suggestion(flag: Flag, spelling: string): Meant {
  const usual = usualSpelling(flag);
  return { words: spelling === usual || usual.length > 3 ? spelling : `${spelling} (or ${usual})`, to: [spelling] };
}

export function unknownCommand(typed: string, commands: readonly string[]): RnnError {
  const found = escapeText(typed, 60);
  const word = typed.toLowerCase();
  const isFile = /\.(keras|h5|hdf5|onnx|pt|pth|pt2|npz|npy|safetensors)$/.test(word);
  const to = isFile ? ['inspect', found] : Object.hasOwn(COMMAND_SYNONYMS, word) ? COMMAND_SYNONYMS[word] : undefined;
  const near =
    to?.join(' ') ??
    nearest(typed, commands) ??
    commands.find(command => typed.length > 2 && (command.startsWith(word) || editDistance(typed.slice(0, command.length), command) <= 1));
  const hint = Object.hasOwn(COMMAND_HINTS, word) ? COMMAND_HINTS[word] : `use one of ${commands.join(', ')}`;
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
