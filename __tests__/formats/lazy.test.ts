import '../helpers/unbundled.js';
import { writeTensors } from '../../src/formats/index.js';
import { readTensors } from '../helpers/readFormat.js';
import { referenceBytes } from './reference.js';

// Whatever loads one of these fails
const fail = (name: string) => () => {
  throw new Error(`${name} was loaded`);
};
jest.mock('yazl', () => fail('yazl')());
jest.mock('csv-parse/sync', () => fail('csv-parse')());
jest.mock('../../src/formats/hdf5/walk', () => fail('the HDF5 reader')());

describe('reading one format', () => {
  it.each([
    ['corrupt/npy_ok_f4.npy', 'npy'],
    ['corrupt/st_ok_f32.safetensors', 'safetensors'],
  ])('%s loads no other reader and no package', async (path, format) => {
    const file = await readTensors(referenceBytes(...path.split('/')), { nameHint: path });
    expect(file.format).toBe(format);
    expect((await writeTensors(format, file.tensors)).length).toBeGreaterThan(0);
  });

  it('json loads no package', async () => {
    expect((await readTensors(new TextEncoder().encode('[1,2]'))).tensors.size).toBe(1);
  });

  it('an archive is read without a package', async () => {
    expect((await readTensors(referenceBytes('corrupt', 'npz_ok_stored.npz'))).tensors.size).toBeGreaterThan(0);
  });

  it.each([['h5', 'models/keras/lstm_dense.h5', 'the HDF5 reader']])(
    '%s loads what it needs, so this test can fail',
    async (_, path, loaded) => {
      await expect(readTensors(referenceBytes(...path.split('/')))).rejects.toThrow(loaded);
    },
  );
});
