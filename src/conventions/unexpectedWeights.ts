import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';

/** The error for weights that the network does not have: a file must hold exactly the expected set. */
export function unexpectedWeight(name: string, expected: readonly string[]): RnnError {
  return new RnnError('convention', 'E_WEIGHT_EXTRA', `the file has weights '${escapeText(name, 80)}' that the network does not have`, {
    where: escapeText(name, 80),
    expected: escapeText(expected.join(', '), 200),
    found: escapeText(name, 80),
  });
}
