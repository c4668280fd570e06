import { autoAllowance } from '../../src/run/comparing/judge.js';
import { ifCoarse, writtenAs } from '../../src/run/comparing/written.js';

/** Four decimals may be off by 5e-5; rounding allows each value 16 times its own noise. */
const decimals = writtenAs(4, 'f64')!;
const expected = { shape: [1, 2], data: Float64Array.of(0.5, 0.7) };
const moved = (...noise: number[]) => autoAllowance({ moved: Float64Array.from(noise), floor: new Float64Array(2) }, expected);

describe('the digits of the other side', () => {
  it('say nothing where rounding allows every value more', () => {
    expect(ifCoarse(decimals, moved(2e-5, 3e-5), expected, expected)).toBeNull();
  });

  it('count where they are coarse for one value, however noisy another one is', () => {
    expect(ifCoarse(decimals, moved(1e-8, 3e-5), expected, expected)).toBe(decimals);
  });
});
