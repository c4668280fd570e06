import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_WORDS, COMMANDS } from '../../src/cli/commandWords.js';
import { correctedLine } from '../../src/cli/correction.js';
import { usualSpelling } from '../../src/cli/flag.js';
import { FLAGS } from '../../src/cli/options.js';
import { parseArgv } from '../../src/cli/program.js';
import { commandHints, commandSynonyms, flagHints, flagSynonyms, valueSynonyms } from '../../src/cli/synonyms.js';
import { RnnError } from '../../src/errors.js';
import { words } from '../helpers/runCli.js';

/**
 * Every word of other tools that the program knows, and what is said to it, in otherWords.txt (UPDATE_OUT=1 npx jest otherWords writes it anew, for a
 * person to read). A line that is offered in its place is one that the program takes.
 */
const table = join(__dirname, 'otherWords.txt');

/** A flag in the first command that has it; what stands beside the flags in the command that it belongs to. */
function lineOfValue(key: string, word: string): string[] {
  const flag = FLAGS.find(one => one.key === key);
  if (flag) return [flag.commands[0], usualSpelling(flag), word];
  return [COMMANDS.find(command => COMMAND_WORDS[command].some(({ name }) => name.toLowerCase() === key)) ?? 'schema', word];
}

/** Of a flag's name, in every command: where it has other flags, it says other things. */
const lines = [
  ...Object.entries(valueSynonyms()).flatMap(([key, meanings]) => Object.keys(meanings).map(word => lineOfValue(key, word))),
  ...Object.keys({ ...flagSynonyms(), ...flagHints() }).flatMap(word =>
    ['shapes', 'forward', 'compare'].map(command => [command, `--${word}`]),
  ),
  ...FLAGS.flatMap(({ commands, otherNames }) => otherNames.map(word => [commands[0], `--${word}`])),
  ...Object.keys({ ...commandSynonyms(), ...commandHints() }).map(word => [word]),
];

/** Undefined for spellings of our own, and for what may be the name of a file. */
function errorOf(argv: readonly string[]): RnnError | undefined {
  try {
    parseArgv(argv);
    return undefined;
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
}

it('are answered as recorded, with a line that the program takes', () => {
  const said: string[] = [];
  for (const argv of lines) {
    const error = errorOf(argv);
    if (!error) continue;
    const line = correctedLine(argv, error, parseArgv);
    if (line !== undefined) expect(errorOf(words(line).slice(1))).toBeUndefined();
    said.push([argv.join(' '), error.fix, line].filter(text => text !== undefined).join('   '));
  }
  expect(said.length).toBeGreaterThan(300);
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, `${said.join('\n')}\n`);
  expect(`${said.join('\n')}\n`.split('\n')).toEqual(readFileSync(table, 'utf8').split('\n'));
});
