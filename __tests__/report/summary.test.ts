import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import { memoryText, summaryText } from '../../src/report/summary.js';
import type { SummaryLayer, SummaryModel } from '../../src/run/result.js';

const reference = join(__dirname, '..', 'reference');
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(reference, ...path), 'utf8'));

function layer(
  name: string,
  className: string,
  outputShape: (number | null)[] | null,
  params: number | null,
  more: Partial<SummaryLayer> = {},
): SummaryLayer {
  return { name, className, outputShape, params, trainable: true, inputs: [], ...more };
}

function model(layers: SummaryLayer[], more: Partial<SummaryModel> = {}): SummaryModel {
  const sum = (trainable: boolean) => layers.filter(l => l.trainable === trainable).reduce((total, l) => total + Number(l.params ?? 0), 0);
  return { name: 'sequential', functional: false, layers, trainable: sum(true), nonTrainable: sum(false), ...more };
}

const tutorial = model([layer('simple_rnn', 'SimpleRNN', [null, 5], 45), layer('dense', 'Dense', [null, 2], 12)]);

describe('summaryText', () => {
  const files = readdirSync(join(reference, 'keras')).filter(file => file.endsWith('.json'));
  const recorded = files.map(file => readJson('keras', file)).filter(record => record.summary !== undefined);

  it('has recorded models to be checked against', () => expect(recorded.length).toBeGreaterThanOrEqual(60));

  it.each(recorded.map(record => [record.id, record]))('prints %s as Keras did', (_, record) => {
    const layers = record.layers.map(
      (l: { name: string; class_name: string; output_shape: (number | null)[]; params: number; config: { trainable: boolean } }) =>
        layer(l.name, l.class_name, l.output_shape, l.params, { trainable: l.config.trainable }),
    );
    expect(summaryText(model(layers), { lineLength: 80 })).toBe(record.summary);
  });

  /** The models of summaries.json: description -> what Keras was given. */
  const models: Record<string, SummaryModel> = {
    'big numbers': model(
      [
        layer('lstm', 'LSTM', [null, 20, 512], 1181696),
        layer('gru', 'GRU', [null, 300], 732600),
        layer('dense', 'Dense', [null, 1000], 301000),
      ],
      {
        name: 'big_model',
      },
    ),
    'bidirectional + time': model([
      layer('bidirectional', 'Bidirectional', [null, 5, 8], 256),
      layer('time_distributed', 'TimeDistributed', [null, 5, 3], 27),
    ]),
    'stateful fixed': model([layer('gru', 'GRU', [4, 6, 3], 63), layer('dense', 'Dense', [4, 6, 1], 4)]),
    'long layer names': model([
      layer('a_very_long_layer_name_that_does_not_fit_into_its_column', 'SimpleRNN', [null, 5], 45),
      layer('out', 'Dense', [null, 2], 12),
    ]),
    'functional chain': model(
      [
        layer('series', 'InputLayer', [null, 10, 3], 0),
        layer('rnn', 'SimpleRNN', [null, 5], 45, { inputs: ['series'] }),
        layer('out', 'Dense', [null, 2], 12, { inputs: ['rnn'] }),
      ],
      { name: 'chain', functional: true },
    ),
    'functional branches': model(
      [
        layer('series', 'InputLayer', [null, 6, 2], 0),
        layer('right', 'GRU', [null, 4], 96, { inputs: ['series'] }),
        layer('left', 'SimpleRNN', [null, 3], 18, { inputs: ['series'] }),
        layer('concatenate', 'Concatenate', [null, 7], 0, { inputs: ['left', 'right'] }),
        layer('out', 'Dense', [null, 2], 16, { inputs: ['concatenate'] }),
      ],
      { name: 'branchy', functional: true },
    ),
    compiled: model([...tutorial.layers], { optimizer: 116 }),
    frozen: model([layer('simple_rnn', 'SimpleRNN', [null, 5], 45, { trainable: false }), layer('dense', 'Dense', [null, 2], 12)]),
    unbuilt: model([layer('simple_rnn', 'SimpleRNN', null, null), layer('dense', 'Dense', null, null)]),
    tutorial,
  };

  const cases: { desc: string; kwargs: { line_length?: number; show_trainable?: boolean }; text: string }[] = readJson(
    'keras_extra',
    'summaries.json',
  ).cases;
  it.each(cases.map(c => [c.desc, c] as const))('%s', (desc, { kwargs, text }) => {
    const key = Object.keys(models).find(start => desc.startsWith(start))!;
    const columns = Number(/COLUMNS=(\d+)/.exec(desc)?.[1] ?? 200);
    expect(summaryText(models[key], { lineLength: kwargs.line_length, columns, showTrainable: kwargs.show_trainable })).toBe(text);
  });

  it('wraps, cuts and pads as rich does at other widths, with wide characters and long names', () => {
    const drawn: { lineLength: number; functional: boolean; showTrainable: boolean; layers: SummaryLayer[]; table: string }[] = readJson(
      'summary',
      'summaries.json',
    );
    expect(drawn.length).toBeGreaterThanOrEqual(60);
    for (const { table, layers, functional, ...options } of drawn) {
      const lines = summaryText(model(layers, { functional }), options).split('\n');
      expect(lines.slice(1, -4).join('\n')).toBe(table.trimEnd());
    }
  });

  it('refuses what Keras calls an insufficient console width', () => {
    expect(() => summaryText(tutorial, { lineLength: 15 })).toThrow(RnnError);
    expect(summaryText(tutorial, { lineLength: 16 }).split('\n')[1]).toHaveLength(16);
  });

  it('escapes names that could steer a terminal', () => {
    const text = summaryText(model([layer('a\u001b[31mb', 'LSTM', [null, 5], 45)], { name: 'x\u202ey' }));
    expect(text).toContain('a\\u001b[31mb (LSTM)');
    expect(text).toContain('Model: "x\\u202ey"');
  });
});

describe('memoryText', () => {
  it.each([
    [0n, '0.00 B'],
    [228n, '228.00 B'],
    [1023n, '1023.00 B'],
    [1024n, '1.00 KB'],
    // halves go to the even digit in Python
    [1152n, '1.12 KB'],
    [1408n, '1.38 KB'],
    [8861184n, '8.45 MB'],
    // Keras divides once more than it has units
    [2n ** 60n, '1.00 PB'],
  ])('%s bytes are %s', (bytes, text) => expect(memoryText(bytes)).toBe(text));
});
