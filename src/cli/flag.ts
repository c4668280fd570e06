import type { NameList } from '../run/names.js';

export type CommandName = 'shapes' | 'forward' | 'compare' | 'inspect' | 'convert' | 'probe' | 'explain' | 'schema' | 'completion';

export type FlagGroup = 'Network' | 'Weights and input' | 'Computing' | 'Comparing' | 'Output' | 'Limits' | 'General';

/** What the value of a flag may be, which is also what a shell completes. */
export type FlagValue =
  | { readonly kind: 'switch' }
  /** a whole number from `least` to `most` (2^31 − 1 unless said); `symbolic`: the commands in which it may be `?` */
  | { readonly kind: 'size'; readonly least: number; readonly most?: number; readonly symbolic?: readonly CommandName[] }
  /** '5' or '5,4' */
  | { readonly kind: 'sizes'; readonly least: number }
  /** 'a:b', 'a:', ':b' */
  | { readonly kind: 'range' }
  /** a decimal number from 0, or above it; at most `most` */
  | { readonly kind: 'number'; readonly above0?: boolean; readonly most?: number }
  /** '500MB', '4GiB' */
  | { readonly kind: 'bytes'; readonly most?: number }
  /** instead: what a user may have meant by another value */
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly instead?: string }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  /** a path; `stdin`: '-' too; `list`: or numbers '3,5,2' */
  | {
      readonly kind: 'file';
      readonly extensions: readonly string[];
      readonly stdin?: boolean;
      readonly list?: boolean;
      readonly output?: boolean;
    }
  /** any text; `names`: the list that a shell completes */
  | { readonly kind: 'text'; readonly names?: NameList };

export interface Flag {
  /** the key of its value in a request */
  readonly key: string;
  /** as commander and help write it, the usual spelling first: '--M, --units <n[,n]>'; [x] is an optional value */
  readonly flags: string;
  readonly value: FlagValue;
  /** for help */
  readonly default?: string;
  readonly help: string;
  readonly group: FlagGroup;
  readonly commands: readonly CommandName[];
  /** what other tools call it, without dashes; only for "did you mean" */
  readonly otherNames?: readonly string[];
}

/** An argument of a command that is no flag: `bash` in `rnn-cli completion bash`. */
export interface CommandWord {
  /** the key of its value, beside those of the flags */
  readonly key: string;
  /** as help and messages write it: 'SHELL' */
  readonly name: string;
  readonly value: FlagValue;
  /** what it is, if it is required */
  readonly help?: string;
  readonly optional?: boolean;
}

/** '-o, --out <FILE|->' -> ['-o', '--out'] */
export function spellings(flag: Flag): string[] {
  return flag.flags.split(/[ ,]+/).filter(word => word.startsWith('-'));
}

/** The spelling used in messages: '--out', '--M'. */
export function usualSpelling(flag: Flag): string {
  return spellings(flag).find(word => word.startsWith('--')) ?? flag.flags;
}

/** An argument of a command as a flag of that name, for the checks and messages that both share. */
export function asFlag({ key, name, value }: CommandWord, command: CommandName): Flag {
  return { key, flags: name, value, help: '', group: 'General', commands: [command] };
}
