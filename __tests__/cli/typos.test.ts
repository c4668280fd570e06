import { spellings } from '../../src/cli/flag.js';
import { flagsOf } from '../../src/cli/options.js';
import { unknownFlag } from '../../src/cli/suggestions.js';
import { editDistance } from '../../src/registry.js';

/** Every long flag with one letter missing, doubled, or in the wrong place. */
function slipsOf(flag: string): string[] {
  const word = flag.slice(2);
  return [...word].flatMap((letter, i) => {
    const [before, after] = [word.slice(0, i), word.slice(i + 1)];
    const slips = [before + after, before + letter + letter + after, before + (after[0] ?? '') + letter + after.slice(1)];
    return [`--${slips[(i + word.length) % 3]}`];
  });
}

it.each(['compare', 'convert'] as const)('a slip in a long flag of %s suggests a flag that is one letter away', command => {
  const known = flagsOf(command).flatMap(spellings);
  const typed = known.filter(flag => flag.length > 6).flatMap(slipsOf);
  for (const flag of new Set(typed.filter(word => !known.includes(word)))) {
    const { fix } = unknownFlag(flag, command, '5');
    const near = known.filter(other => editDistance(other, flag) <= 1);
    expect([flag, near, near.some(other => fix?.includes(other))]).toEqual([flag, expect.any(Array), true]);
  }
});
