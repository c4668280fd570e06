import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withFolder, withInputFile } from '../helpers/inputFile.js';
import { readTensors } from '../helpers/readFormat.js';
import { caseIds, readCase, recorded, referencePath } from '../helpers/reference.js';

/**
 * Keras' networks as tensorflowjs_converter lays them out: the config in model.json, the weights of the legacy .h5 under their names in
 * two shards. What Keras recorded is the oracle.
 */
const NETWORKS = caseIds('models/keras');

/** 16-bit floats by their definition, for normal numbers. */
function toHalf(v: number): number {
  const sign = v < 0 ? 0x8000 : 0;
  let a = Math.abs(v);
  let exponent = 15;
  while (a >= 2) [a, exponent] = [a / 2, exponent + 1];
  while (a < 1) [a, exponent] = [a * 2, exponent - 1];
  return sign + exponent * 1024 + Math.round((a - 1) * 1024);
}

async function writeModel(folder: string, id: string, half = false): Promise<string> {
  const h5 = await readTensors(new Uint8Array(readFileSync(referencePath('models/keras', `${id}.h5`))), { nameHint: 'x.h5' });
  const names = (key: string): string[] => JSON.parse(h5.metadata.get(key) ?? '[]').filter((n: unknown) => typeof n === 'string');
  const weights = names('model_weights@layer_names').flatMap(layer =>
    names(`model_weights/${layer}@weight_names`).map(name => ({ name, tensor: h5.tensors.get(`model_weights/${layer}/${name}`)! })),
  );
  const bytes = Buffer.concat(
    weights.map(({ tensor: { data } }) =>
      half ? Buffer.from(Uint16Array.from(data, toHalf).buffer) : Buffer.from(Float32Array.from(data).buffer),
    ),
  );
  const cut = Math.floor(bytes.length / 2) + 1;
  writeFileSync(join(folder, 'group1-shard1of2.bin'), bytes.subarray(0, cut));
  writeFileSync(join(folder, 'group1-shard2of2.bin'), bytes.subarray(cut));
  const manifest = weights.map(({ name, tensor: { shape } }) => ({
    name: name.replace(/:0$/, ''),
    shape,
    dtype: 'float32',
    ...(half ? { quantization: { dtype: 'float16' } } : {}),
  }));
  const model = {
    format: 'layers-model',
    generatedBy: 'keras v3.15.1',
    convertedBy: 'TensorFlow.js Converter v4.22.0',
    modelTopology: { keras_version: '3.15.1', backend: 'tensorflow', model_config: h5.architecture },
    weightsManifest: [{ paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'], weights: manifest }],
  };
  const path = join(folder, 'model.json');
  writeFileSync(path, JSON.stringify(model));
  return path;
}

describe('tfjs models with their shards', () => {
  it('are made of eight networks', () => expect(NETWORKS.length).toBe(8));

  it.each(NETWORKS)('%s gives the recorded output', async id => {
    const c = readCase('models/keras', id);
    await withFolder(async folder => {
      const model = await writeModel(folder, id);
      const { tensors } = await withInputFile(recorded(c.input), input => runForward({ model, input }));
      expectClose(tensors.y, recorded(c.output), TOLERANCE.float32);
    });
  });

  it('are inspected and converted', async () => {
    await withFolder(async folder => {
      const file = await writeModel(folder, 'gru_stacked');
      const shown = await runInspect({ file });
      expect(shown).toMatchObject({ format: 'tfjs', framework: 'tfjs', runs: true });
      expect(shown.network!.layers.map(l => l.kind)).toEqual(['gru', 'gru', 'dense']);
      const converted = await runConvert({ file, output: join(folder, 'net.onnx') });
      expect(converted.check!.largest).toBeLessThan(2e-6);
    });
  });

  it('quantised to float16 are computed with the rounded weights', async () => {
    const c = readCase('models/keras', 'lstm_dense');
    await withFolder(async folder => {
      const model = await writeModel(folder, 'lstm_dense', true);
      const { tensors } = await withInputFile(recorded(c.input), input => runForward({ model, input }));
      expectClose(tensors.y, recorded(c.output), 2e-3);
      const worst = Math.max(...Array.from(tensors.y.data, (v, k) => Math.abs(v - recorded(c.output).data[k])));
      expect(worst).toBeGreaterThan(1e-6);
    });
  });
});
