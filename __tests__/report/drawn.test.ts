import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli, words } from '../helpers/runCli.js';

/** Pictures and tables of a run as they are drawn, in drawn.txt; docs/ shows others. Refreshed by UPDATE_OUT=1 npx jest report/drawn. */
const LINES = [
  'shapes --layers "bilstm:3+seq,gru:2,dense:4@softmax" --T 3 --D 2 --svg -',
  'forward --layers "gru:3+seq,dense:2" --N 2 --T 3 --D 2 --plot',
  'forward --layers "gru:3+seq,dense:2" --N 2 --T 3 --D 2 --plot --svg -',
  'forward --layers "lstm:2+seq,rnn:2,dense:1" --N 1 --T 2 --D 2 --step 2 --unit 1',
  'forward --layers "lstm:3+proj=2,dense:1" --N 1 --T 2 --D 1 --step 2',
  'compare --layers "gru:2,dense:2" --simulate state-carry --N 3 --T 2 --D 2',
];
const table = join(__dirname, 'drawn.txt');

it('is drawn as it was', async () => {
  const shown: string[] = [];
  for (const line of LINES) {
    const { exit, stdout, stderr } = await runCli([...words(line), '--no-color'], { columns: 120 });
    shown.push(`$ rnn-cli ${line}\n${stdout}${stderr}[${exit}]\n`);
  }
  // how many explanations there are grows with the tool
  const text = shown.join('\n').replace(/tested \d+ explanations/g, 'tested … explanations');
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, text);
  expect(text.split('\n')).toEqual(readFileSync(table, 'utf8').split('\n'));
});
