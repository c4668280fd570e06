import { RnnError, within } from '../../src/errors.js';
import { errorDocument, errorJson, errorText } from '../../src/report/errorReport.js';

const seq = new RnnError('shape', 'E_SEQ', 'gru_2 needs a sequence (N, T, 64) but lstm_1 gives its last step only (N, 64)', {
  excerpt: { text: 'lstm:64+last,gru:32', from: 3, to: 8 },
  fix: 'drop +last (Keras: return_sequences=True on lstm_1).',
  more: 'return_sequences',
});

describe('errorText', () => {
  it('says what happened, where, and how to mend it', () => {
    expect(errorText(seq)).toBe(
      [
        'error: gru_2 needs a sequence (N, T, 64) but lstm_1 gives its last step only (N, 64)   [E_SEQ]',
        '  lstm:64+last,gru:32',
        '     ^^^^^ here',
        '  fix: drop +last (Keras: return_sequences=True on lstm_1).  More: rnn-cli explain return_sequences',
        '',
      ].join('\n'),
    );
  });

  it('ends with the line to try, where one was found, and says what memory was asked for', () => {
    expect(errorText(seq, undefined, undefined, 'rnn-cli shapes --T 10')).toContain('\n  try: rnn-cli shapes --T 10\n');
    expect(errorText(seq)).not.toContain('try:');
    const { code, message, exit } = errorDocument(new RangeError('Array buffer allocation failed'));
    expect([code, message, exit]).toEqual(['E_MEMORY', 'out of memory (Array buffer allocation failed)', 5]);
  });

  it('puts the place before the message, outer place first', () => {
    const fail = () =>
      within('x.npy', () => {
        throw new RnnError('format', 'E_NPY_SHORT', 'expected 4096 bytes, found 4000', { where: 'offset 128' });
      });
    expect(() => fail()).toThrow(expect.objectContaining({ where: 'x.npy: offset 128' }));
    try {
      fail();
    } catch (error) {
      expect(errorText(error)).toBe('error: x.npy: offset 128: expected 4096 bytes, found 4000   [E_NPY_SHORT]\n');
    }
  });

  it('adds expected and found where the message does not have them', () => {
    const error = new RnnError('spec', 'E_X', "unknown cell 'lstn'", {
      expected: 'rnn, lstm, gru',
      found: 'lstn',
      fix: "did you mean 'lstm'?",
    });
    expect(errorText(error)).toBe("error: unknown cell 'lstn'   [E_X]\n  expected: rnn, lstm, gru\n  fix: did you mean 'lstm'?\n");
  });

  it('lets no control character of a file reach the terminal', () => {
    const error = new RnnError('format', 'E_X', 'bad \u001b[31mname\n', {
      where: 'a\u202eb',
      excerpt: { text: '\u001b:5', from: 0, to: 1 },
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are the subject
    expect(errorText(error)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(errorText(error)).toContain('\\u001b:5\n  ^^^^^^ here');
  });

  it('shows the neighbourhood of a place far to the right', () => {
    const text = `${'dense:1,'.repeat(100)}oops,dense:2${',dense:3'.repeat(100)}`;
    const [, line, marks] = errorText(new RnnError('spec', 'E_X', 'm', { excerpt: { text, from: 800, to: 804 } })).split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)).toBe('oops');
  });

  it('paints when asked', () => {
    const paint = { bad: (t: string) => `<${t}>`, faint: (t: string) => t } as never;
    expect(errorText(seq, paint)).toMatch(/^<error:> gru_2[\s\S]*<\^{5}> here/);
  });
});

describe('errorDocument', () => {
  it('has every key, and is one line of JSON', () => {
    expect(JSON.parse(errorJson(seq))).toEqual({
      schema: 'rnn-cli/error@1',
      code: 'E_SEQ',
      message: seq.message,
      where: null,
      expected: null,
      found: null,
      limit: null,
      layersLine: null,
      command: null,
      fix: seq.fix,
      more: 'return_sequences',
      excerpt: { text: 'lstm:64+last,gru:32', from: 3, to: 8 },
      exit: 3,
    });
    expect(errorJson(seq)).not.toContain('\n');
  });

  it('calls what nobody foresaw a bug: exit 70', () => {
    expect(errorDocument(new TypeError('x is undefined'))).toMatchObject({
      code: 'E_INTERNAL',
      exit: 70,
      message: expect.stringContaining('x is undefined'),
    });
    expect(errorDocument('thrown text').exit).toBe(70);
  });

  it('calls a failed allocation a limit: exit 5', () => {
    let error: unknown;
    try {
      new Float64Array(2 ** 40);
    } catch (thrown) {
      error = thrown;
    }
    expect(errorDocument(error)).toMatchObject({ code: 'E_MEMORY', exit: 5 });
  });
});

it.each([
  ['EMFILE', 'EMFILE: too many open files, open x', 'E_SYSTEM', 'too many files are open'],
  ['ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE', 'E_SYSTEM', 'too many files are open'],
  ['ERR_WORKER_INIT_FAILED', 'Worker initialization failure', 'E_SYSTEM', 'no thread can be started'],
  ['EAGAIN', 'EAGAIN', 'E_SYSTEM', 'no more threads or memory'],
  ['ERR_OTHER', 'anything', 'E_INTERNAL', 'anything'],
])('what the system does not give (%s %s) is exit 4, and no bug', (code, message, expected, said) => {
  const { exit, ...document } = errorDocument(Object.assign(new Error(message), { code }));
  expect([document.code, exit]).toEqual([expected, expected === 'E_SYSTEM' ? 4 : 70]);
  expect(JSON.stringify(document)).toContain(said);
});
