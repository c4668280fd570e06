import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commandWords.js';
import { spellings } from '../../src/cli/flag.js';
import { commandHelp } from '../../src/cli/help.js';
import { manPage } from '../../src/cli/manPage.js';
import { FLAGS } from '../../src/cli/options.js';
import { layerKinds } from '../../src/layers/index.js';

const root = join(__dirname, '..', '..');
const { version, man } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the manual page', () => {
  it('in the package is the one the tables give (npm run man writes it)', () => {
    expect(readFileSync(join(root, man[0]), 'utf8')).toBe(manPage(version));
  });

  it('has every command and every flag', () => {
    const text = manPage(version).replaceAll('\\-', '-');
    for (const command of COMMANDS) expect(text).toContain(`.B rnn-cli ${command}\\fR`);
    for (const spelling of FLAGS.flatMap(spellings)) expect(text).toContain(`\\fB${spelling}\\fR`);
  });

  it('has no line that roff would take for a request by mistake', () => {
    const requests = manPage(version)
      .split('\n')
      .filter(line => /^[.']/.test(line) && !/^\.(TH|SH|SS|TP|B|br|ad)( |$)/.test(line));
    expect(requests).toEqual([]);
  });
});

it('the help of shapes names every word of --layers', () => {
  const help = commandHelp('shapes', 120);
  const words = layerKinds().flatMap(kind => (kind.grammar ? [kind.grammar.word ?? kind.name] : []));
  expect(words.filter(word => !new RegExp(`\\b${word}\\b`).test(help))).toEqual([]);
});
