import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { summaryText } from '../../src/report/summary.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import type { Network } from '../../src/run/network/network.js';
import { summaryModel } from '../../src/run/network/summaryModel.js';
import { runShapes } from '../../src/run/shapes.js';
import { temporaryFolder } from '../helpers/files.js';

/** Models that Keras 3.15 saved, each with what its own model.summary(line_length=80) printed. */
const folder = temporaryFolder();
const reference = join(__dirname, '..', 'reference');
const cases = ['keras_models', 'keras_summaries'].flatMap(place =>
  readdirSync(join(reference, place))
    .filter(name => existsSync(join(reference, place, name.replace(/keras$/, 'summary'))) && name.endsWith('.keras'))
    .map(name => join(reference, place, name.slice(0, -'.keras'.length))),
);
const named = (name: string) => join(reference, 'keras_summaries', `${name}.keras`);

it('there are summaries to be checked against', () => expect(cases.length).toBeGreaterThan(35));

it.each(cases.map(path => [path.slice(path.lastIndexOf('/') + 1), path]))('%s is summarised as Keras did', async (_, path) => {
  let network: Network | undefined;
  const result = await runShapes({ model: `${path}.keras` }, found => {
    network = found;
  });
  const recorded = readFileSync(`${path}.summary`, 'utf8');
  expect(summaryText(summaryModel(result, network!), { lineLength: 80 })).toBe(recorded);
  const said = (what: string) => Number(new RegExp(` ${what} params: ([\\d,]+)`).exec(recorded)?.[1].replaceAll(',', '') ?? 0);
  expect([result.totals.params, result.totals.trainable]).toEqual([said('Total') - said('Optimizer'), said('Trainable')]);
});

const layer = (class_name: string, config: object) => ({ class_name, config: { trainable: true, ...config } });
const lambda = (name: string) => layer('Lambda', { name });
const recurrent = (name: string, activation: string) => layer('LSTM', { name, units: 4, activation, batch_input_shape: [null, 6, 3] });
const dense = layer('Dense', { name: 'dense', units: 2 });

/** The JSON of a Sequential model, which has no weights. */
function writeConfig(layers: object[]): string {
  return folder.write('arch.json', JSON.stringify({ class_name: 'Sequential', config: { name: 'm', layers } }));
}

describe('a network with a class of its own', () => {
  it('is shown with the tensors of that class and refused by its name', async () => {
    const { network, runs, reason } = await runInspect({ file: named('subclass_registered') });
    expect(runs).toBe(false);
    expect(reason).toBe('layer my_lstm: MyLSTM is not run here');
    expect(network?.layers.map(layer => [layer.kind, layer.kerasClass, layer.params, layer.output.shape])).toEqual([
      ['unknown', 'MyLSTM', 128, [null, 4]],
      ['dense', 'Dense', 10, [null, 2]],
    ]);
    expect(network?.totals.params).toBe(138);
    await expect(runForward({ model: named('subclass_registered') })).rejects.toMatchObject({ code: 'E_KERAS_CLASS', exit: 3 });
  });

  it('is refused by every class and function that is not run, not by the first', async () => {
    const refused = runForward({ model: writeConfig([lambda('double'), recurrent('lstm', 'my>half'), lambda('third'), dense]) });
    await expect(refused).rejects.toMatchObject({
      exit: 3,
      message: expect.stringMatching(
        /Lambda is not run here; layer lstm: unknown activation 'my>half'; layer third: Lambda is not run here$/,
      ),
    });
  });

  it('has ? for shapes that nothing says, and the shapes before it', async () => {
    const path = writeConfig([recurrent('lstm', 'tanh'), lambda('double'), dense]);
    const { layers, output, notes } = await runShapes({ model: path });
    expect(layers.map(layer => layer.output.dims)).toEqual([['N', 'M'], ['?'], ['?']]);
    expect(layers.map(layer => layer.params)).toEqual([128, 0, 0]);
    expect(output.dims).toEqual(['?']);
    expect(notes).toContain('not run: layer double: Lambda is not run here');
  });
});
