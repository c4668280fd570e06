import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { keras } from '../../src/formats/keras.js';
import { editedKeras } from '../helpers/kerasFile.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { writeZip } from '../helpers/writeZip.js';
import { expectCutsRefused, REFERENCE, referenceBytes, refusal } from './reference.js';

const names = readdirSync(join(REFERENCE, 'models', 'keras')).filter(n => n.endsWith('.keras'));

describe('.keras files of the reference folder', () => {
  it.each([...names.map(n => ['models/keras', n]), ['digits', 'digits.keras']])(
    '%s/%s has the tensors of the .weights.h5 beside it, and a configuration',
    async (folder, name) => {
      const file = await readTensors(referenceBytes(folder, name), { nameHint: name });
      const weights = await readTensors(referenceBytes(folder, name.replace('.keras', '.weights.h5')));
      const own = ([path]: [string, unknown]) => !path.startsWith('optimizer/');
      expect([...file.tensors].filter(own)).toEqual([...weights.tensors].filter(own));
      expect(file.architecture).toHaveProperty('class_name');
      expect(file.architecture).toHaveProperty('config.layers');
      expect(file.metadata.get('keras_version')).toMatch(/^3\./);
      expect([file.format, names.length]).toEqual(['keras', 7]);
    },
  );

  it('gives the real name of a layer as an attribute of its vars group', async () => {
    const { metadata } = await readTensors(referenceBytes('models', 'keras', 'lstm_dense.keras'));
    expect([...metadata.keys()].filter(key => key.endsWith('/vars@name')).length).toBeGreaterThan(1);
  });

  it('refuses every cut', async () => {
    await expectCutsRefused(referenceBytes('models', 'keras', 'simple_rnn_dense.keras'), 'a.keras', 61);
  });
});

it('is an archive wherever its weights begin: at 4096, too, where a .h5 with a user block would', async () => {
  const padded = (length: number) =>
    editedKeras('lstm_dense', config => {
      config.padding = 'x'.repeat(length);
    });
  const starts = (bytes: Buffer) => bytes.indexOf('\x89HDF\r\n\x1a\n', 0, 'latin1');
  const first = starts(await padded(0));
  const at = [512, 1024, 2048, 4096, 8192].find(n => n >= first)!;
  const bytes = await padded(at - first);
  expect(starts(bytes)).toBe(at);
  expect((await readTensors(bytes)).format).toBe('keras');
});

it('notices one changed bit anywhere in what describes the weights, before it says which there are', async () => {
  const bytes = Buffer.from(referenceBytes('models', 'keras', 'bidirectional_lstm.keras'));
  const start = bytes.indexOf('\x89HDF\r\n\x1a\n', 0, 'latin1');
  for (let at = 0; at < 500; at++) {
    const changed = Buffer.from(bytes);
    changed[start + at] ^= 1 << (at % 8);
    expect(await refusal(() => readWhole(keras, changed, DEFAULT_LIMITS))).toMatchObject({ kind: 'format' });
  }
});

describe('.keras files from strangers', () => {
  let weights: Uint8Array;
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const refused = async (members: Record<string, Uint8Array>) => {
    const good = {
      'metadata.json': json({ keras_version: '3.5.0' }),
      'config.json': json({ class_name: 'Sequential' }),
      'model.weights.h5': weights,
    };
    const bytes = await writeZip(new Map(Object.entries({ ...good, ...members }).filter(([, content]) => content.length > 0)));
    return refusal(() => readWhole(keras, bytes, DEFAULT_LIMITS));
  };
  beforeAll(() => {
    weights = referenceBytes('models', 'keras', 'simple_rnn_dense.weights.h5');
  });
  const absent = new Uint8Array(0);

  it.each([
    ['no configuration', { 'config.json': absent }, 'E_KERAS_MEMBER'],
    ['no metadata', { 'metadata.json': absent }, 'E_KERAS_MEMBER'],
    ['no weights', { 'model.weights.h5': absent }, 'E_KERAS_MEMBER'],
    ['a configuration that is a list', { 'config.json': json([]) }, 'E_KERAS_CONFIG'],
    ['metadata that are a list', { 'metadata.json': json([]) }, 'E_KERAS_CONFIG'],
    ['broken JSON', { 'config.json': new TextEncoder().encode('{"class_name":') }, 'E_JSON_SYNTAX'],
    ['a key twice', { 'config.json': new TextEncoder().encode('{"a":1,"a":2}') }, 'E_JSON_DUPLICATE'],
    ['a configuration over the limit', { 'config.json': json('x'.repeat(DEFAULT_LIMITS.headerBytes)) }, 'E_LIMIT_HEADER'],
    ['weights that are no HDF5', { 'model.weights.h5': json('x') }, 'E_H5_SIGNATURE'],
  ])('%s is refused', async (_, members, code) => {
    expect((await refused(members)).code).toBe(code);
  });

  it('sharded weights are refused by name', async () => {
    const error = await refused({ 'model.weights.h5': absent, 'model.weights.json': json({}) });
    expect([error.message, error.fix]).toEqual([
      "offset 0: the archive has no 'model.weights.h5': its weights are sharded",
      'in Python: model.save(file) without max_shard_size',
    ]);
  });

  it('two configurations are refused', async () => {
    const bytes = await writeZip(
      new Map([
        ['config.json', json({})],
        ['Config.json', json({})],
        ['metadata.json', json({})],
        ['model.weights.h5', weights],
      ]),
    );
    const raw = Buffer.from(bytes);
    for (let at = raw.indexOf('Config.json'); at >= 0; at = raw.indexOf('Config.json', at + 1)) raw.write('c', at);
    expect((await refusal(() => readWhole(keras, new Uint8Array(raw), DEFAULT_LIMITS))).code).toBe('E_ZIP_DUPLICATE');
  });
});
