import * as library from '../src/index.js';

describe('the library', () => {
  it('answers the three questions with the documents of the command line', async () => {
    const shapes = await library.shapes({ T: 10, D: 3, M: [5], K: 2 });
    expect([shapes.schema, shapes.totals.params]).toEqual(['rnn-cli/shapes@1', 57]);
    const forward = await library.forward({ N: 3, seed: '7' });
    expect([forward.schema, forward.shape]).toEqual(['rnn-cli/forward@1', [3, 2]]);
    const compare = await library.compare({ N: 3 });
    expect([compare.schema, compare.equal, compare.exit]).toEqual(['rnn-cli/compare@1', true, 0]);
    expect(library.version).toBe(shapes.version);
  });

  it('throws RnnError with code, place and mend', async () => {
    await expect(library.shapes({ layers: 'lsmt:5' })).rejects.toBeInstanceOf(library.RnnError);
    await expect(library.shapes({ layers: 'lsmt:5' })).rejects.toMatchObject({
      code: 'E_LAYERS',
      exit: 2,
      fix: expect.stringContaining('lstm'),
    });
  });
});
