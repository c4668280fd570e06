import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pcg64 } from '../../src/random/pcg64.js';
import { ziggurat } from '../../src/random/ziggurat.js';
import { flat, readSeeds, take } from './reference.js';

// default_rng(seed).integers(0, high, 5) of NumPy 2.4.6; more than one word of entropy, more than four
const INTEGERS: [string, number, number[]][] = [
  ['0', 1, [0, 0, 0, 0, 0]],
  ['0', 2, [1, 1, 1, 0, 0]],
  ['0', 10, [8, 6, 5, 2, 3]],
  ['0', 1000, [850, 636, 511, 269, 307]],
  ['0', 2147483655, [1367864811, 579362557, 87989972, 376383646, 1746484545]],
  ['0', 4294967295, [3653403230, 2735729614, 2195314464, 1158725111, 1322117303]],
  ['7', 1, [0, 0, 0, 0, 0]],
  ['7', 2, [1, 1, 1, 1, 1]],
  ['7', 10, [9, 6, 6, 8, 5]],
  ['7', 1000, [944, 625, 684, 897, 578]],
  ['7', 2147483655, [1342382296, 1665772340, 1790251942, 119253154, 644602190]],
  ['7', 4294967295, [4058335882, 2684764584, 2938530452, 3853503931, 2483747169]],
  ['4294967295', 1, [0, 0, 0, 0, 0]],
  ['4294967295', 2, [0, 0, 1, 0, 1]],
  ['4294967295', 10, [1, 2, 7, 2, 9]],
  ['4294967295', 1000, [190, 251, 724, 219, 909]],
  ['4294967295', 2147483655, [409763536, 470440216, 1953263184, 458179211, 1329252229]],
  ['4294967295', 4294967295, [819527070, 1082089384, 3110619137, 940880429, 3906526356]],
  ['18446744073709563961', 1, [0, 0, 0, 0, 0]],
  ['18446744073709563961', 2, [1, 1, 1, 0, 1]],
  ['18446744073709563961', 10, [5, 9, 5, 2, 9]],
  ['18446744073709563961', 1000, [543, 979, 581, 232, 960]],
  ['18446744073709563961', 2147483655, [942114457, 961417357, 175665491, 1461336201, 128120224]],
  ['18446744073709563961', 4294967295, [2333930464, 4208236932, 2497755565, 999628392, 4125636302]],
  ['1461501637330902918203684832716283019655932543075', 1, [0, 0, 0, 0, 0]],
  ['1461501637330902918203684832716283019655932543075', 2, [1, 1, 1, 0, 0]],
  ['1461501637330902918203684832716283019655932543075', 10, [7, 8, 9, 0, 3]],
  ['1461501637330902918203684832716283019655932543075', 1000, [709, 882, 996, 65, 303]],
  ['1461501637330902918203684832716283019655932543075', 2147483655, [1524205854, 1895199666, 2139117321, 141252243, 651871856]],
  ['1461501637330902918203684832716283019655932543075', 4294967295, [3048411699, 3790399320, 4278234629, 282504486, 1303743708]],
];

// default_rng(seed).standard_normal(3) of NumPy 2.4.6
const LARGE: [string, number[]][] = [
  ['18446744073709563961', [-2.0215234789861958, -1.6119149240270254, 1.1098753958100556]],
  ['1461501637330902918203684832716283019655932543075', [0.06036486109017555, 0.23022463955843467, 2.0609985398917905]],
];

describe.each(Object.entries(readSeeds('numpy_seeds.json')))('np.random.default_rng(%s)', (seed, records) => {
  const recorded = (name: string) => flat(records[`default_rng.${name}`].data);
  const open = () => pcg64.open(seed);

  it('draws standard normals bit for bit, 2000 of them too', () => {
    expect([...open().normals(120)]).toEqual(recorded('standard_normal((4,10,3))'));
    expect([...open().normals(2000).slice(-5)]).toEqual(recorded('standard_normal(2000)[-5:]'));
  });

  it('draws uniforms bit for bit, whole numbers below 1 drawing none before them', () => {
    const stream = open();
    stream.integers(1, 5);
    expect(take(5, stream.uniform)).toEqual(recorded('random(5)'));
  });

  it('goes on where it was when kinds of numbers alternate', () => {
    const stream = open();
    const values = [...stream.normals(3), ...take(2, stream.uniform), ...stream.normals(4)];
    expect(values).toEqual(recorded('seq: standard_normal(3);random(2);standard_normal(4)'));
  });
});

describe('np.random.default_rng', () => {
  it.each(INTEGERS)('seed %s: whole numbers below %d', (seed, high, expected) => {
    expect([...pcg64.open(seed).integers(high, 5)]).toEqual(expected);
  });

  it('keeps the half that an odd count of whole numbers leaves, whatever is drawn before the next ones', () => {
    // NumPy 2.4.6: r = default_rng(7); r.integers(0, 1000, 3), r.random(), r.integers(0, 1000, 3), r.standard_normal(), r.integers(0, 1000, 2)
    const stream = pcg64.open('7');
    const whole = (count: number) => [...stream.integers(1000, count)];
    expect([whole(3), stream.uniform(), whole(3), ...stream.normals(1), whole(2)]).toEqual([
      [944, 625, 684],
      0.7756856902451935,
      [897, 833, 225],
      -0.45467078517172255,
      [285, 873],
    ]);
  });

  it.each(LARGE)('takes the seed %s of several words', (seed, expected) => {
    expect([...pcg64.open(seed).normals(3)]).toEqual(expected);
  });

  it('draws again beyond the last layer where NumPy does: the last of 200,000', () => {
    const lasts = ['1', '2', '3'].map(seed => pcg64.open(seed).normals(200_000).at(-1));
    expect(lasts).toEqual([-0.04415526720711728, -0.359591094633898, -0.3741390588336898]);
  });

  it('draws from the tail beyond the last layer: 1 in 3,900', () => {
    const values = pcg64.open('5').normals(200000);
    const beyond = values.filter(v => Math.abs(v) > 3.6541528853610088);
    expect(beyond.length).toBeGreaterThan(30);
    expect(beyond.length).toBeLessThan(75);
    expect(beyond.some(v => v > 0) && beyond.some(v => v < 0)).toBe(true);
  });

  it('refuses a seed below 0', () => {
    expect(() => pcg64.open('-1')).toThrow("numpy.random.default_rng does not take the seed '-1'");
  });
});

describe('the ziggurat tables', () => {
  const recorded = JSON.parse(readFileSync(join(__dirname, '../reference/seeds/pcg64_ziggurat_tables.json'), 'utf8'));

  it("are NumPy's, bit for bit", () => {
    const bits = (values: Float64Array) => [...new BigUint64Array(values.buffer)].map(word => word.toString(16).padStart(16, '0'));
    expect(bits(ziggurat().widths)).toEqual(recorded.W_hex);
    expect(bits(ziggurat().heights)).toEqual(recorded.F_hex);
    expect([...ziggurat().bounds].map(String)).toEqual(recorded.K);
  });
});
