import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commandWords.js';
import { commandHelp, mainHelp } from '../../src/cli/help.js';

/**
 * How a page of help is laid out, in helpPages.txt (UPDATE_OUT=1 npx jest helpPages writes it anew, for a person to read): that of rnn-cli, wide and narrow,
 * of a command with few flags, and of one with every kind of them. What the other pages say is in the manual page.
 */
const table = join(__dirname, 'helpPages.txt');
const PAGES: readonly (readonly [title: string, page: () => string])[] = [
  ['rnn-cli --help, 80 columns', () => mainHelp(80)],
  ['rnn-cli --help, 44 columns', () => mainHelp(44)],
  ['schema --help, 60 columns', () => commandHelp('schema', 60)],
  ['completion --help, 200 columns', () => commandHelp('completion', 200)],
  ['forward --help, 100 columns', () => commandHelp('forward', 100)],
];

it('pages are laid out as recorded', () => {
  const said = PAGES.map(([title, page]) => `# ${title}\n${page()}`).join('\n');
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, said);
  expect(said.split('\n')).toEqual(readFileSync(table, 'utf8').split('\n'));
});

it.each(COMMANDS)('the page of %s is the same text at any width', command => {
  const words = (width: number) => commandHelp(command, width).split(/\s+/).join(' ');
  for (const width of [40, 72, 200]) expect(words(width)).toBe(words(100));
  // the first line too: commands of examples alone stay whole
  const [title] = commandHelp(command, 40).split('\n\n');
  expect(Math.max(...title.split('\n').map(line => line.length))).toBeLessThanOrEqual(40);
});
