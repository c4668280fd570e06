import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readZip } from '../../src/formats/bytes/zip.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { h5 } from '../../src/formats/h5.js';
import { memorySource } from '../../src/formats/source.js';
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
    .filter(name => /\.(keras|h5)$/.test(name) && existsSync(join(reference, place, name.replace(/(keras|h5)$/, 'summary'))))
    .map(name => join(reference, place, name)),
);
const named = (name: string) => join(reference, 'keras_summaries', `${name}.keras`);

it('there are summaries to be checked against', () => expect(cases.length).toBeGreaterThan(35));

it.each(cases.map(path => [path.slice(path.lastIndexOf('/') + 1), path]))('%s is summarised as Keras did', async (_, path) => {
  const { totals, summary } = await summarised(path);
  const recorded = recordedFor(path);
  expect(summary).toBe(recorded);
  const said = (what: string) => Number(new RegExp(` ${what} params: ([\\d,]+)`).exec(recorded)?.[1].replaceAll(',', '') ?? 0);
  expect([totals.params, totals.trainable]).toEqual([said('Total') - said('Optimizer'), said('Trainable')]);
});

it.each(['quantize_int8.keras', 'einsum_int4_lora.keras', 'lora_int8.h5'])(
  'the description of %s alone is counted as the file is',
  async name => {
    const path = join(reference, 'keras_models', name);
    const content = readFileSync(path);
    const description = name.endsWith('.h5')
      ? (await h5.read(memorySource(content), DEFAULT_LIMITS)).architecture
      : JSON.parse(
          Buffer.from(
            readZip(memorySource(content), DEFAULT_LIMITS, [])
              .find(m => m.name === 'config.json')!
              .read(),
          ).toString(),
        );
    const { summary } = await summarised(folder.write('described.json', JSON.stringify(description)));
    expect(summary).toBe(recordedFor(path));
  },
);

function recordedFor(path: string): string {
  return readFileSync(path.replace(/(keras|h5)$/, 'summary'), 'utf8');
}

async function summarised(model: string) {
  let network: Network | undefined;
  const result = await runShapes({ model }, found => {
    network = found;
  });
  return { totals: result.totals, summary: summaryText(summaryModel(result, network!), { lineLength: 80 }) };
}

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
    expect(reason).toMatch(/^layer my_lstm: MyLSTM is not supported; fix: /);
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
        /Lambda is not supported; layer lstm: unknown activation 'my>half'; layer third: Lambda is not supported$/,
      ),
    });
  });

  it('has ? for shapes that nothing says, and the shapes before it', async () => {
    const path = writeConfig([recurrent('lstm', 'tanh'), lambda('double'), dense]);
    const { layers, output, notes } = await runShapes({ model: path });
    expect(layers.map(layer => layer.output.dims)).toEqual([['N', 'M'], ['?'], ['?']]);
    expect(layers.map(layer => layer.params)).toEqual([128, 0, 0]);
    expect(output.dims).toEqual(['?']);
    expect(notes).toContain('not run: layer double: Lambda is not supported');
  });
});
