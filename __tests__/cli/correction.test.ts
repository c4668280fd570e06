import { correctedLine } from '../../src/cli/correction.js';
import { type Correction, RnnError } from '../../src/errors.js';

const slip = (correction?: Correction) => new RnnError('usage', 'E_WORD', 'a slip', { correction });
const accepted = () => undefined;

/** The line after one slip, as it would be typed. */
function corrected(line: string, correction: Correction): string | undefined {
  return correctedLine(line.split(' '), slip(correction), accepted);
}

describe('the line as it was meant', () => {
  it.each<[line: string, correction: Correction, meant: string | undefined]>([
    ['shapes --cel lstm', { word: '--cel', to: ['--cell'] }, 'rnn-cli shapes --cell lstm'],
    ['shapes --cel=lstm', { word: '--cel', to: ['--cell'] }, 'rnn-cli shapes --cell=lstm'],
    ['shapes --file=a.npz', { word: '--file', to: [''] }, 'rnn-cli shapes a.npz'],
    ['shapes --lstm=5', { word: '--lstm', to: ['--cell', 'lstm', '--M'] }, 'rnn-cli shapes --cell lstm --M=5'],
    ['shapes --cell=LSTM --json', { word: 'LSTM', to: ['lstm', '--bidirectional'] }, 'rnn-cli shapes --cell=lstm --bidirectional --json'],
    ['shapes --cell=LSTM', { word: 'LSTM', to: [] }, 'rnn-cli shapes --cell='],
    ['shapes cell=LSTM', { word: 'LSTM', to: ['lstm'] }, undefined],
    ['shapes --x y', { word: '--x', to: [] }, 'rnn-cli shapes y'],
    ['shapes --x=y', { word: '--x', to: [] }, 'rnn-cli shapes y'],
    ['shapes a b a', { word: 'a', to: ['c'] }, 'rnn-cli shapes c b a'],
    ['shapes ab', { word: 'a', to: ['c'] }, undefined],
    // a flag and its word
    ['shapes --M x --T x', { word: 'x', flags: ['--T', '--steps'], to: ['--T', '5'] }, 'rnn-cli shapes --M x --T 5'],
    ['shapes --M x --steps x --json', { word: 'x', flags: ['--T', '--steps'], to: ['--T', '5'] }, 'rnn-cli shapes --M x --T 5 --json'],
    ['shapes --T=x x', { word: 'x', flags: ['--T'], to: ['--T', '5'] }, 'rnn-cli shapes --T 5 x'],
    ['shapes --T y', { word: 'x', flags: ['--T'], to: ['--T', '5'] }, undefined],
    ['shapes x --T', { word: 'x', flags: ['--T'], to: ['--T', '5'] }, undefined],
    // within the network on one line
    ['shapes --layers lstm:5@ReLU,dense:2@ReLU', { word: 'ReLU', to: ['relu'] }, 'rnn-cli shapes --layers lstm:5@relu,dense:2@relu'],
    ['shapes --layers=lstm:5@ReLU', { word: 'ReLU', to: ['relu'] }, 'rnn-cli shapes --layers=lstm:5@relu'],
    ['shapes --layers lstm:5+Seq', { word: 'Seq', to: ['seq'] }, 'rnn-cli shapes --layers lstm:5+seq'],
    ['shapes --layers lstm:5@a/Relu', { word: 'Relu', to: ['relu'] }, 'rnn-cli shapes --layers lstm:5@a/relu'],
    ['shapes --layers lstm:5@ReLU', { word: 'ReLU', to: [] }, 'rnn-cli shapes --layers lstm:5@'],
    ['shapes --layers lstm:5@ReLUs', { word: 'ReLU', to: ['relu'] }, undefined],
    ['shapes --model lstm:5@ReLU', { word: 'ReLU', to: ['relu'] }, undefined],
    ['shapes --layers lstm', { word: 'ls', to: ['x'] }, undefined],
    // the whole line
    ['shape', { line: ['shapes', '--M', '5'] }, 'rnn-cli shapes --M 5'],
  ])('%s', (line, correction, meant) => {
    expect(corrected(line, correction)).toBe(meant);
  });

  it.each([
    ['plain_-@%+=:,./', 'plain_-@%+=:,./'],
    ['', '""'],
    ['a b', '"a b"'],
    ['T=?', '"T=?"'],
    ['*.npy', '"*.npy"'],
    ['say "a"', `'say "a"'`],
    ['$HOME', `'$HOME'`],
    ['`a`', "'`a`'"],
    ['a\\b', "'a\\b'"],
    ['a!', "'a!'"],
    [`it's $5`, `'it'\\''s $5'`],
    [`it's`, `"it's"`],
  ])('a shell reads %s back', (word, quoted) => {
    expect(correctedLine([], slip({ line: [word] }), accepted)).toBe(`rnn-cli ${quoted}`);
  });

  it('several slips are corrected one after the other, ten at most, and a line that stays wrong is not given', () => {
    const letters = [...'abcdefghijklm'];
    const parse = (known: number) => (argv: readonly string[]) => {
      const at = argv.findIndex(word => letters.slice(0, known).includes(word));
      if (at >= 0) throw slip({ word: argv[at], to: [argv[at].toUpperCase()] });
    };
    const lineOf = (known: number) => {
      const argv = letters.slice(0, known);
      return correctedLine(argv, slip({ word: 'a', to: ['A'] }), parse(known));
    };
    expect(lineOf(1)).toBe('rnn-cli A');
    expect(lineOf(3)).toBe('rnn-cli A B C');
    expect(lineOf(10)).toBe('rnn-cli A B C D E F G H I J');
    expect(lineOf(11)).toBeUndefined();
    const wrong = (error: unknown) => correctedLine(['a'], slip({ word: 'a', to: ['b'] }), () => {
      throw error;
    }); // biome-ignore format: one call
    expect([wrong(slip()), wrong(new Error('x')), wrong(slip({ word: 'a', to: ['c'] }))]).toEqual([undefined, undefined, undefined]);
    expect([correctedLine(['a'], slip(), accepted), correctedLine(['a'], new Error('x'), accepted)]).toEqual([undefined, undefined]);
  });
});
