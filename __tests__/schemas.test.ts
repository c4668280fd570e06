import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { RnnError } from '../src/errors.js';
import { layerKinds } from '../src/layers/index.js';
import { checkSpec } from '../src/model/check.js';
import { runCli } from './helpers/runCli.js';
import { specSchema } from './helpers/specSchema.js';

/** The published schemas hold for what the tool really prints and reads, and what it prints is all described. */
const folder = join(__dirname, '..', 'schemas');
const schemas = new Map(
  readdirSync(folder).map(file => [file.replace('.schema.json', ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
);
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
const validators = new Map([...schemas].map(([name, schema]): [string, ValidateFunction] => [name, ajv.compile(schema)]));

function check(name: string, document: unknown): void {
  const validate = validators.get(name)!;
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(undescribed(schemas.get(name), schemas.get(name), document)).toEqual([]);
}

type Schema = { [key: string]: unknown; properties?: Record<string, Schema>; items?: Schema; oneOf?: Schema[]; $ref?: string };

/** Paths of keys that the schema does not name. */
function undescribed(root: Schema, schema: Schema, value: unknown, path = ''): string[] {
  const at = schema.$ref ? (root.definitions as Record<string, Schema>)[schema.$ref.split('/')[2]] : schema;
  const object = at.oneOf?.find(option => option.properties) ?? at;
  if (Array.isArray(value)) return value.flatMap((item, i) => (object.items ? undescribed(root, object.items, item, `${path}/${i}`) : []));
  if (typeof value !== 'object' || value === null || !object.properties) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    object.properties![key] ? undescribed(root, object.properties![key], child, `${path}/${key}`) : `${path}/${key}`,
  );
}

it('schemas are spec, shapes, forward, compare and error, named in what they describe', () => {
  expect([...schemas.keys()].sort()).toEqual(expect.arrayContaining(['compare', 'error', 'forward', 'shapes', 'spec']));
  for (const [name, schema] of schemas)
    expect(schema.properties.schema.const ?? schema.properties.schema.enum[0]).toMatch(new RegExp(`^rnn-cli/${name}@[12]$`));
});

describe('what the tool prints', () => {
  it.each([
    'shapes',
    'shapes --cell lstm --N 4 --T ?',
    'shapes --layers "embedding:12x4,bilstm:5+sum,gru:3@relu+resetbefore,maxpool,dense:2" --summary',
    'shapes --K 0 --framework torch',
    'shapes --layers lstm:5,batchnorm,dense:2',
    'shapes --T 2147483647 --M 2147483647 --D 2147483647 --stack 3',
    'forward --N 3 --states --trace --cell gru',
    'forward --N 2 --step 3 --unit 1 --bidirectional',
    'forward --dtype f64 --engine manual --task many-to-many',
    'compare --N 4',
    'compare --N 4 --simulate state-carry --task many-to-many',
    'compare --atol 1e-3 --rtol 0.1 --no-explain',
    'compare __tests__/reference/comparisons/ab_base.keras __tests__/reference/keras_models/adaptive_pooling.keras',
    'compare __tests__/reference/comparisons/ab_base.keras __tests__/reference/keras_models/td_tokens.keras',
    'explain',
    'explain bidirectional-merge',
    'explain reset_after',
    'probe --cell gru --N 2 --T 3',
    'inspect __tests__/reference/models/keras/gru_stacked.keras',
    'inspect __tests__/reference/models/torch/lstm_states_io_op14.onnx',
    'inspect __tests__/reference/digits/digits_torch.safetensors --pool max',
  ])('%s', async call => {
    const { stdout } = await runCli(`${call} --json`);
    const document = JSON.parse(stdout);
    check(/rnn-cli\/(.*)@/.exec(document.schema)![1], document);
  });

  it('not a number and infinities are text', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'rnn-cli-')), 'x.csv');
    writeFileSync(file, 'NaN,1,2\nInfinity,3,4\n');
    const { y } = JSON.parse((await runCli(`forward -i ${file} --json`)).stdout);
    expect(y).toEqual([['NaN', 'NaN']]);
    for (const command of ['forward', 'compare']) check(command, JSON.parse((await runCli(`${command} -i ${file} --json`)).stdout));
    rmSync(dirname(file), { recursive: true });
  });

  it.each([
    'shapes --t 10',
    'shapes --layers lstm:64+last,gru:32',
    'forward -i missing.npy',
    'forward --M 100000 --T 1000000 --max-memory 1GB',
    'nope',
  ])('error of %s', async call => {
    const { stderr, exit } = await runCli(`${call} --json`);
    const document = JSON.parse(stderr);
    check('error', document);
    expect(document.exit).toBe(exit);
  });
});

describe('the spec', () => {
  it('schema has every field of every layer (UPDATE_OUT=1 refreshes the file)', () => {
    const file = join(folder, 'spec.schema.json');
    const text = `${JSON.stringify(specSchema(), null, 2)}\n`;
    if (process.env.UPDATE_OUT === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  const validate = (spec: unknown): boolean => validators.get('spec')!(spec) as boolean;
  const accepted = (spec: unknown): boolean => {
    try {
      checkSpec(spec);
      return true;
    } catch (error) {
      if (error instanceof RnnError) return false;
      throw error;
    }
  };
  const rnn = { kind: 'rnn', units: 5 };

  it.each([
    [{ layers: [rnn] }],
    [
      {
        $schema: './spec.schema.json',
        schema: 'rnn-cli/spec@1',
        name: 'm',
        functional: true,
        framework: 'torch',
        layers: [rnn],
        output: 'rnn_1',
      },
    ],
    [{ input: { batch: 4, timesteps: null, features: 3, name: 'x' }, layers: [{ ...rnn, inputs: ['x'] }] }],
    [
      {
        layers: [
          {
            kind: 'lstm',
            units: 5,
            projection: 3,
            bidirectional: 'concat',
            clip: null,
            activation: { name: 'leaky_relu', negative_slope: 0.1 },
          },
        ],
      },
    ],
    [{ layers: [rnn, { kind: 'concatenate', inputs: ['rnn_1', 'rnn_1'] }] }],
    [
      {
        schema: 'rnn-cli/spec@2',
        inputs: [
          { name: 'x', features: 3 },
          { name: 'h0', shape: [5] },
        ],
        layers: [
          { ...rnn, name: 'a', inputs: ['x'], states: ['h0'] },
          { kind: 'op', op: 'Mul', inputs: ['a/h'], operands: [null, 2], name: 'twice' },
          { ...rnn, name: 'b', inputs: ['x'], shares: 'a' },
        ],
        outputs: ['twice', { name: 'state', value: 'b/h' }],
      },
    ],
  ])('right: %j', spec => {
    expect(validate(spec)).toBe(true);
    expect(accepted(spec)).toBe(true);
  });

  it.each([
    [{}],
    [{ layers: [] }],
    [{ layers: [{ kind: 'rnn' }] }],
    [{ layers: [{ kind: 'conv1d', units: 3 }] }],
    [{ layers: [{ ...rnn, units: 0 }] }],
    [{ layers: [{ ...rnn, units: '5' }] }],
    [{ layers: [{ ...rnn, units: 2.5 }] }],
    [{ layers: [{ ...rnn, unit: 5 }] }],
    [{ layers: [{ ...rnn, activation: 'tanhh' }] }],
    [{ layers: [{ ...rnn, useBias: 'yes' }] }],
    [{ layers: [{ ...rnn, bidirectional: 'max' }] }],
    [{ layers: [{ ...rnn, inputs: [] }] }],
    [{ layers: [{ kind: 'dropout', rate: 2 }] }],
    [{ layers: [rnn], input: { feature: 3 } }],
    [{ layers: [rnn], schema: 'rnn-cli/spec@3' }],
    [{ layers: [rnn], framework: 'pytorch' }],
    [[rnn]],
    ['rnn:5'],
    [null],
  ])('wrong: %j', spec => {
    expect(validate(spec)).toBe(false);
    expect(accepted(spec)).toBe(false);
  });

  it('every kind with its required fields alone is right', () => {
    for (const { name, fields } of layerKinds()) {
      const required = Object.entries(fields).filter(([, field]) => field.default === undefined);
      const rnn = { kind: 'rnn', units: 2 };
      const odd: Record<string, unknown> = {
        op: 'Relu',
        layer: { kind: 'flatten' },
        shape: [3, 7],
        dims: [2, 1],
        equation: 'abc,cd->abd',
        cells: [rnn],
        forward: rnn,
        backward: rnn,
        axes: [1, 1],
      };
      const values = required.map(([key, field]) => [key, field.type === 'activation' ? 'relu' : (odd[key] ?? 7)]);
      const merging = ['concatenate', 'add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'dot'].includes(name)
        ? { inputs: ['input', 'input'] }
        : {};
      const spec = { layers: [{ kind: name, ...Object.fromEntries(values), ...merging }] };
      expect([name, validate(spec), accepted(spec)]).toEqual([name, true, true]);
    }
  });
});
