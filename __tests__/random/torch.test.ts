import { RnnError } from '../../src/errors.js';
import { torch } from '../../src/random/torch.js';
import { flat, hexOf, readSeeds } from './reference.js';

describe.each(Object.entries(readSeeds('torch_seeds.json')))('torch.manual_seed(%s)', (seed, records) => {
  const open = () => torch.open(seed);
  const hex = (name: string) => records[name].hex;

  it.each([4 * 10 * 3, 5, 15, 16, 17, 100])('randn of %i numbers bit for bit', count => {
    expect(hexOf(open().normals(count))).toBe(hex(count === 120 ? 'randn(4,10,3)' : `randn(${count})`));
  });

  it('randn(1, 10, 3) bit for bit, which is no prefix of randn(4, 10, 3)', () => {
    expect(hexOf(open().normals(30))).toBe(hex('randn(1,10,3)'));
    expect(hex('randn(4,10,3)')?.startsWith(hex('randn(1,10,3)') as string)).toBe(false);
  });

  it('rand bit for bit', () => {
    expect(hexOf(open().uniforms(5, 0, 1))).toBe(hex('rand(5)'));
    expect(hexOf(open().uniforms(120, 0, 1))).toBe(hex('rand(4,10,3)'));
    const stream = open();
    expect(hexOf(Array.from({ length: 5 }, stream.uniform))).toBe(hex('rand(5)'));
  });

  it('keeps the spare normal of small arrays through large ones', () => {
    const stream = open();
    const values = [...stream.normals(3), ...stream.normals(4), ...stream.normals(20), ...stream.normals(1)];
    expect(hexOf(values)).toBe(hex('seq: randn(3);randn(4);randn(20);randn(1)'));
  });

  it('xavier_uniform_ bit for bit', () => {
    const limit = Math.sqrt(3) * Math.sqrt(2 / (3 + 5));
    expect(hexOf(open().uniforms(15, -limit, limit))).toBe(hex('init.xavier_uniform_(5,3)'));
  });

  it('randint bit for bit', () => {
    expect([...open().integers(7, 12)]).toEqual(flat(records['randint(0,7,(12,))'].data));
  });
});

describe("PyTorch's seeds", () => {
  it('reach the generator with their lower 32 bits, negative ones as two’s complement', () => {
    const first = (seed: string) => torch.open(seed).uniform();
    expect(first('4294967338')).toBe(first('42'));
    expect(first('-1')).toBe(first('4294967295'));
    expect(first('43')).not.toBe(first('42'));
  });

  it.each(['18446744073709551616', '-9223372036854775809', 'abc', '4.0'])('refuses %s', seed => {
    expect(() => torch.open(seed)).toThrow(RnnError);
    expect(() => torch.open(seed)).toThrow(`torch.manual_seed does not take the seed '${seed}'`);
  });
});
