import { knownNames } from '../../run/names.js';
import { COMMAND_WORDS, COMMANDS } from '../commandWords.js';
import { type FlagValue, spellings } from '../flag.js';
import { COMMAND_HELP } from '../help.js';
import { flagsOf } from '../options.js';

/** What a shell needs to complete a command line: the tables of options.ts with all lists of values. */
export interface CommandCompletion {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagCompletion[];
  readonly words: readonly WordCompletion[];
}

export interface FlagCompletion {
  /** usual ones first: '-i', '--input' */
  readonly spellings: readonly string[];
  readonly help: string;
  /** undefined: a switch */
  readonly word?: WordCompletion;
}

export interface WordCompletion {
  readonly name: string;
  readonly optional: boolean;
  /** the possible values */
  readonly values?: readonly string[];
  /** file extensions */
  readonly extensions?: readonly string[];
}

/** All commands with their flags and values, from the same table as the help. */
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
