import { philox, philoxRounds, philoxStream } from '../../src/random/philox.js';

describe('Philox4x32-10', () => {
  // the known answers of Random123 (kat_vectors)
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('gives the known answer for counter %p', (counter, key, answer) => {
    const block = Uint32Array.from(counter);
    philoxRounds(block, key[0], key[1]);
    expect([...block].map(word => word.toString(16).padStart(8, '0')).join(' ')).toBe(answer);
  });

  it('draws float32 uniforms in [0, 1) of 23 bits', () => {
    const stream = philoxStream(7);
    for (let i = 0; i < 1000; i++) {
      const value = stream.uniform();
      expect(value).toBe(Math.fround(value));
      expect(value >= 0 && value < 1 && Number.isInteger(value * 8388608)).toBe(true);
    }
  });

  it('draws standard normals', () => {
    const stream = philoxStream(3);
    const values = Array.from({ length: 20000 }, () => stream.normal());
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(values.reduce((sum, v) => sum + v * v, 0) / values.length - 1)).toBeLessThan(0.05);
  });

  it('draws a normal where the first uniform is 0 as from 1e-7, as TensorFlow does', () => {
    // the first seed whose first word ends in 23 zero bits
    const [zero, angle] = [philoxStream(1056968)].flatMap(stream => [stream.uniform(), stream.uniform()]);
    expect(zero).toBe(0);
    expect(philoxStream(1056968).normal()).toBeCloseTo(Math.sin(2 * Math.PI * angle) * Math.sqrt(-2 * Math.log(1e-7)), 5);
  });

  it('refuses a seed of more than 32 bits', () => {
    expect(() => philox.open('4294967296')).toThrow("TensorFlow's stateless stream does not take the seed '4294967296'");
  });
});
