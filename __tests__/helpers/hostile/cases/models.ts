import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cat, patched, u64 } from '../bytes.js';
import { casesOf } from '../case.js';
import { type MemberParts, zipBytes } from '../zipBytes.js';

const MODELS = join(__dirname, '..', '..', '..', 'reference', 'models', 'keras');
const weights = () => readFileSync(join(MODELS, 'lstm_dense.weights.h5'));
const old = () => readFileSync(join(MODELS, 'lstm_dense.h5'));
const dense = (config: unknown = {}) => ({ class_name: 'Sequential', config: { name: 's', layers: [{ class_name: 'Dense', config }] } });

const keras = (config: unknown, more: readonly MemberParts[] = [], weightsFile: Uint8Array = weights()) =>
  zipBytes([
    { name: 'metadata.json', content: Buffer.from('{"keras_version":"3.9.0"}') },
    { name: 'config.json', content: Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)) },
    { name: 'model.weights.h5', content: weightsFile },
    ...more,
  ]);
const parts = (...names: string[]) =>
  zipBytes(
    ['metadata.json', 'config.json', 'model.weights.h5']
      .filter(n => names.includes(n))
      .map(name => ({ name, content: name.endsWith('h5') ? weights() : Buffer.from('{}') })),
  );

/** .h5 at the byte level (its features are in reference/hdf5), .keras around it, tfjs' model.json. */
export const modelCases = casesOf({
  'empty.h5': () => '',
  'signature_only.h5': () => cat('\x89HDF\r\n\x1a\n'),
  'half.h5': () => old().subarray(0, 9000),
  'last_byte_missing.h5': () => old().subarray(0, -1),
  'superblock_version_9.h5': () => patched(old(), 8, Uint8Array.of(9)),
  'offset_size_3.h5': () => patched(old(), 13, Uint8Array.of(3)),
  'length_size_16.h5': () => patched(old(), 14, Uint8Array.of(16)),
  'end_of_file_beyond.h5': () => patched(old(), 40, u64(2n ** 40n)),
  'end_of_file_2_64.h5': () => patched(old(), 40, u64(2n ** 64n - 2n)),
  'base_address.h5': () => patched(old(), 24, u64(4096)),
  'root_header_outside.h5': () => patched(old(), 64, u64(2n ** 48n)),
  'root_header_undefined.h5': () => patched(old(), 64, u64(2n ** 64n - 1n)),
  'root_header_is_superblock.h5': () => patched(old(), 64, u64(0)),
  'tree_signature_gone.h5': () => patched(old(), old().indexOf('TREE'), 'XXXX'),
  'heap_signature_gone.h5': () => patched(old(), old().indexOf('HEAP'), 'XXXX'),
  'symbols_signature_gone.h5': () => patched(old(), old().indexOf('SNOD'), 'XXXX'),
  'symbols_65535.h5': () => patched(old(), old().indexOf('SNOD') + 6, Uint8Array.of(255, 255)),
  'tree_entries_65535.h5': () => patched(old(), old().indexOf('TREE') + 6, Uint8Array.of(255, 255)),
  'tree_loops.h5': () => patched(old(), old().indexOf('TREE') + 32, u64(old().indexOf('TREE'))),
  'tree_level_255.h5': () => patched(old(), old().indexOf('TREE') + 5, Uint8Array.of(255)),
  'heap_size_2_63.h5': () => patched(old(), old().indexOf('HEAP') + 8, u64(2n ** 63n)),
  'garbage_after_signature.h5': () => cat('\x89HDF\r\n\x1a\n', Buffer.alloc(4000, 0xa5)),
  'zeros_after_signature.h5': () => cat('\x89HDF\r\n\x1a\n', Buffer.alloc(4000)),
  'no_config.keras': () => parts('metadata.json', 'model.weights.h5'),
  'no_metadata.keras': () => parts('config.json', 'model.weights.h5'),
  'no_weights.keras': () => parts('config.json', 'metadata.json'),
  'config_not_json.keras': () => keras('{"class_name":'),
  'config_array.keras': () => keras([]),
  'config_number.keras': () => keras('7'),
  'config_duplicate_key.keras': () => keras('{"class_name":"Sequential","class_name":"Functional"}'),
  'config_deep.keras': () => keras(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
  'config_9_mb.keras': () => keras(`{"a":"${'x'.repeat(9 * 2 ** 20)}"}`),
  'two_configs.keras': () => keras(dense(), [{ name: 'config.json', content: Buffer.from('{}') }]),
  'weights_cut.keras': () => keras(dense(), [], weights().subarray(0, 5000)),
  'weights_empty.keras': () => keras(dense(), [], Buffer.alloc(0)),
  'weights_text.keras': () => keras(dense(), [], Buffer.from('no weights')),
  'weights_crc.keras': () =>
    zipBytes([
      { name: 'config.json', content: Buffer.from('{}') },
      { name: 'metadata.json', content: Buffer.from('{}') },
      { name: 'model.weights.h5', content: weights(), crc: 5 },
    ]),
  'traversal.keras': () => keras(dense(), [{ name: '../../etc/cron.d/x', content: Buffer.from('x') }]),
  'symlink.keras': () => keras(dense(), [{ name: 'assets', content: Buffer.from('/etc'), attributes: 0o120777 * 65536 }]),
  'cut.keras': () => keras(dense()).subarray(0, 2000),
  'shard_traversal.tfjs.json': () => tfjs('[]', '["../secret.bin"]'),
  'shard_absolute.tfjs.json': () => tfjs('[]', '["/etc/passwd"]'),
  'shard_backslash.tfjs.json': () => tfjs('[]', '["a\\\\b"]'),
  'shard_url.tfjs.json': () => tfjs('[]', '["https://x/y.bin"]'),
  'shard_object.tfjs.json': () => tfjs('[]', '[{}]'),
  'shard_number.tfjs.json': () => tfjs('[]', '[7]'),
  'no_shards_for_weights.tfjs.json': () => tfjs('[{"name":"w","shape":[2],"dtype":"float32"}]', '[]'),
  'dtype_object.tfjs.json': () => tfjs('[{"name":"w","shape":[2],"dtype":{}}]', '[]'),
  'dtype_string.tfjs.json': () => tfjs('[{"name":"w","shape":[2],"dtype":"string"}]', '[]'),
  'shape_huge.tfjs.json': () => tfjs('[{"name":"w","shape":[2147483647,2147483647],"dtype":"float32"}]', '[]'),
  'shape_negative.tfjs.json': () => tfjs('[{"name":"w","shape":[-1],"dtype":"float32"}]', '[]'),
  'shape_text.tfjs.json': () => tfjs('[{"name":"w","shape":["2"],"dtype":"float32"}]', '[]'),
  'no_name.tfjs.json': () => tfjs('[{"shape":[2],"dtype":"float32"}]', '[]'),
  'quantised_without_scale.tfjs.json': () => tfjs('[{"name":"w","shape":[2],"dtype":"float32","quantization":{"dtype":"uint8"}}]', '[]'),
  'duplicate_weight.tfjs.json': () => tfjs('[{"name":"w","shape":[0],"dtype":"float32"},{"name":"w","shape":[0],"dtype":"float32"}]', '[]'),
  'manifest_object.tfjs.json': () => '{"weightsManifest":{}}',
  'esc_in_shard.tfjs.json': () => tfjs('[]', '["\\u001b[31m/x"]'),
});

function tfjs(list: string, paths: string): string {
  return `{"modelTopology":{},"weightsManifest":[{"paths":${paths},"weights":${list}}]}`;
}
