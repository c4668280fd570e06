import { seedrandomStream } from '../../src/random/seedrandom.js';

function take(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

describe('seedrandom stream', () => {
  it('gives the values promised for seed 42', () => {
    const stream = seedrandomStream('42', 'x');
    expect(take(4, () => stream.uniform())).toEqual([0.8974404707498393, 0.3004661756351596, 0.5868738720301031, 0.25453400004765847]);
    const again = seedrandomStream('42', 'x');
    expect(take(4, () => again.normal())).toEqual([0.6118283747023567, -0.3071666436710891, 0.5389819073401512, -1.5229174175133573]);
  });

  it('gives another sequence for another name, another seed and another letter', () => {
    const first = (seed: string, name: string) => seedrandomStream(seed, name).uniform();
    const values = [
      first('42', 'x'),
      first('43', 'x'),
      first('42', 'rnn_1/Wx'),
      first('42', 'rnn_2/Wx'),
      first('42', 'ā'),
      first('42', '\u0001'),
      first('42', 'é'),
    ];
    expect(new Set(values).size).toBe(values.length);
  });

  it('does not touch Math.random', () => {
    const random = jest.spyOn(Math, 'random');
    take(100, () => seedrandomStream('7', 'x').normal());
    expect(random).not.toHaveBeenCalled();
    random.mockRestore();
  });

  it('draws uniforms in [0, 1) with mean 1/2 and variance 1/12', () => {
    const stream = seedrandomStream('1', 'u');
    const values = take(20000, () => stream.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const { mean, variance } = moments(values);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.008);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003);
  });

  it('draws standard normals: mean, variance, third and fourth moment, shares beyond 1, 2 and 3', () => {
    const stream = seedrandomStream('1', 'n');
    const values = take(40000, () => stream.normal());
    const { mean, variance } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(Math.abs(average(values.map(v => v * v * v)))).toBeLessThan(0.08);
    expect(Math.abs(average(values.map(v => v * v * v * v)) - 3)).toBeLessThan(0.2);
    for (const [limit, share] of [
      [1, 0.3173],
      [2, 0.0455],
      [3, 0.0027],
    ]) {
      expect(Math.abs(values.filter(v => Math.abs(v) > limit).length / values.length - share)).toBeLessThan(0.008);
    }
    // neighbours (the two of one polar point) are independent
    expect(Math.abs(average(values.slice(1).map((v, i) => v * values[i])))).toBeLessThan(0.02);
  });
});

function average(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = average(values);
  return { mean, variance: average(values.map(v => (v - mean) ** 2)) };
}
