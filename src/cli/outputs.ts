import { COMMAND_WORDS } from './commandWords.js';
import type { CommandName } from './flag.js';
import { FLAGS } from './options.js';
import type { Values } from './values.js';

/** The flags whose value is a file to be written. */
export const WRITES: Record<CommandName, readonly (keyof Values)[]> = {
  shapes: ['svg', 'html'],
  forward: ['out', 'trace', 'svg', 'html'],
  compare: ['html'],
  inspect: ['html'],
  convert: ['output'],
  probe: ['out'],
  explain: [],
  schema: [],
  completion: [],
};

/**
 * Checks, before a command begins, that the files it writes differ from those it reads and from each other. `convert` does this itself.
 * @throws RnnError as checkOutputFiles
 */
export async function checkOutputs(values: Values, command: CommandName): Promise<void> {
  if (command === 'convert') return;
  const outputs = WRITES[command].flatMap(key => {
    const path = values[key];
    return typeof path === 'string' && !/^-(\.|$)/.test(path) ? { flag: `--${key}`, path } : [];
  });
  if (outputs.length === 0) return;
  const read = [...FLAGS, ...COMMAND_WORDS[command]].filter(({ value }) => value.kind === 'file' && !value.output);
  const inputs = read.map(({ key }) => values[key as keyof Values]).filter(path => typeof path === 'string');
  const { checkOutputFiles } = await import('../run/files/outputFiles.js');
  await checkOutputFiles(outputs, inputs, values.force ?? false);
}
