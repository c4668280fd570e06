import { progressBar } from '../../src/cli/progress.js';

/** lines drawn for [milliseconds, done] */
function drawn(total: number | null, unit: string, steps: readonly (readonly [number, number, (number | null)?])[]): string[] {
  const lines: string[] = [];
  let time = 0;
  const draw = progressBar({ progress: line => void lines.push(line) }, unit, () => time);
  for (const [ms, done, part] of steps) {
    time = ms;
    draw({ done, total, part });
  }
  return lines;
}

describe('the bar at the foot of the terminal', () => {
  it('is drawn from half a second on, ten times a second at most, with the rate and the time left', () => {
    const lines = drawn(1_000_000, 'samples', [
      [100, 100_000],
      [499, 200_000],
      [500, 250_000],
      [599, 270_000],
      [600, 300_000],
    ]);
    expect(lines).toEqual([
      ' 25 % ████░░░░░░░░░░░░  250,000 of 1,000,000 samples  500,000 a second  2 s left',
      ' 30 % █████░░░░░░░░░░░  300,000 of 1,000,000 samples  500,000 a second  2 s left',
    ]);
  });

  it('counts minutes and hours, and slow work in tenths', () => {
    expect(drawn(400, 'sizes tried', [[4000, 6]])[0]).toMatch(/6 of 400 sizes tried {2}1\.5 a second {2}4 min 23 s left$/);
    expect(drawn(9000, 'calls', [[20_000, 10]])[0]).toMatch(/0\.5 a second {2}4 h 59 min left$/);
  });

  it('has no bar where only the end of the input tells, and takes the part read where that is known', () => {
    expect(drawn(null, 'samples', [[1000, 4321, null]])).toEqual(['4,321 samples  4,321 a second']);
    expect(drawn(null, 'samples', [[1000, 4321, 0.5]])[0]).toMatch(/^ 50 % .*4,321 samples {2}4,321 a second {2}1 s left$/);
  });
});
