import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { temporaryFolder } from '../helpers/files.js';
import { part as field, int } from '../helpers/protobufBytes.js';
import { referencePath } from '../helpers/reference.js';

/** A model in several files: what stands where a part should be, and is not a file of that folder, is refused at once by its own error. */
const { path } = temporaryFolder();
const floats = Buffer.from(Float32Array.from([1, 2, 3, 4, 5, 6]).buffer);

/** The named file and its part, in a folder of its own. */
const MODELS: Record<string, (folder: string) => Promise<readonly [named: string, part: string]>> = {
  tfjs: async folder => {
    const weights = [{ name: 'dense/kernel', shape: [2, 3], dtype: 'float32' }];
    const model = { format: 'layers-model', modelTopology: null, weightsManifest: [{ paths: ['part.bin'], weights }] };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
    writeFileSync(join(folder, 'part.bin'), floats);
    return ['model.json', 'part.bin'];
  },
  onnx: async folder => {
    const external = field(13, Buffer.concat([field(1, 'location'), field(2, 'weights.bin')]));
    const tensor = Buffer.concat([int(1, 2), int(1, 3), int(2, 1), field(8, 'w'), external, int(14, 1)]);
    writeFileSync(join(folder, 'model.onnx'), field(7, field(5, tensor)));
    writeFileSync(join(folder, 'weights.bin'), floats);
    return ['model.onnx', 'weights.bin'];
  },
  checkpoint: async folder => {
    const part = 'lstm_tf.data-00000-of-00001';
    for (const name of ['lstm_tf.index', part]) copyFileSync(referencePath('checkpoints', name), join(folder, name));
    return ['lstm_tf.index', part];
  },
};

/** What is put in its place, which is free, and the code; undefined: it is read. `aside` is where it is now. */
type Put = (place: string, aside: (where: string) => string) => void;
const INSTEAD: Record<string, readonly [put: Put, code?: string]> = {
  'the file itself': [(place, aside) => renameSync(aside('real'), place)],
  'a link to a file beside it': [(place, aside) => symlinkSync(aside('real'), place)],
  nothing: [() => undefined, 'E_NOT_FOUND'],
  'a folder': [place => mkdirSync(place), 'E_IS_DIRECTORY'],
  'a pipe that nobody writes to': [place => execFileSync('mkfifo', [place]), 'E_DEVICE'],
  'a device without an end': [place => symlinkSync('/dev/zero', place), 'E_DEVICE'],
  'a loop of links': [place => symlinkSync(place, place), 'E_READ'],
  'a link out of the folder': [(place, aside) => symlinkSync(aside('../outside'), place), 'E_OUTSIDE'],
};

const posix = process.platform === 'win32' ? describe.skip : describe;
posix.each(Object.keys(MODELS))('beside a %s', kind => {
  it.each(Object.keys(INSTEAD))('%s', async instead => {
    const folder = path(`${kind} ${instead}`);
    mkdirSync(join(folder, 'in'), { recursive: true });
    const [named, part] = await MODELS[kind](join(folder, 'in'));
    const [put, code] = INSTEAD[instead];
    let now = join(folder, 'in', part);
    const aside = (where: string) => {
      const next = join(folder, 'in', where);
      renameSync(now, next);
      now = next;
      return next;
    };
    aside('real');
    put(join(folder, 'in', part), aside);
    const numbers = async () => {
      const { tensors } = await readTensorFile(join(folder, 'in', named));
      return [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    };
    // the name of a checkpoint's part comes from the name that was given, not from what stands in a file
    if (code === undefined || (kind === 'checkpoint' && code === 'E_OUTSIDE')) expect(await numbers()).toBeGreaterThanOrEqual(6);
    else await expect(numbers()).rejects.toMatchObject({ code, exit: 4, where: expect.stringContaining(part) });
  });
});
