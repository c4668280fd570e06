import { COMMANDS } from './commandWords.js';
import type { CommandName, Flag } from './flag.js';
import { LIMIT_FLAGS } from './flags/limits.js';
import { NETWORK } from './flags/network.js';
import { OUTPUT } from './flags/output.js';
import { flags } from './flags/row.js';
import { COMPARING, COMPUTING, INPUT } from './flags/running.js';

const GENERAL = flags('General', COMMANDS, {
  quiet: { flags: '-q, --quiet', help: 'no notes; compare: the exit code only', otherNames: 'silent' },
  verbose: {
    flags: '-v, --verbose',
    help: 'what was read, which engine ran, how long it took',
    otherNames: 'vv debug details log',
  },
  color: {
    flags: '--color <when>',
    value: { kind: 'choice', choices: ['auto', 'always', 'never'] },
    default: 'auto',
    help: 'overrides NO_COLOR, FORCE_COLOR and TERM',
    otherNames: 'colour colors',
  },
  noColor: { flags: '--no-color', help: 'the same as --color never', otherNames: 'no-colour' },
  help: { flags: '-h, --help', help: 'this page', otherNames: 'usage' },
  version: { flags: '-V, --version', help: 'version of rnn-cli' },
});

/**
 * Every flag, once. This table configures commander and produces help, man page and completions, so they cannot disagree. The allowed
 * values are in `value`, which cli/argumentValues.ts reads.
 */
export const FLAGS: readonly Flag[] = [...NETWORK, ...INPUT, ...COMPUTING, ...COMPARING, ...OUTPUT, ...LIMIT_FLAGS, ...GENERAL];

/** The flags that a command takes, in the order of the table. */
export function flagsOf(command: CommandName): readonly Flag[] {
  return FLAGS.filter(flag => flag.commands.includes(command));
}
