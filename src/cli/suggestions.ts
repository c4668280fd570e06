import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { editDistance, nearest } from '../registry.js';
import { COMMAND_WORDS } from './commandWords.js';
import { type CommandName, type Flag, spellings, usualSpelling } from './flag.js';
import { FLAGS, flagsOf } from './options.js';
import { COMMAND_HINTS, COMMAND_SYNONYMS, FLAG_HINTS, FLAG_SYNONYMS } from './synonyms.js';

/** What was typed and is no flag or command here, and what was probably meant. */
export function unknownFlag(typed: string, command: CommandName): RnnError {
  const [flag] = typed.split('=');
  const found = escapeText(flag, 60);
  const belongs = FLAGS.find(other => spellings(other).includes(flag));
  if (belongs?.commands.includes(command) && typed.includes('='))
    return new RnnError('usage', 'E_FLAG', `${found} takes no value`, {
      found: escapeText(typed, 60),
      correction: { word: typed, to: [flag] },
    });
  if (belongs) {
    const isFile = COMMAND_WORDS[command][0]?.value.kind === 'file' && ['model', 'weights', 'input'].includes(belongs.key);
    return new RnnError('usage', 'E_FLAG', `${found} is a flag of ${listed(belongs.commands)}, not of ${command}`, {
      found,
      fix: isFile ? `the file stands beside the flags: rnn-cli ${command} FILE` : `leave it out, or use it with ${belongs.commands[0]}`,
      correction: isFile ? { word: flag, to: [] } : undefined,
    });
  }
  const bare = flag.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  if (Object.hasOwn(FLAG_HINTS, bare)) return new RnnError('usage', 'E_FLAG', `unknown flag ${found}`, { found, fix: FLAG_HINTS[bare] });
  const meant = Object.hasOwn(FLAG_SYNONYMS, bare)
    ? { words: FLAG_SYNONYMS[bare].join(' '), to: FLAG_SYNONYMS[bare] }
    : meantFlag(flag, command);
  return new RnnError('usage', 'E_FLAG', `unknown flag ${found}`, {
    found,
    fix: meant ? `did you mean ${meant.words}?` : `rnn-cli ${command} --help lists the flags`,
    correction: meant && { word: flag, to: meant.to },
  });
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
    commands.find(command => typed.length > 2 && editDistance(typed.slice(0, command.length), command) <= 1);
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
