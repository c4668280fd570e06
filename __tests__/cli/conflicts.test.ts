import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConflicts } from '../../src/cli/conflicts.js';
import { FLAGS } from '../../src/cli/options.js';
import type { Values } from '../../src/cli/values.js';
import { RnnError } from '../../src/errors.js';

/** Every pair of flags that is refused, in conflicts.txt, refreshed by UPDATE_OUT=1 and then read by a person. */
const table = join(__dirname, 'conflicts.txt');
const VALUES: Values = {
  M: [5, 4, 3],
  stack: 2,
  task: 'many-to-many',
  pool: 'max',
  dtype: 'f64',
  engine: 'manual',
  out: 'y.npy',
  svg: 'y.svg',
};
const keys = [...new Set(FLAGS.map(flag => flag.key))].sort() as (keyof Values)[];

function refusal(values: Values): string | undefined {
  try {
    checkConflicts(values, 'forward');
    return undefined;
  } catch (error) {
    if (error instanceof RnnError) return error.code;
    throw error;
  }
}

it('two flags that cannot stand together are refused, and no others', () => {
  const having = (key: keyof Values) => ({ [key]: VALUES[key] ?? 'word' }) as Values;
  const lines = keys.map((a, i) => {
    const refused = keys.slice(i + 1).filter(b => refusal({ ...having(a), ...having(b) }) === 'E_CONFLICT');
    return `${a}: ${refused.join(' ')}`.trim();
  });
  const said = `${lines.join('\n')}\n`;
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, said);
  expect(said).toBe(readFileSync(table, 'utf8'));
});
