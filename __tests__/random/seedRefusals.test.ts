import * as all from '../../src/random/all.js';

/** Which seeds a stream takes, at both ends, and what is said of others: the generators of the frameworks take whole numbers. */
const LARGEST_64 = 2n ** 64n - 1n;
const TAKEN: Record<string, readonly [who: string, least: bigint, most: bigint | null]> = {
  numpy: ['numpy.random.seed', 0n, 2n ** 32n - 1n],
  pcg64: ['numpy.random.default_rng', 0n, null],
  philox: ["TensorFlow's stateless stream", 0n, 2n ** 32n - 1n],
  python: ['random.seed', -(2n ** 63n), LARGEST_64],
  torch: ['torch.manual_seed', -(2n ** 63n), LARGEST_64],
};
const kinds = Object.entries(all).filter(([name]) => name !== 'seedrandom');
const rows = kinds.map(([name, kind]) => [name, kind, ...TAKEN[name]] as const);
const first = (kind: (typeof kinds)[number][1], seed: string) => kind.open(seed).uniform();

it('every stream but seedrandom has a row here', () => {
  expect(kinds.map(([name]) => name).sort()).toEqual(Object.keys(TAKEN));
  expect(first(all.seedrandom, 'any text')).not.toBe(first(all.seedrandom, 'another'));
});

it.each(rows)('%s takes its least and its largest seed, with blanks and a plus', (_name, kind, _who, least, most) => {
  for (const seed of [least, most ?? 10n ** 999n]) {
    expect(first(kind, `${seed}`)).toBeGreaterThanOrEqual(0);
    expect(first(kind, ` ${seed}\n`)).toBe(first(kind, `${seed}`));
  }
  expect(first(kind, '+7')).toBe(first(kind, '7'));
  expect(first(kind, '7')).not.toBe(first(kind, '8'));
});

it.each(rows)('%s refuses the seed below and the one above, words, halves and a thousand digits more', (_name, kind, who, least, most) => {
  const expected = most === null ? `a whole number from ${least} on` : `a whole number from ${least} to ${most}`;
  const outside = [`${least - 1n}`, most === null ? `1${'0'.repeat(1000)}` : `${most + 1n}`];
  for (const seed of [...outside, 'seven', '1.5', '', '+-1', '0x10', '1e3', 'a\u001b[31m']) {
    // names of files and seeds may steer no terminal, and are cut where they are long
    const shown = seed.length > 60 ? expect.stringMatching(/^10{40,60}…?/) : seed.replace('\u001b', '\\u001b');
    const said = expect.objectContaining({ code: 'E_SEED', exit: 2, expected, found: shown });
    let error: unknown;
    try {
      kind.open(seed);
    } catch (thrown) {
      error = thrown;
    }
    expect([seed, error]).toEqual([seed, said]);
    const { message, found, fix } = error as { message: string; found: string; fix: string };
    expect([message, fix]).toEqual([
      `${who} does not take the seed '${found}'`,
      `give --seed ${expected}, or use --rng seedrandom, which takes any text`,
    ]);
  }
});
