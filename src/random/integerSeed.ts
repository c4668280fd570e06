import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';

/**
 * Parses the seed as an integer in [least, most].
 * @param who the function that takes it, for the error: 'numpy.random.seed'
 * @throws RnnError E_SEED
 */
export function integerSeed(seed: string, who: string, least: bigint, most: bigint | null): bigint {
  const text = seed.trim();
  const value = text.length <= 1000 && /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : null;
  if (value !== null && value >= least && (most === null || value <= most)) return value;
  const expected = most === null ? `a whole number from ${least} on` : `a whole number from ${least} to ${most}`;
  throw new RnnError('usage', 'E_SEED', `${who} does not take the seed '${escapeText(seed, 60)}'`, {
    expected,
    found: escapeText(seed, 60),
    fix: `give --seed ${expected}, or use --rng seedrandom, which takes any text`,
  });
}
