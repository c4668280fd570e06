import type { CommandName, Flag, FlagGroup, FlagValue } from '../flag.js';

/** commands that compute the shapes or numbers of a network */
export const NETWORKS: readonly CommandName[] = ['shapes', 'forward', 'compare', 'probe'];
/** those, and the commands that read a model file; weights alone may leave to flags what it does not say */
export const MODELS: readonly CommandName[] = [...NETWORKS, 'inspect', 'convert'];
/** commands that run a network on an input */
export const RUNS: readonly CommandName[] = ['forward', 'compare'];
/** extensions of files that hold arrays */
export const ARRAYS = ['npy', 'npz', 'csv', 'json', 'jsonl'];

/** A flag as the tables of this folder state it; its key, group and usual commands are those of its place in a table. */
export interface FlagRow {
  readonly flags: string;
  /** default: a switch */
  readonly value?: FlagValue;
  readonly default?: string;
  readonly help: string;
  /** names in other tools, without dashes; only used for "did you mean" */
  readonly otherNames?: string;
  /** the commands that have it, if not those of the whole table */
  readonly commands?: readonly CommandName[];
}

/** The flags of a table. */
export function flags(group: FlagGroup, commands: readonly CommandName[], table: Record<string, FlagRow>): Flag[] {
  return Object.entries(table).map(([key, row]) => ({
    key,
    group,
    commands,
    value: { kind: 'switch' },
    ...row,
    otherNames: row.otherNames?.split(' ') ?? [],
  }));
}
