import { knownNames } from '../../run/names.js';
import { COMMAND_WORDS, COMMANDS } from '../commandWords.js';
import { type FlagValue, spellings } from '../flag.js';
import { COMMAND_HELP } from '../help.js';
import { flagsOf } from '../options.js';

/** What a shell needs to know to complete a command line: the tables of options.ts with every list of values written out. */
export interface CommandCompletion {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagCompletion[];
  readonly words: readonly WordCompletion[];
}

export interface FlagCompletion {
  /** the usual ones first: '-i', '--input' */
  readonly spellings: readonly string[];
  readonly help: string;
  /** undefined: a switch */
  readonly word?: WordCompletion;
}

export interface WordCompletion {
  readonly name: string;
  readonly optional: boolean;
  /** one of these */
  readonly values?: readonly string[];
  /** a file with one of these endings */
  readonly extensions?: readonly string[];
}

/** Every command with its flags and their values, from the table that help is made of. */
export function commandCompletions(): CommandCompletion[] {
  return COMMANDS.map(name => ({
    name,
    summary: COMMAND_HELP[name].summary,
    words: COMMAND_WORDS[name].map(word => ({ name: word.name, optional: word.optional ?? false, ...valuesOf(word.value) })),
    flags: flagsOf(name).map(flag => {
      const [, bracket, argument] = / ([<[])(.*)[>\]]$/.exec(flag.flags) ?? [];
      const word = argument === undefined ? undefined : { name: argument, optional: bracket === '[', ...valuesOf(flag.value) };
      return { spellings: spellings(flag), help: flag.help, word };
    }),
  }));
}

function valuesOf(value: FlagValue): Pick<WordCompletion, 'values' | 'extensions'> {
  switch (value.kind) {
    case 'choice':
    case 'choices':
      return { values: value.choices };
    case 'file':
      return { extensions: value.extensions };
    case 'text':
      return value.names === undefined ? {} : { values: knownNames(value.names) };
    default:
      return {};
  }
}
