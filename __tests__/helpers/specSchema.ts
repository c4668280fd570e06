import { activations } from '../../src/activations/index.js';
import { getLayerKind, layerKinds } from '../../src/layers/index.js';
import type { Field } from '../../src/layers/layer.js';
import { FIXED_OPTIONS } from '../../src/layers/recurrent.js';
import { WITH_STATES } from '../../src/model/check.js';
import { FRAMEWORKS, isCellName } from '../../src/model/frameworks.js';
import { FIRST_SPEC_SCHEMA, MOST_LAYERS, SPEC_SCHEMA } from '../../src/model/spec.js';

/** schemas/spec.schema.json as the registry of layers has it: a new layer, field or activation is in the schema by refreshing the file. */

type Json = Record<string, unknown>;

const MEANING: Record<string, string> = {
  units: 'M of a recurrent layer, K of a dense one, the width of an embedding',
  activation: 'of the output; of the candidate in a recurrent layer',
  recurrentActivation: 'of the gates',
  outputActivation: 'of the cell state on its way out (ONNX); null: the same as activation',
  returnSequences: 'every h_t, or the last one',
  inferredSequences: 'returnSequences was inferred from the next layer',
  useBias: 'whether there is a bias',
  twoBiases: 'an input and a recurrent bias, as PyTorch and ONNX have',
  resetAfter: 'GRU: the reset gate after the recurrent product',
  goBackwards: 'run from the last step to the first',
  stateful: 'keep the states from one batch to the next',
  bidirectional: 'how the two directions are joined; null: one direction',
  projection: 'LSTM: width of the projected output (PyTorch proj_size)',
  zeroOutputForMask: 'masked steps put out zeros instead of the last output',
  unroll: 'Keras: padded steps of a backward direction are zeroed where the mask, read forwards, says',
  peepholes: 'LSTM: diagonal weights from the cell state to the gates (ONNX)',
  clip: 'gate pre-activations are clamped to [-clip, clip] (ONNX)',
  inputForget: 'LSTM: f = 1 - i (ONNX)',
  unitForgetBias: 'LSTM: the forget bias starts at 1; only for drawing weights',
  timeDistributed: 'written as TimeDistributed(Dense) in Keras; the same numbers',
  useMask: 'padded steps are left out',
  tokens: 'V, number of tokens',
  maskZero: 'token 0 is padding',
  value: 'steps that are all this value are skipped',
  rate: 'share of units dropped in training; forward is the identity',
  times: 'how often the vector is repeated',
  filters: 'F, number of filters',
  kernelSize: 'width of the window, one number per axis',
  strides: 'steps from window to window',
  dilation: 'steps from value to value inside a window',
  padding: 'valid: whole windows only; same: ceil(T / stride) windows; causal: padded in front',
  groups: 'channels and filters in groups that do not see each other',
  dataFormat: 'where the channels stand',
  axis: 'axis or axes it works along',
  epsilon: 'added to the variance',
  center: 'whether there is a β',
  scale: 'whether there is a γ; of rescaling: the factor',
  offset: 'what is added',
  renorm: 'keeps the statistics of a renormalisation',
  rmsScaling: 'divides by the deviation and subtracts nothing (Keras rms_scaling)',
  poolSize: 'width of the window, one number per axis',
  keepdims: 'leave the axes in place, of size 1',
  border: 'before and behind, axis after axis',
  size: 'how often each value is repeated, per axis',
  shape: 'sizes without the batch; -1: what is left',
  dims: 'axes in their new order, counted from 1',
  invert: 'the other way round: x·deviation + mean',
  mean: 'numbers of the data; null: weights',
  variance: 'numbers of the data; null: weights',
  kerasClass: 'class that Keras shows for it',
  layer: 'the layer at every step: its kind and fields',
  cells: 'recurrent layers; each reads the output of the one before at every step',
  forward: 'the recurrent layer that runs forwards',
  backward: 'the one that runs backwards (goBackwards)',
  merge: 'how both are joined; null: two outputs, the second called backward',
  depthMultiplier: 'm, filters for every channel',
  sharedAxes: 'axes along which one α holds, counted from 1',
  equation: 'axes of input, kernel and output as letters: abc,cd->abd',
  outputShape: 'sizes of the output without the batch and without ...; null: that of the input',
  biasAxes: 'axes of the output that have a bias; null: none',
};

const LARGEST = 2 ** 31 - 1;

export function specSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:rnn-cli:spec:1',
    title: 'A network for rnn-cli --model',
    description: `${SPEC_SCHEMA}. Everything with a default may be left out.`,
    type: 'object',
    required: ['layers'],
    allOf: [notBoth('input', 'inputs'), notBoth('output', 'outputs')],
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      schema: { enum: [FIRST_SPEC_SCHEMA, SPEC_SCHEMA] },
      name: { ...name(), default: 'sequential', description: "model name, as Keras' summary prints it" },
      functional: { type: 'boolean', default: false, description: 'the summary shows the input layer' },
      framework: { enum: [...FRAMEWORKS], default: 'keras', description: 'whose defaults fill what is left out' },
      input: {
        type: 'object',
        additionalProperties: false,
        properties: {
          name: { ...name(), default: 'input' },
          batch: { ...size(true), description: 'N; null: symbolic' },
          timesteps: { ...size(true), description: 'T; null: symbolic' },
          features: { ...size(true), description: 'D; null: token numbers [N, T] for an embedding' },
          shape: {
            type: 'array',
            items: size(true),
            description: 'sizes after the batch, in place of timesteps and features: [M] for a state',
          },
        },
      },
      inputs: { type: 'array', minItems: 1, items: { $ref: '#/properties/input' }, description: 'several inputs, in place of input' },
      layers: {
        type: 'array',
        minItems: 1,
        maxItems: MOST_LAYERS,
        items: { oneOf: layerKinds().map(kind => ({ $ref: `#/definitions/${kind.name}` })) },
      },
      output: { ...name(), description: 'the value that is the output: a layer, or layer/h for a state of it; default: the last layer' },
      outputs: {
        type: 'array',
        minItems: 1,
        description: 'several outputs, in place of output',
        items: {
          anyOf: [
            name(),
            { type: 'object', additionalProperties: false, required: ['value'], properties: { name: name(), value: name() } },
          ],
        },
      },
    },
    definitions: {
      ...Object.fromEntries(layerKinds().map(kind => [kind.name, layerSchema(kind.name, kind.fields)])),
      numbers: { anyOf: [{ type: ['number', 'boolean'] }, { type: 'array', items: { $ref: '#/definitions/numbers' } }] },
      activationOf: {
        oneOf: [
          { enum: activations.flatMap(a => [a.name, ...(a.aliases ?? [])]) },
          {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' } },
            additionalProperties: { type: ['number', 'boolean', 'null'] },
          },
        ],
      },
    },
  };
}

function layerSchema(kind: string, fields: Readonly<Record<string, Field>>): Json {
  const required = Object.entries(fields).filter(([, field]) => field.default === undefined);
  const fixed = isCellName(kind) ? Object.entries(FIXED_OPTIONS).filter(([key]) => !(key in fields)) : [];
  return {
    type: 'object',
    required: ['kind', ...required.map(([key]) => key)],
    additionalProperties: false,
    properties: {
      kind: { const: kind },
      name: { ...name(), description: `unique; default: ${kind}_1, ${kind}_2 …` },
      inputs: {
        type: 'array',
        minItems: 1,
        ...(getLayerKind(kind).joins ? {} : { maxItems: 1 }),
        items: name(),
        description: `${getLayerKind(kind).joins ? 'names of the layers' : 'name of the layer'} it reads, or 'input'; default: the layer before`,
      },
      trainable: { type: 'boolean', default: true },
      ...(isCellName(kind) || WITH_STATES.has(kind)
        ? {
            states: {
              type: 'array',
              items: name(),
              description: 'values that give the initial states: h, c; both directions one after the other',
            },
          }
        : {}),
      mask: {
        ...name(),
        type: ['string', 'null'],
        description: 'the value that says which steps are real (not 0) [N, T]; null: all of them',
      },
      tensors: { ...name(), description: 'where a file of weights keeps its tensors, where its name does not say' },
      shares: { ...name(), description: 'the layer whose weights this call uses: the same layer, called again' },
      ...Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, { ...fieldSchema(field), description: MEANING[key] }])),
      ...Object.fromEntries(fixed.map(([key, value]) => [key, { const: value }])),
    },
  };
}

function fieldSchema(field: Field): Json {
  const byDefault = field.default === undefined ? {} : { default: field.default };
  const orNull = field.default === null;
  switch (field.type) {
    case 'size':
      return { ...size(orNull), ...byDefault };
    case 'number':
      return {
        type: orNull ? ['number', 'null'] : 'number',
        ...(field.min === undefined ? {} : { minimum: field.min }),
        ...(field.max === undefined ? {} : { maximum: field.max }),
        ...byDefault,
      };
    case 'boolean':
      return { type: 'boolean', ...byDefault };
    case 'layer':
    case 'layers': {
      const inner = (field.kinds ?? layerKinds().map(kind => kind.name)).map(kind => ({ $ref: `#/definitions/${kind}` }));
      return { ...(field.type === 'layer' ? { anyOf: inner } : { type: 'array', minItems: 1, items: { anyOf: inner } }), ...byDefault };
    }
    case 'own':
      return { anyOf: [field.schema, ...(orNull ? [{ type: 'null' }] : [])], ...byDefault };
    case 'choice':
      return { enum: [...field.choices, ...(orNull ? [null] : [])], ...byDefault };
    case 'activation':
      // null is no activation, or what stands for it
      return { oneOf: [{ $ref: '#/definitions/activationOf' }, { type: 'null' }], ...byDefault };
  }
}

function size(orNull: boolean): Json {
  return { type: orNull ? ['integer', 'null'] : 'integer', minimum: 1, maximum: LARGEST };
}

function name(): Json {
  return { type: 'string', minLength: 1, maxLength: 1024 };
}

function notBoth(one: string, other: string) {
  return { not: { required: [one, other], properties: { [one]: true, [other]: true } } };
}
