import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { correctedLine } from '../../src/cli/correction.js';
import { parseArgv } from '../../src/cli/program.js';
import { RnnError } from '../../src/errors.js';
import { recordedAnswers } from '../helpers/recordedAnswers.js';
import { words } from '../helpers/runCli.js';

/**
 * What a line is understood as, or why it is not, in lines.txt (UPDATE_OUT=1 npx jest lines writes it anew, for a person to read): every kind of value with
 * what is just in and just out of its range, in other spellings and with something before or behind it; words in the wrong place; flags that
 * exclude or need each other. Nothing is read and nothing run.
 */
const table = join(__dirname, 'lines.txt');
const lines = recordedAnswers(table);

function answerTo(argv: readonly string[]): string {
  try {
    const { kind, ...rest } = parseArgv(argv) as { kind: string; unknownTopic?: RnnError };
    const { unknownTopic, ...plain } = rest;
    return `${kind} ${JSON.stringify(plain)}${unknownTopic ? `, else ${errorText(unknownTopic, argv)}` : ''}`;
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return errorText(error, argv);
  }
}

function errorText(error: RnnError, argv: readonly string[]): string {
  const { exit, code, where, message, expected, found, fix, excerpt } = error;
  const meant = correctedLine(argv, error, parseArgv);
  // most messages have them in their sentence
  const beside = Object.entries({ expected, found }).flatMap(([name, text]) => (text && !message.includes(text) ? `${name} ${text}` : []));
  return [
    `${exit} ${code} ${where ? `${where}: ` : ''}${message}`,
    ...beside,
    ...(fix ? [`fix ${fix}`] : []),
    ...(excerpt ? [`at ${excerpt.from} to ${excerpt.to} of ${excerpt.text}`] : []),
    ...(meant ? [`try ${meant}`] : []),
  ].join('\n');
}

describe('a line', () => {
  const seen: string[] = [];
  afterAll(() => {
    if (process.env.UPDATE_OUT === '1') writeFileSync(table, seen.join('\n'));
  });

  it.each(lines.map(({ call, expected }) => [call, expected]))('%s', (line, expected) => {
    const answer = answerTo(words(line));
    seen.push(`$ ${line}\n${answer}\n`);
    if (process.env.UPDATE_OUT !== '1') expect(answer).toBe(expected);
  });

  it('is answered by us alone: commander prints nothing', () => {
    const said = ['stdout', 'stderr'].map(name => jest.spyOn(process[name as 'stdout'], 'write').mockReturnValue(true));
    for (const line of ['shapes --M', 'forward -qi', 'shapes --nonsense', 'shapes -qV', 'convert a b c']) answerTo(words(line));
    expect(said.map(write => write.mock.calls)).toEqual([[], []]);
    jest.restoreAllMocks();
  });
});
