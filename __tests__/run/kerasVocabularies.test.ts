import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readZip } from '../../src/formats/bytes/zip.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { memorySource } from '../../src/formats/source.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { zipBytes } from '../helpers/hostile/zipBytes.js';
import { withFolder } from '../helpers/inputFile.js';

/** What `adapt` found for an IntegerLookup: reference/keras_models/vocabularies is run with the others of its folder. */
const folder = join(__dirname, '..', 'reference', 'keras_models');
const NEAR = 'assets/layers/integer_lookup/vocabulary.txt';

/** The recorded file with members changed; null: without one. */
async function withMembers<T>(changed: Readonly<Record<string, string | Buffer | null>>, body: (model: string) => Promise<T>): Promise<T> {
  const members = readZip(memorySource(readFileSync(join(folder, 'vocabularies.keras'))), DEFAULT_LIMITS, []);
  const kept = members.flatMap(({ name, read }) => {
    const content = changed[name] === undefined ? read() : changed[name];
    return content === null ? [] : [{ name, content: Buffer.from(content) }];
  });
  return withFolder(async at => {
    writeFileSync(join(at, 'a.keras'), zipBytes(kept));
    return body(join(at, 'a.keras'));
  });
}

const input = join(folder, 'vocabularies.x.npz');

it('another order of the vocabulary is another network', async () => {
  const { outputs: before } = await runForward({ model: join(folder, 'vocabularies.keras'), input });
  const members = readZip(memorySource(readFileSync(join(folder, 'vocabularies.keras'))), DEFAULT_LIMITS, []);
  const words = Buffer.from(members.find(m => m.name === NEAR)!.read())
    .toString()
    .split('\n');
  const swapped = [...words.slice(0, 4), words[5], words[4], ...words.slice(6)].join('\r\n');
  const { outputs } = await withMembers({ [NEAR]: swapped }, model => runForward({ model, input }));
  expect(outputs.map((o, i) => JSON.stringify(o.y) === JSON.stringify(before[i].y))).toEqual([false, true, true, true, true, true]);
});

it.each([
  ['words', '0\n-1\n-1\n-1\nfive\n7', { code: 'E_VOCABULARY', found: 'five' }],
  ['an empty line', '0\n-1\n\n7', { code: 'E_VOCABULARY', found: '' }],
  ['a number that no float holds', '0\n-1\n-1\n-1\n9007199254740993', { code: 'E_VOCABULARY', found: '9007199254740993' }],
  ['a number of a thousand digits', `0\n${'9'.repeat(1000)}`, { code: 'E_VOCABULARY' }],
  ['terminal control', '0\n\u001b[2J', { code: 'E_VOCABULARY', found: '\\u001b[2J' }],
  ['bytes that are no text', Buffer.from([0x30, 0x0a, 0xff, 0xfe]), { code: 'E_ENCODING' }],
  ['NUL bytes', '0\n\0', { code: 'E_ENCODING' }],
])('%s in a vocabulary are a damaged file', async (_, content, error) => {
  await withMembers({ [NEAR]: content }, async model => {
    await expect(runForward({ model, input })).rejects.toMatchObject({ kind: 'format', ...error });
    await expect(runInspect({ file: model } as never)).rejects.toMatchObject({ kind: 'format' });
  });
});

it('a vocabulary larger than a description may be is over the limit', async () => {
  await withMembers({ [NEAR]: '1234567\n'.repeat(2 ** 20 + 1) }, async model => {
    await expect(runForward({ model, input })).rejects.toMatchObject({ kind: 'limit', code: 'E_LIMIT_HEADER' });
  });
});

it.each([
  ['twice the same number', '0\n-1\n-1\n-1\n7\n7', { found: '7 twice' }],
  ['none', null, { where: expect.stringContaining('layer near: vocabulary'), found: 'null' }],
  ['an empty one', '', {}],
])('%s is refused, and the network is still shown', async (_, content, error) => {
  await withMembers({ [NEAR]: content }, async model => {
    await expect(runForward({ model, input })).rejects.toMatchObject({
      code: expect.stringMatching(/E_KERAS_OPTION|E_VOCABULARY/),
      ...error,
    });
  });
});
