import { readSchema } from '../../run/schema.js';
import { SCHEMAS } from '../commandWords.js';
import type { Output } from '../output.js';
import type { Values } from '../values.js';

/** `rnn-cli schema`. @returns the exit code */
export async function schema({ document }: Values, output: Output): Promise<number> {
  output.text(document === undefined ? SCHEMAS.map(name => `${name}\n`).join('') : await readSchema(document));
  return 0;
}
