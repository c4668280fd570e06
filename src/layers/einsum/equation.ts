import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';

/** A parsed equation, 'abc,cd->abd': one letter for each axis of the input, the kernel and the output. */
export interface Equation {
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
}

/** Parses an equation; capital letters name the axes of '...'. @param rank of the input @throws RnnError E_EQUATION */
export function equationOf(text: string, rank: number): Equation {
  const match = /^(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?$/.exec(text);
  if (!match) throw wrong(text, '[X],[Y]->[Z], ...[X],[Y]->...[Z] or [X]...,[Y]->[Z]...');
  const [, left, input, right, kernel, leftOut, output, rightOut] = match;
  if (Boolean(left) !== Boolean(leftOut) || Boolean(right) !== Boolean(rightOut) || (left && right))
    throw wrong(text, 'the same ... on both sides');
  const free = rank - input.length;
  if (free < 0 || (free > 0 && !left && !right)) throw wrong(text, `an equation of ${rank} axes`);
  const used = input + kernel + output;
  const rest = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
    .filter(letter => !used.includes(letter))
    .slice(0, free)
    .join('');
  const equation = left
    ? { input: rest + input, kernel, output: rest + output }
    : right
      ? { input: input + rest, kernel, output: output + rest }
      : { input, kernel, output };
  const unknown = [...equation.output].find(l => !equation.input.includes(l) && !kernel.includes(l));
  const lost = [...kernel].find(l => !equation.input.includes(l) && !equation.output.includes(l));
  const twice = [equation.input, kernel, equation.output].find(letters => new Set(letters).size !== letters.length);
  if (unknown || lost || twice) throw wrong(text, 'each letter once per term, and every output letter in an input');
  return equation;
}

function wrong(text: string, expected: string): RnnError {
  return new RnnError('spec', 'E_EQUATION', `cannot read the equation '${escapeText(text, 60)}'`, {
    where: 'equation',
    expected,
    found: escapeText(text, 60),
  });
}
