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
  it('is a line each, three at most, all of them with --verbose', () => {
    expect(assumedText(four.slice(0, 1), false, PLAIN)).toBe(' assumed  a: a state dict does not say (--pool max)\n');
    expect(assumedText(four, false, PLAIN).split('\n')).toHaveLength(4);
    expect(assumedText(four, false, PLAIN)).toContain('c: a state dict does not say (--pool max)  … and 1 more (--verbose)');
    expect(assumedText(four, true, PLAIN).split('\n')).toHaveLength(5);
    expect(assumedText([], false, PLAIN)).toBe('');
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
    expect(ask({ fact: 'activation', what: 'which activation', why: 'the file does not say', layersLine })).toMatchObject({
      code: 'E_ASK',
      exit: 3,
      layersLine,
      fix: expect.stringContaining(layersLine),
    });
  });
});
