import type { ActivationSpec } from '../activations/activation.js';
import { canonicalActivation, elementwise } from '../activations/index.js';
import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { type AnyLayerKind, getLayerKind, LAYER_KINDS } from '../layers/index.js';
import type { Field } from '../layers/layer.js';
import { FIXED_OPTIONS } from '../layers/recurrent.js';
import { nearest } from '../registry.js';
import { DEFAULTS, type FrameworkName, isCellName, isTorchProjection, layerDefaults } from './frameworks.js';
import { FIRST_SPEC_SCHEMA, type InputSpec, type LayerSpec, MOST_LAYERS, type ModelSpec, type OutputSpec, SPEC_SCHEMA } from './spec.js';

/**
 * A spec as a user writes it (plain JSON, defaults left out) -> a complete ModelSpec. Types, ranges, names and wiring are checked here;
 * shapes are checked by the walk in shapes.ts.
 * @throws RnnError E_SPEC_TYPE, E_SPEC_KEY, E_SPEC_RANGE, E_SPEC_MISSING, E_SPEC_NAME, E_SPEC_WIRING, E_UNKNOWN_LAYER_KIND
 */
export function checkSpec(json: unknown, framework: FrameworkName = 'keras'): ModelSpec {
  const spec = asObject(json, 'spec');
  checkKeys(spec, ['$schema', 'schema', 'name', 'functional', 'framework', 'input', 'inputs', 'layers', 'output', 'outputs']);
  if (spec.$schema !== undefined && typeof spec.$schema !== 'string') throw typeError('$schema', 'text', spec.$schema);
  if (spec.schema !== undefined && spec.schema !== SPEC_SCHEMA && spec.schema !== FIRST_SPEC_SCHEMA) {
    throw new RnnError('spec', 'E_SPEC_SCHEMA', `this is no ${SPEC_SCHEMA}`, {
      where: 'schema',
      expected: SPEC_SCHEMA,
      found: show(spec.schema),
    });
  }
  const rules = spec.framework === undefined ? framework : (choice(spec.framework, 'framework', Object.keys(DEFAULTS)) as FrameworkName);
  const [input, ...otherInputs] = checkInputs(spec);
  if (!Array.isArray(spec.layers) || spec.layers.length === 0) throw typeError('layers', 'a list of at least one layer', spec.layers);
  if (spec.layers.length > MOST_LAYERS) throw tooManyLayers(spec.layers.length);
  const layers: LayerSpec[] = [];
  const taken = new Set<string>(['input', ...[input, ...otherInputs].map(i => i.name)]);
  const values = new Values([input, ...otherInputs]);
  spec.layers.forEach((layer, index) => {
    layers.push(within(`layers[${index}]`, () => checkLayer(layer, values, taken, rules)));
    values.add(layers[index]);
  });
  const [output, ...otherOutputs] = checkOutputs(spec, layers, values);
  return {
    schema: SPEC_SCHEMA,
    name: spec.name === undefined ? 'sequential' : text(spec.name, 'name'),
    functional: spec.functional === undefined ? false : bool(spec.functional, 'functional'),
    input: withTokens(input, layers),
    ...(otherInputs.length > 0 ? { otherInputs: otherInputs.map(i => withTokens(i, layers)) } : {}),
    layers,
    output: output.value,
    ...(output.name === output.value ? {} : { outputName: output.name }),
    ...(otherOutputs.length > 0 ? { otherOutputs } : {}),
  };
}

function tooManyLayers(found: number): RnnError {
  return new RnnError('limit', 'E_LIMIT_LAYERS', `the description has ${found} layers; the limit is ${MOST_LAYERS}`, {
    where: 'layers',
    expected: `at most ${MOST_LAYERS}`,
    found: String(found),
    fix: 'describe the network in parts',
  });
}

/** An input that an embedding reads has no features: it is token numbers. */
function withTokens(input: InputSpec, layers: readonly LayerSpec[]): InputSpec {
  return layers.some(l => l.kind === 'embedding' && l.inputs.includes(input.name)) ? { ...input, features: null } : input;
}

/** All values so far, by name: inputs, layers, and `layer/h` for what a layer gives beside its output. */
class Values {
  readonly first: InputSpec;
  readonly layers = new Map<string, LayerSpec>();
  /** what a layer reads that does not say so */
  last: string;
  private readonly names = new Set<string>();
  private readonly counts = new Map<string, number>();

  constructor(inputs: readonly InputSpec[]) {
    this.first = inputs[0];
    this.last = this.first.name;
    for (const { name } of inputs) this.names.add(name);
  }

  add(layer: LayerSpec): void {
    this.layers.set(layer.name, layer);
    this.last = layer.name;
    this.counts.set(familyOf(layer.kind), this.countOf(layer.kind) + 1);
    this.names.add(layer.name);
    for (const suffix of otherSuffixes(layer)) this.names.add(`${layer.name}/${suffix}`);
  }

  /** layers of this kind so far; recurrent ones are one kind */
  countOf(kind: string): number {
    return this.counts.get(familyOf(kind)) ?? 0;
  }

  /** @throws RnnError E_SPEC_WIRING */
  find(given: unknown, where: string): string {
    const name = text(given, where);
    if (name === 'input') return this.first.name;
    if (!this.names.has(name)) throw unknownLayer(where, name, [...this.names]);
    return name;
  }
}

function familyOf(kind: string): string {
  return isCellName(kind) ? 'recurrent' : kind;
}

/** The further outputs of a layer by the names its kind gives them; sizes do not matter here. */
function otherSuffixes(layer: LayerSpec): string[] {
  const kind = getLayerKind(layer.kind);
  if (!kind.otherOutputs) return [];
  if (layer.kind === 'op') return OPERATOR_OUTPUTS;
  const unknown = { symbol: '', size: null };
  return kind.otherOutputs(layer, [[unknown, unknown, unknown]], { units: 'M', projection: 'P' }).map(o => o.suffix);
}

/** How many outputs an operator has is known when its inputs are: any number up to this may be named. */
const OPERATOR_OUTPUTS = Array.from({ length: 64 }, (_, i) => String(i + 1));

/** `input` describes an only input, `inputs` several. */
function checkInputs(spec: Record<string, unknown>): InputSpec[] {
  if (spec.inputs === undefined) return [within('input', () => checkInput(spec.input === undefined ? {} : spec.input, 'input'))];
  if (spec.input !== undefined) throw typeError('inputs', "'input' or 'inputs', not both", spec.inputs);
  if (!Array.isArray(spec.inputs) || spec.inputs.length === 0) throw typeError('inputs', 'a list of at least one input', spec.inputs);
  const inputs = spec.inputs.map((input, i) => within(`inputs[${i}]`, () => checkInput(input, i === 0 ? 'input' : `input_${i + 1}`)));
  const twice = inputs.find((input, i) => inputs.some((other, k) => k < i && other.name === input.name));
  if (twice)
    throw new RnnError('spec', 'E_SPEC_NAME', `two inputs are called '${escapeText(twice.name)}'`, {
      where: 'inputs',
      fix: 'give each input a name of its own',
    });
  return inputs;
}

/** `output` names an only output, `outputs` several: values, or {name, value}. */
function checkOutputs(spec: Record<string, unknown>, layers: readonly LayerSpec[], values: Values): OutputSpec[] {
  if (spec.outputs === undefined) {
    const value = spec.output === undefined ? layers[layers.length - 1].name : values.find(spec.output, 'output');
    return [{ name: value, value }];
  }
  if (spec.output !== undefined) throw typeError('outputs', "'output' or 'outputs', not both", spec.outputs);
  if (!Array.isArray(spec.outputs) || spec.outputs.length === 0) throw typeError('outputs', 'a list of at least one output', spec.outputs);
  return spec.outputs.map((output, i) =>
    within(`outputs[${i}]`, () => {
      if (typeof output === 'string') return { name: output, value: values.find(output, 'outputs') };
      const given = asObject(output, 'output');
      checkKeys(given, ['name', 'value']);
      const value = values.find(given.value, 'value');
      return { name: given.name === undefined ? value : text(given.name, 'name'), value };
    }),
  );
}

function checkInput(json: unknown, name: string): InputSpec {
  const input = asObject(json, 'input');
  checkKeys(input, ['name', 'batch', 'timesteps', 'features', 'shape']);
  const size = (key: string) => (input[key] === undefined || input[key] === null ? null : wholeNumber(input[key], key));
  if (input.shape !== undefined) {
    const { shape } = input;
    if (!Array.isArray(shape)) throw typeError('shape', 'a list of sizes, the batch left out', shape);
    const sizes = shape.map(n => (n === null ? null : wholeNumber(n, 'shape')));
    return {
      name: input.name === undefined ? name : text(input.name, 'name'),
      batch: size('batch'),
      ...shapedInput(sizes),
    };
  }
  return {
    name: input.name === undefined ? name : text(input.name, 'name'),
    batch: size('batch'),
    timesteps: size('timesteps'),
    features: size('features'),
  };
}

/** [T, D] is a sequence, whatever way it is written; any other shape is kept. */
function shapedInput(shape: readonly (number | null)[]): Pick<InputSpec, 'timesteps' | 'features' | 'shape'> {
  if (shape.length === 2) return { timesteps: shape[0], features: shape[1] };
  return { timesteps: null, features: shape[shape.length - 1] ?? 1, shape };
}

function checkLayer(json: unknown, values: Values, taken: Set<string>, framework: FrameworkName): LayerSpec {
  const given = asObject(json, 'layer');
  if (given.kind === undefined) throw missing('kind', LAYER_KINDS.map(k => k.name).join(', '));
  const kind = getLayerKind(text(given.kind, 'kind'));
  const fixed = isCellName(kind.name) ? Object.entries(FIXED_OPTIONS).flatMap(([key, value]) => (given[key] === value ? key : [])) : [];
  checkKeys(given, ['kind', 'name', 'inputs', 'trainable', 'states', 'mask', 'shares', 'tensors', ...Object.keys(kind.fields), ...fixed]);
  const name = given.name === undefined ? freeName(kind.name, values, taken) : text(given.name, 'name');
  if (taken.has(name))
    throw new RnnError('spec', 'E_SPEC_NAME', `two layers are called '${escapeText(name)}'`, {
      where: 'name',
      fix: 'give each layer a name of its own',
    });
  taken.add(name);
  const layer: Record<string, unknown> = {
    kind: kind.name,
    name,
    inputs: readsNothing(given) ? [] : checkWiring(given.inputs, values),
    trainable: given.trainable === undefined ? true : bool(given.trainable, 'trainable'),
    ...checkCall(given, values, kind.name),
    ...checkFields(kind, given, framework),
  };
  return layer as unknown as LayerSpec;
}

/** The fields of a kind, complete. */
function checkFields(kind: AnyLayerKind, given: Record<string, unknown>, framework: FrameworkName): Record<string, unknown> {
  const layer: Record<string, unknown> = isCellName(kind.name) ? { ...FIXED_OPTIONS } : {};
  const defaults = layerDefaults(kind.name, framework);
  for (const [key, field] of Object.entries(kind.fields)) {
    const value =
      given[key] === undefined
        ? (defaults[key] ?? field.default)
        : given[key] === null && field.type === 'activation' && field.default !== null
          ? 'linear'
          : given[key];
    if (value === undefined) throw missing(key, describe(field));
    layer[key] = checkField(value, key, field, framework);
    if (field.type === 'activation' && isCellName(kind.name) && layer[key] !== null)
      within(key, () => elementwise(layer[key] as ActivationSpec));
  }
  if (isCellName(kind.name)) completeRecurrent(layer, given, framework);
  return layer;
}

/** A layer inside a layer: its kind and fields; what it reads is the outer one's business. */
function checkInner(json: unknown, framework: FrameworkName, kinds: readonly string[] | undefined): object {
  const given = asObject(json, 'layer');
  if (given.kind === undefined) throw missing('kind', LAYER_KINDS.map(k => k.name).join(', '));
  const kind = getLayerKind(kinds ? choice(given.kind, 'kind', kinds) : text(given.kind, 'kind'));
  checkKeys(given, [
    'kind',
    'name',
    'trainable',
    ...Object.keys(kind.fields),
    ...(isCellName(kind.name) ? Object.keys(FIXED_OPTIONS) : []),
  ]);
  const name = given.name === undefined ? kind.name : text(given.name, 'name');
  return { kind: kind.name, name, inputs: [], trainable: given.trainable !== false, ...checkFields(kind, given, framework) };
}

/**
 * Padded steps output zeros by default wherever the framework zeroes them and a whole sequence is returned:
 * always in PyTorch and ONNX, in Keras for Bidirectional only (which overwrites zero_output_for_mask with return_sequences).
 */
function completeRecurrent(layer: Record<string, unknown>, given: Record<string, unknown>, framework: FrameworkName): void {
  const { projection, units } = layer as { projection: number | null; units: number };
  if (framework === 'torch' && projection !== null && !isTorchProjection(projection, units))
    throw new RnnError('spec', 'E_SPEC_RANGE', `PyTorch has no LSTM of M = ${units} with a projection to P = ${projection}`, {
      where: 'projection',
      expected: units > 1 ? `proj_size smaller than hidden_size: 1 … ${units - 1}` : 'proj_size smaller than hidden_size',
      found: String(projection),
      fix: units > 1 ? `use +proj=${units - 1} or less, or leave the projection out` : 'leave the projection out',
    });
  if (given.zeroOutputForMask !== undefined) return;
  layer.zeroOutputForMask = paddedOutputIsZero(layer.bidirectional !== null, layer.returnSequences === true, framework);
}

export function paddedOutputIsZero(bidirectional: boolean, returnSequences: boolean, framework: FrameworkName): boolean {
  return returnSequences && (bidirectional || DEFAULTS[framework].zeroPaddedOutput);
}

/** An operator on constants alone. */
function readsNothing({ kind, inputs, operands }: Record<string, unknown>): boolean {
  const none = kind === 'op' && Array.isArray(inputs) && inputs.length === 0;
  return none && Array.isArray(operands) && operands.length > 0 && operands.every(o => o !== null);
}

function checkWiring(inputs: unknown, values: Values): readonly string[] {
  if (inputs === undefined) return [values.last];
  if (!Array.isArray(inputs) || inputs.length === 0) throw typeError('inputs', 'a list of layer names', inputs);
  return inputs.map(given => values.find(given, 'inputs'));
}

/** Kinds over several cells, and over images. */
const WITH_STATES: ReadonlySet<string> = new Set(['bidirectional', 'stackedrnn', 'convlstm1d', 'convlstm2d']);

/** What a call of a layer has beside its inputs: initial states and a mask as values, and the layer it is a further call of. */
function checkCall(
  given: Record<string, unknown>,
  values: Values,
  kind: string,
): Pick<LayerSpec, 'states' | 'mask' | 'shares' | 'tensors'> {
  const call: { states?: string[]; mask?: string | null; shares?: string; tensors?: string } = {};
  if (given.tensors !== undefined) call.tensors = text(given.tensors, 'tensors');
  if (given.states !== undefined) {
    if (!isCellName(kind) && !WITH_STATES.has(kind))
      throw new RnnError('spec', 'E_SPEC_KEY', `${kind} has no states`, { where: 'states', found: 'states', fix: 'leave states out' });
    if (!Array.isArray(given.states)) throw typeError('states', 'a list of values', given.states);
    call.states = given.states.map(s => values.find(s, 'states'));
  }
  if (given.mask !== undefined) call.mask = given.mask === null ? null : values.find(given.mask, 'mask');
  if (given.shares !== undefined) {
    const owner = text(given.shares, 'shares');
    const found = values.layers.get(owner);
    if (!found || found.kind !== kind) {
      const alike = [...values.layers.values()].filter(l => l.kind === kind);
      throw unknownLayer(
        'shares',
        owner,
        alike.map(l => l.name),
      );
    }
    call.shares = found.shares ?? owner;
  }
  return call;
}

function unknownLayer(where: string, name: string, known: readonly string[]): RnnError {
  const names = known.includes('input') ? known : ['input', ...known];
  const near = nearest(name, names);
  return new RnnError('spec', 'E_SPEC_WIRING', `no layer before this one is called '${escapeText(name)}'`, {
    where,
    expected: names.join(', '),
    found: escapeText(name),
    fix: near ? `did you mean '${near}'?` : 'a layer reads the input or a layer that stands before it',
  });
}

/**
 * `rnn_1`, `gru_2`, `dense_1`: recurrent layers are counted together (their number is the index of M1, M2 …), every other kind by itself,
 * so that adding a layer at the end renames nothing.
 */
function freeName(kind: string, values: Values, taken: ReadonlySet<string>): string {
  for (let n = values.countOf(kind) + 1; ; n++) if (!taken.has(`${kind}_${n}`)) return `${kind}_${n}`;
}

function checkField(value: unknown, key: string, field: Field, framework: FrameworkName): unknown {
  if (value === null && field.default === null) return null;
  switch (field.type) {
    case 'size':
      return wholeNumber(value, key);
    case 'boolean':
      return bool(value, key);
    case 'own':
      return field.check(value, key);
    case 'layer':
      return within(key, () => checkInner(value, framework, field.kinds));
    case 'layers':
      if (!Array.isArray(value) || value.length === 0) throw typeError(key, 'a list of at least one layer', value);
      return value.map((inner, i) => within(`${key}[${i}]`, () => checkInner(inner, framework, field.kinds)));
    case 'choice':
      return choice(value, key, field.choices);
    case 'activation':
      return within(key, () => activationOf(value));
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw typeError(key, 'a number', value);
      if ((field.min !== undefined && value < field.min) || (field.max !== undefined && value > field.max))
        throw rangeError(key, describe(field), value);
      return value;
  }
}

/** A name, or an object with a name and parameters. */
function activationOf(value: unknown): ActivationSpec {
  if (typeof value === 'string') return canonicalActivation(value);
  const named = typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  if (typeof named.name !== 'string') throw typeError('', 'the name of an activation, or {"name": …, parameters}', value);
  return canonicalActivation(named as ActivationSpec);
}

/** What a field takes, in words: a size and an activation may be missing, a number out of range. */
function describe(field: Field): string {
  if (field.type === 'size') return 'a whole number from 1';
  if (field.type !== 'number') return 'an activation';
  return `a number${field.min !== undefined ? ` from ${field.min}` : ''}${field.max !== undefined ? ` to ${field.max}` : ''}`;
}

const LARGEST = 2 ** 31 - 1;

function wholeNumber(value: unknown, key: string): number {
  if (typeof value !== 'number') throw typeError(key, 'a whole number', value);
  if (!Number.isInteger(value) || value < 1 || value > LARGEST) throw rangeError(key, `a whole number from 1 to ${LARGEST}`, value);
  return value;
}

function bool(value: unknown, key: string): boolean {
  if (typeof value !== 'boolean') throw typeError(key, 'true or false', value);
  return value;
}

const LONGEST_NAME = 1024;

function text(value: unknown, key: string): string {
  if (typeof value !== 'string') throw typeError(key, 'text', value);
  if (value.length === 0 || value.length > LONGEST_NAME)
    throw rangeError(key, `text of 1 to ${LONGEST_NAME} characters`, `${value.length} characters`);
  return value;
}

function choice(value: unknown, key: string, choices: readonly string[]): string {
  if (typeof value === 'string' && choices.includes(value)) return value;
  const near = typeof value === 'string' ? nearest(value, choices) : undefined;
  throw new RnnError('spec', 'E_SPEC_RANGE', `${key} is ${show(value)}`, {
    where: key,
    expected: choices.join(', '),
    found: show(value),
    fix: near ? `did you mean '${near}'?` : `use one of: ${choices.join(', ')}`,
  });
}

function asObject(json: unknown, what: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw typeError('', `an object that describes the ${what}`, json);
  return json as Record<string, unknown>;
}

function checkKeys(given: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key) || given[key] === undefined) continue;
    const near = nearest(key, known);
    throw new RnnError('spec', 'E_SPEC_KEY', `unknown key '${escapeText(key)}'`, {
      expected: known.join(', '),
      found: escapeText(key),
      fix: near ? `did you mean '${near}'?` : `known keys: ${known.join(', ')}`,
    });
  }
}

function typeError(where: string, expected: string, value: unknown): RnnError {
  return new RnnError('spec', 'E_SPEC_TYPE', `expected ${expected}, found ${show(value)}`, {
    where: where || undefined,
    expected,
    found: show(value),
  });
}

function rangeError(where: string, expected: string, value: unknown): RnnError {
  return new RnnError('spec', 'E_SPEC_RANGE', `expected ${expected}, found ${show(value)}`, { where, expected, found: show(value) });
}

function missing(key: string, expected: string): RnnError {
  return new RnnError('spec', 'E_SPEC_MISSING', `'${key}' is missing`, { where: key, expected, found: 'nothing', fix: `add "${key}"` });
}

/** A value as the user would recognise it, short and safe. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'string') return `'${escapeText(value, 60)}'`;
  return Array.isArray(value) ? 'a list' : 'an object';
}
