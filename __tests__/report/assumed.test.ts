import { type Assumption, ask, checkAssumptions } from '../../src/model/assumptions.js';
import { assumedText } from '../../src/report/assumed.js';
import { PLAIN } from '../../src/report/table.js';

const assumption = (fact: Assumption['fact'], what: string): Assumption => ({
  fact,
  what,
  value: 'last',
  why: 'a state dict does not say',
  say: '--pool max',
});
const four = ['a', 'b', 'c', 'd'].map(what => assumption('step', what));

describe('what was assumed', () => {
  it('is a line each, three at most, all of them with --verbose; the reason they share is said once', () => {
    const why = '          (a state dict does not say';
    expect(assumedText(four.slice(0, 1), false, PLAIN)).toBe(` assumed  a  otherwise --pool max\n${why})\n`);
    expect(assumedText(four, false, PLAIN).split('\n').slice(2)).toEqual([
      ' assumed  c  otherwise --pool max',
      `${why}; … and 1 more (--verbose))`,
      '',
    ]);
    expect(assumedText(four, true, PLAIN).split('\n')).toHaveLength(6);
    expect(assumedText([four[0], { ...four[1], why: 'another' }], true, PLAIN).split('\n')).toHaveLength(5);
    expect(assumedText([], false, PLAIN)).toBe('');
  });

  it('says how many more there are once, below the last that is shown', () => {
    const ownReasons = four.map((one, i) => ({ ...one, why: `reason ${i}` }));
    const reasons = assumedText(ownReasons, false, PLAIN).match(/\(reason.*/g);
    expect(reasons).toEqual(['(reason 0)', '(reason 1)', '(reason 2; … and 1 more (--verbose))']);
  });

  it('is no wider than 100 columns: what says otherwise goes below', () => {
    const [long] = [{ ...four[0], what: 'fc reads the last step of lstm', say: `--layers "${'lstm:8+seq,'.repeat(5)}dense:2"` }];
    expect(assumedText([long], false, PLAIN).split('\n')).toEqual([
      ' assumed  fc reads the last step of lstm',
      `          otherwise ${long.say}`,
      '          (a state dict does not say)',
      '',
    ]);
  });

  it('cannot steer a terminal', () => {
    expect(assumedText([assumption('copy', 'weights of \u001b[31m')], false, PLAIN)).not.toContain('\u001b');
  });

  it('is an error with --strict, which says the whole line', () => {
    expect(() => checkAssumptions(four, true, () => 'lstm:8+last,dense:2')).toThrow(
      expect.objectContaining({ code: 'E_ASSUMED', exit: 3, layersLine: 'lstm:8+last,dense:2' }),
    );
    expect(() => checkAssumptions(four, false)).not.toThrow();
    expect(() => checkAssumptions([], true)).not.toThrow();
  });

  it('is asked for where no value is the usual one', () => {
    const layersLine = 'lstm:64,dense:64@_,dense:1';
    expect(ask({ what: 'which activation', why: 'the file does not say', layersLine })).toMatchObject({
      code: 'E_ASK',
      exit: 3,
      layersLine,
      fix: expect.stringContaining(layersLine),
    });
  });
});
