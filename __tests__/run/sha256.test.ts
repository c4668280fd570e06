import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { numberHash, sha256OfTensors, shortSha256 } from '../../src/run/files/sha256.js';

const sha256OfNumbers = (arrays: readonly (Float32Array | Float64Array)[]) =>
  sha256OfTensors(arrays.map(data => ({ shape: [data.length], data })));

const oracle = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('SHA-256', () => {
  it('of nothing, of abc and of two blocks is what FIPS 180-4 prints', () => {
    const ascii = (text: string) => new TextEncoder().encode(text);
    expect(shortSha256(ascii(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(shortSha256(ascii('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(shortSha256(ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('agrees with Node at every length around the ends of a block', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
      expect(shortSha256(bytes)).toBe(oracle(bytes));
    }
  });

  it('agrees with Node on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), bytes => shortSha256(bytes) === oracle(bytes)));
  });
});

describe('the hash of numbers', () => {
  const floats = Float32Array.from({ length: 20_000 }, (_, i) => Math.fround((i - 7) / 3));

  it('is that of their float32 bytes, short or long, in one piece or several', () => {
    for (const length of [0, 1, 17, 8191, 8192, 20_000]) {
      const data = floats.subarray(0, length);
      const expected = oracle(new Uint8Array(data.buffer, 0, 4 * length));
      const cut = Math.floor(length / 3);
      expect(sha256OfNumbers([data])).toBe(expected);
      expect(sha256OfNumbers([data.subarray(0, cut), data.subarray(cut)])).toBe(expected);
      const hash = numberHash();
      hash.update(data.subarray(0, cut));
      hash.update(data.subarray(cut));
      expect(hash.digest()).toBe(expected);
    }
  });

  it('rounds float64 to float32', () => {
    expect(sha256OfNumbers([Float64Array.of(0.1, 1 / 3)])).toBe(sha256OfNumbers([Float32Array.of(0.1, 1 / 3)]));
  });

  it('is the same for every NaN and leaves the data as it was', () => {
    const bits = Uint32Array.of(0xffc12345, 0x3f800000);
    const data = new Float32Array(bits.buffer);
    expect(sha256OfNumbers([data])).toBe(sha256OfNumbers([Float32Array.of(Number.NaN, 1)]));
    expect(bits[0]).toBe(0xffc12345);
  });
});
