import { RnnError } from '../../src/errors.js';
import { numpy } from '../../src/random/numpy.js';
import { flat, mostUlps, readSeeds, take } from './reference.js';

const seeds = readSeeds('numpy_seeds.json');

describe.each(Object.entries(seeds))('np.random.seed(%s)', (seed, records) => {
  const recorded = (name: string) => flat(records[`legacy.${name}`].data);
  const open = () => numpy.open(seed);

  it.each(['randn(4,10,3)', 'randn(1,10,3)', 'standard_normal(7)', 'standard_normal((4,10,3))'])('%s to one ulp', name => {
    const expected = recorded(name);
    expect(mostUlps(open().normals(expected.length), expected)).toBeLessThanOrEqual(1);
  });

  it('rand and randint bit for bit', () => {
    const first = open();
    expect(take(5, first.uniform)).toEqual(recorded('rand(5)'));
    expect([...open().integers(10, 8)]).toEqual(recorded('randint(0,10,8)'));
  });

  it('keeps the second normal of a pair while uniforms are drawn', () => {
    const stream = open();
    const values = [...stream.normals(3), ...take(2, stream.uniform), ...stream.normals(4)];
    expect(mostUlps(values, recorded('seq: randn(3);rand(2);randn(4)'))).toBeLessThanOrEqual(1);
  });
});

describe('np.random.randint', () => {
  it('needs no draw for one choice and takes the whole range of 32 bits', () => {
    const stream = numpy.open('1');
    expect([...stream.integers(1, 3)]).toEqual([0, 0, 0]);
    expect([...stream.integers(2 ** 32, 1)]).toEqual([1791095845]); // the first word of MT19937 seeded with 1 (Matsumoto's own list starts so)
  });
});

describe("NumPy's seeds", () => {
  it.each(['-1', '4294967296', '1.5', 'hello', '', '1e3', '0x10'])('refuses %p', seed => {
    const opened = () => numpy.open(seed);
    expect(opened).toThrow(RnnError);
    expect(opened).toThrow('numpy.random.seed does not take the seed');
  });

  it('takes the largest', () => {
    expect(numpy.open('4294967295').uniform()).toBe(flat(seeds['4294967295']['legacy.rand(5)'].data)[0]);
  });
});
