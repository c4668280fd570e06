import { runForward } from '../../src/run/forward.js';
import { rowsLookedUp } from '../../src/run/input/indexInputs.js';
import { temporaryFolder } from '../helpers/files.js';

/** Inputs that are looked up in tables, of 50 and of 4 rows, directly and behind operators. */
const folder = temporaryFolder();
const table = (name: string, tokens: number, from: string) => ({ kind: 'embedding', name, tokens, units: 2, inputs: [from] });
const int = (value: number | number[]) => ({ type: 'int', value });
const op = (name: string, operator: string, operands: readonly unknown[], more: object = {}) => ({
  kind: 'op',
  name,
  op: operator,
  inputs: ['x'],
  operands: [null, ...operands],
  ...more,
});
const both = (from: string) => [table('a', 50, from), table('b', 4, from), { kind: 'concatenate', name: 'y', inputs: ['a', 'b'] }];

it.each<[string, readonly object[], number]>([
  ['two tables', both('x'), 4],
  ['a remainder', [op('m', 'Mod', [int(4)]), ...both('m')], 4],
  ['a place further', [op('m', 'Add', [int(1)]), ...both('m')], 2],
  ['padding in front', [op('m', 'Pad', [int([0, 1, 0, 0])]), ...both('m')], 2],
  ['one step alone', [op('m', 'Slice', [int([0]), int([1]), int([1]), int([1])]), ...both('m')], 4],
])('%s: whole numbers that each table has', async (_name, layers, rows) => {
  const model = folder.write('net.json', JSON.stringify({ schema: 'rnn-cli/spec@2', inputs: [{ name: 'x', shape: [5] }], layers }));
  expect(rowsLookedUp({ layers } as never, 'x')).toBe(rows);
  for (const seed of ['1', '2', '3'])
    await expect(runForward({ model, N: 4, seed })).resolves.toMatchObject({ schema: expect.any(String) });
});

it('places that are computed are none of the input', () => {
  const layers = [op('m', 'ArgMax', []), ...both('m')];
  expect(rowsLookedUp({ layers } as never, 'x')).toBeNull();
});
