import type { NameList } from '../run/names.js';

export type CommandName = 'shapes' | 'forward' | 'compare' | 'inspect' | 'convert' | 'probe' | 'explain' | 'schema' | 'completion';

export type FlagGroup = 'Network' | 'Weights and input' | 'Computing' | 'Comparing' | 'Output' | 'Limits' | 'General';

/** The kinds of values of a flag, also used for shell completion. */
export type FlagValue =
  | { readonly kind: 'switch' }
  /** an integer from `least` to `most` (default 2^31 − 1); `symbolic`: the commands in which it may be `?` */
  | { readonly kind: 'size'; readonly least: number; readonly most?: number; readonly symbolic?: readonly CommandName[] }
  /** '5' or '5,4' */
  | { readonly kind: 'sizes'; readonly least: number }
  /** 'a:b', 'a:', ':b' */
  | { readonly kind: 'range' }
  /** a decimal number of at least 0, or above 0; at most `most` */
  | { readonly kind: 'number'; readonly above0?: boolean; readonly most?: number }
  /** '500MB', '4GiB' */
  | { readonly kind: 'bytes'; readonly most?: number }
  /** `instead`: a hint for users who give another value */
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly instead?: string }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  /** a path; `stdin`: may be '-'; `list`: may be numbers '3,5,2' */
  | {
      readonly kind: 'file';
      readonly extensions: readonly string[];
      readonly stdin?: boolean;
      readonly list?: boolean;
      readonly output?: boolean;
    }
  /** any text; `names`: the list for completion */
  | { readonly kind: 'text'; readonly names?: NameList };

export interface Flag {
  /** the key of its value in a request */
  readonly key: string;
  /** as commander and help write it, the usual spelling first: '--M, --units <n[,n]>'; [x] is an optional value */
  readonly flags: string;
  readonly value: FlagValue;
  /** default value, as shown in help */
  readonly default?: string;
  readonly help: string;
  readonly group: FlagGroup;
  readonly commands: readonly CommandName[];
  /** names in other tools, without dashes; only used for "did you mean" */
  readonly otherNames: readonly string[];
}

/** A positional argument of a command: `bash` in `rnn-cli completion bash`. */
export interface CommandWord {
  /** the key of its value among those of the flags */
  readonly key: string;
  /** its name in help and messages: 'SHELL' */
  readonly name: string;
  readonly value: FlagValue;
  /** description of a required argument */
  readonly help?: string;
  readonly optional?: boolean;
}

/** All spellings of a flag: '-o, --out <FILE|->' -> ['-o', '--out']. */
export function spellings(flag: Flag): string[] {
  return flag.flags.split(/[ ,]+/).filter(word => word.startsWith('-'));
}

/** The spelling used in messages: '--out', '--M'. */
export function usualSpelling(flag: Flag): string {
  return spellings(flag).find(word => word.startsWith('--')) ?? flag.flags;
}

/** Represents a positional argument as a flag of that name, so that both share checks and messages. */
export function asFlag({ key, name, value }: CommandWord, command: CommandName): Flag {
  return { key, flags: name, value, help: '', group: 'General', commands: [command], otherNames: [] };
}
