import { mt19937, mt19937FromKey } from '../../src/random/mt19937.js';
import { seedWords } from '../../src/random/pcg64.js';
import { python } from '../../src/random/python.js';
import { mostUlps, take } from './reference.js';

// Recorded with Python 3: random.seed(s), then randint(1, 10**9) three times; random() twice; gauss(0, 1) three times; randint of four ranges
const RECORDED: [string, number[], number[], number[], number[]][] = [
  [
    '0',
    [906691060, 413654000, 813847340],
    [0.8444218515250481, 0.7579544029403025],
    [0.9417154046806644, -1.3965781047011498, -0.6797144480784211],
    [3626764237, 5, -3, 1112038970],
  ],
  [
    '1',
    [144272510, 611178003, 909925048],
    [0.13436424411240122, 0.8474337369372327],
    [1.2881847531554629, 1.449445608699771, 0.06633580893826191],
    [3280387012, 5, -2, 2127877499],
  ],
  [
    '42',
    [686579304, 119540832, 26855093],
    [0.6394267984578837, 0.025010755222666936],
    [-0.14409032957792836, -0.1729036003315193, -0.11131586156766246],
    [2746317213, 5, 1, 1051802512],
  ],
  [
    '-42',
    [686579304, 119540832, 26855093],
    [0.6394267984578837, 0.025010755222666936],
    [-0.14409032957792836, -0.1729036003315193, -0.11131586156766246],
    [2746317213, 5, 1, 1051802512],
  ],
  [
    '1099511627781',
    [541574218, 555040208, 288411819],
    [0.5043802970418443, 0.2686044399723282],
    [-0.7906503216763192, -0.021765946505731208, 1.0991312652276808],
    [3976222944, 5, -1, 341540259],
  ],
  [
    '1000000000',
    [540643862, 645636272, 538394483],
    [0.5035138323999615, 0.5014189394292455],
    [-1.1795337176291538, -0.026046048422323026, -0.049609906942402755],
    [3189272202, 5, 1, 1992429736],
  ],
  [
    '18446744073709551615',
    [23435168, 267123915, 363027089],
    [0.021825695401270107, 0.3380953268613758],
    [0.8999136334180872, 0.12418903243063466, 0.3270949030553384],
    [93740670, 5, 0, 1958779474],
  ],
];

describe.each(RECORDED)("Python's random.seed(%s)", (seed, integers, uniforms, normals, ranges) => {
  it('randint and random bit for bit', () => {
    const first = python.open(seed);
    expect(take(3, () => first.randint(1, 1000000000))).toEqual(integers);
    const second = python.open(seed);
    expect(take(2, second.uniform)).toEqual(uniforms);
  });

  it('randint of ranges from one number to all of 32 bits', () => {
    const stream = python.open(seed);
    expect([stream.randint(0, 2 ** 32 - 1), stream.randint(5, 5), stream.randint(-3, 4), stream.randint(0, 2 ** 31)]).toEqual(ranges);
  });

  it('gauss to one ulp', () => {
    const stream = python.open(seed);
    expect(mostUlps(take(3, stream.normal), normals)).toBeLessThanOrEqual(1);
  });
});

describe('MT19937', () => {
  it("gives its authors' numbers for their key", () => {
    const next = mt19937FromKey([0x123, 0x234, 0x345, 0x456]);
    expect(take(5, next)).toEqual([1067595299, 955945823, 477289528, 4107218783, 4228976476]);
  });

  it('gives the ten thousandth number the C++ standard demands of mt19937', () => {
    const next = mt19937(5489);
    expect(take(10000, next)[9999]).toBe(4123659995);
  });

  it('takes keys longer than its state', () => {
    const key = Array.from({ length: 700 }, (_, i) => i * 7);
    expect(mt19937FromKey(key)()).not.toBe(mt19937FromKey(key.slice(0, 699))());
  });
});

describe('SeedSequence', () => {
  // numpy.random.SeedSequence(s).generate_state(8) of NumPy 2.4.6
  it.each<[string, number[]]>([
    ['0', [2968811710, 3677149159, 745650761, 2884920346, 2642120001, 549907821, 574372308, 742431198]],
    ['12345', [2688385916, 3048105090, 4196366895, 3152189807, 924159892, 1692637855, 2685664627, 1052446614]],
    ['4294967303', [369571992, 1544939151, 3514839603, 1195211032, 3297803279, 4092185315, 161251855, 3717564720]],
    [
      '1606938044258990275541962092341162602522202993782792835301377',
      [3811034517, 806688429, 1917603862, 337037816, 1946040124, 1852209518, 4190573165, 1693447025],
    ],
  ])('spreads %s as NumPy does', (seed, words) => {
    expect(seedWords(BigInt(seed), 8)).toEqual(words);
  });
});
