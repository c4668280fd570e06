import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import { wrongError } from '../helpers/fuzz/campaign.js';
import { HOSTILE } from '../helpers/hostile/all.js';
import { readTensors } from '../helpers/readFormat.js';

/**
 * Every hostile file against its reader: the code, the exit code and the words stand in messages.json. After a message was changed on
 * purpose: HOSTILE_UPDATE=1 npx jest __tests__/hostile, then read the difference.
 */
const TABLE = join(__dirname, 'messages.json');
/**
 * Odd, but nothing in them can hurt: unused bytes between members, names and calls in a pickle, which stay records, graphs nobody enters, a
 * constant of a type no arithmetic here takes, which is refused where a network uses it.
 */
const IN_PICKLES = [
  ...['bare_pickle', 'torchscript', 'torchscript_constants', 'global_os_system', 'global_eval', 'global_numpy', 'global_whole_module'],
  ...['global_with_esc', 'stack_global', 'inst', 'obj', 'newobj', 'reduce_storage', 'text_opcode', 'float_text', 'long_text'],
  ...['long1_of_16_bytes', 'memo_bomb', 'list_as_key', 'self_reference', 'storage_type_complex', 'storage_alone', 'build'],
];
const HARMLESS = new Set([
  ...IN_PICKLES.map(name => `${name}.pt`),
  ...[
    'gap_before_directory.npz',
    // read as people write them: decimal commas, numbers as NumPy prints them
    'decimal_comma.csv',
    'utf16_le.csv',
    'utf16_be.csv',
    'utf16.json',
    'dot.json',
    'type_string.onnx',
    'type_complex.onnx',
    'type_float8.onnx',
    'int64_beyond_2_53.onnx',
  ],
]);

/** the rest: what was expected, what found, what to do */
type Said = readonly [exit: number, code: string, message: string, rest?: string];
const EXPECTED = JSON.parse(readFileSync(TABLE, 'utf8')) as Record<string, Said>;
const said: Record<string, Said> = {};

async function answer(name: string, bytes: Uint8Array): Promise<Said> {
  try {
    await readTensors(new Uint8Array(bytes), { nameHint: name });
    return [0, 'read', ''];
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    expect(wrongError(error)).toBeUndefined();
    const { exit, code, where, message, expected, found, fix } = error;
    const rest = Object.entries({ expected, found, fix }).filter(([, text]) => text !== undefined);
    const said = [exit, code, where ? `${where}: ${message}` : message] as const;
    return rest.length === 0 ? said : [...said, rest.map(([name, text]) => `${name}: ${text}`).join(' | ')];
  }
}

it.each(HOSTILE.map(c => [c.name, c] as const))('%s', async (name, { bytes }) => {
  const started = process.cpuUsage().user;
  said[name] = await answer(name, await bytes());
  // of the processor: the machine may do much else
  expect(process.cpuUsage().user - started).toBeLessThan(10e6);
  expect(HARMLESS.has(name) ? [0] : [3, 5]).toContain(said[name][0]);
  if (!process.env.HOSTILE_UPDATE) expect(said[name]).toEqual(EXPECTED[name]);
});

it('there are at least 250, each with its own name and its message', () => {
  expect(HOSTILE.length).toBeGreaterThanOrEqual(250);
  expect(new Set(HOSTILE.map(c => c.name)).size).toBe(HOSTILE.length);
  if (process.env.HOSTILE_UPDATE) writeFileSync(TABLE, `${JSON.stringify(said, null, 1)}\n`);
  else expect(Object.keys(EXPECTED).sort()).toEqual(HOSTILE.map(c => c.name).sort());
});
