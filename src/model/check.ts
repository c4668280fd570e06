import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { type AnyLayerKind, getLayerKind, layerNames } from '../layers/index.js';
import { FIXED_OPTIONS } from '../layers/recurrent.js';
import { checkFields, fieldsOf } from './checkFields.js';
import { DEFAULTS, type FrameworkName, isCellName } from './frameworks.js';
import {
  FIRST_SPEC_SCHEMA,
  type InputSpec,
  type LayerSpec,
  MOST_LAYERS,
  type ModelSpec,
  type OutputSpec,
  SPEC_SCHEMA,
  tokenValues,
} from './spec.js';
import { asObject, bool, checkKeys, choice, missing, show, text, typeError, wholeNumber } from './specJson.js';
import { unknownLayer, Values } from './specValues.js';

/**
 * Turns a spec as a user writes it (plain JSON, defaults left out) into a complete ModelSpec. Checks types, ranges, names and wiring;
 * shapes are checked by `inferShapes`.
 * @throws RnnError E_SPEC_TYPE, E_SPEC_KEY, E_SPEC_RANGE, E_SPEC_MISSING, E_SPEC_NAME, E_SPEC_WIRING, E_UNKNOWN_LAYER_KIND
 */
export function checkSpec(json: unknown, framework: FrameworkName = 'keras'): ModelSpec {
  const spec = asObject(json, 'spec');
  checkKeys(spec, ['$schema', 'schema', 'name', 'functional', 'framework', 'input', 'inputs', 'layers', 'output', 'outputs']);
  if (spec.$schema !== undefined && typeof spec.$schema !== 'string') throw typeError('$schema', 'text', spec.$schema);
  if (spec.schema !== undefined && spec.schema !== SPEC_SCHEMA && spec.schema !== FIRST_SPEC_SCHEMA) {
    throw new RnnError('spec', 'E_SPEC_SCHEMA', `this is not a spec that rnn-cli can read`, {
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
  const tokens = tokenValues(layers);
  /** An input read by an embedding holds token numbers and has no features. Any other input of shape [T, D] is a sequence, however it is written. */
  const asRead = ({ shape, ...i }: InputSpec): InputSpec => ({
    ...i,
    ...(tokens.has(i.name) ? { features: null } : shape && i.features === null ? { timesteps: null, features: 1 } : {}),
    ...(shape === undefined || (shape.length === 2 && shape[1] !== null && !tokens.has(i.name)) ? {} : { shape }),
  });
  return {
    schema: SPEC_SCHEMA,
    name: spec.name === undefined ? 'sequential' : text(spec.name, 'name'),
    functional: spec.functional === undefined ? false : bool(spec.functional, 'functional'),
    input: asRead(input),
    ...(otherInputs.length > 0 ? { otherInputs: otherInputs.map(asRead) } : {}),
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

/** Reads `input` (a single input) or `inputs` (several). */
function checkInputs(spec: Record<string, unknown>): InputSpec[] {
  if (spec.inputs === undefined) return [within('input', () => checkInput(spec.input === undefined ? {} : spec.input, 'input'))];
  if (spec.input !== undefined) throw typeError('inputs', "'input' or 'inputs', not both", spec.inputs);
  if (!Array.isArray(spec.inputs) || spec.inputs.length === 0) throw typeError('inputs', 'a list of at least one input', spec.inputs);
  const inputs = spec.inputs.map((input, i) => within(`inputs[${i}]`, () => checkInput(input, i === 0 ? 'input' : `input_${i + 1}`)));
  const names = new Set<string>();
  const twice = inputs.find(({ name }) => names.size === names.add(name).size);
  if (twice)
    throw new RnnError('spec', 'E_SPEC_NAME', `two inputs are called '${escapeText(twice.name)}'`, {
      where: 'inputs',
      fix: 'give each input a name of its own',
    });
  return inputs;
}

/** Reads `output` (a single output) or `outputs` (several: value names, or {name, value}). */
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
    if (!Array.isArray(shape)) throw typeError('shape', 'a list of sizes without the batch', shape);
    const sizes = shape.map(n => (n === null ? null : wholeNumber(n, 'shape')));
    return { name: input.name === undefined ? name : text(input.name, 'name'), batch: size('batch'), ...shapedInput(sizes) };
  }
  return {
    name: input.name === undefined ? name : text(input.name, 'name'),
    batch: size('batch'),
    timesteps: size('timesteps'),
    features: size('features'),
  };
}

function shapedInput(shape: readonly (number | null)[]): Pick<InputSpec, 'timesteps' | 'features' | 'shape'> {
  if (shape.length === 2) return { timesteps: shape[0], features: shape[1], shape };
  return { timesteps: null, features: shape[shape.length - 1] ?? 1, shape };
}

function checkLayer(json: unknown, values: Values, taken: Set<string>, framework: FrameworkName): LayerSpec {
  const given = asObject(json, 'layer');
  if (given.kind === undefined) throw missing('kind', layerNames().join(', '));
  const kind = getLayerKind(text(given.kind, 'kind'));
  const fixed: Readonly<Record<string, unknown>> = isCellName(kind.name) ? FIXED_OPTIONS : {};
  checkKeys(given, fieldsOf(kind).keys, key => Object.hasOwn(fixed, key) && given[key] === fixed[key]);
  const name = given.name === undefined ? freeName(kind.name, values, taken) : text(given.name, 'name');
  if (taken.has(name))
    throw new RnnError('spec', 'E_SPEC_NAME', `two layers are called '${escapeText(name)}'`, {
      where: 'name',
      fix: 'give each layer a name of its own',
    });
  taken.add(name);
  const head = {
    kind: kind.name,
    name,
    inputs: readsNothing(given) ? [] : checkWiring(given.inputs, values, kind),
    trainable: given.trainable === undefined ? true : bool(given.trainable, 'trainable'),
  };
  const { blank } = fieldsOf(kind);
  const call = checkCall(given, values, kind.name);
  // keys of a single call (states, mask …) come before the fields of the kind
  const layer = call ? { ...head, ...call, ...blank, ...head } : Object.assign({ ...blank }, head);
  return checkFields(kind, given, framework, layer) as unknown as LayerSpec;
}

/** Whether the layer is an operator whose operands are all constants. */
function readsNothing({ kind, inputs, operands }: Record<string, unknown>): boolean {
  const none = kind === 'op' && Array.isArray(inputs) && inputs.length === 0;
  return none && Array.isArray(operands) && operands.length > 0 && operands.every(o => o !== null);
}

/** @throws RnnError E_SPEC_TYPE, E_SPEC_WIRING; E_SPEC_RANGE for several inputs of a layer that reads one */
function checkWiring(inputs: unknown, values: Values, { name, joins }: AnyLayerKind): readonly string[] {
  if (inputs === undefined) return [values.last];
  if (!Array.isArray(inputs) || inputs.length === 0) throw typeError('inputs', 'a list of layer names', inputs);
  if (inputs.length > 1 && !joins)
    throw new RnnError('spec', 'E_SPEC_RANGE', `${name} reads one input, and ${inputs.length} are given`, {
      where: 'inputs',
      expected: 'one name',
      found: `${inputs.length} names`,
      fix: 'join them in a layer before it: { "kind": "concatenate", "inputs": […] }',
    });
  return inputs.map(given => values.find(given, 'inputs'));
}

/** Kinds with states that are not plain cells: wrappers of several cells, and convolutional LSTMs. */
export const WITH_STATES: ReadonlySet<string> = new Set(['bidirectional', 'stackedrnn', 'convlstm1d', 'convlstm2d', 'convlstm3d']);

/** Reads what a call may have besides its inputs: initial states, a mask, and the layer whose weights it shares. */
function checkCall(
  given: Record<string, unknown>,
  values: Values,
  kind: string,
): Pick<LayerSpec, 'states' | 'mask' | 'shares' | 'tensors'> | null {
  if (given.tensors === undefined && given.states === undefined && given.mask === undefined && given.shares === undefined) return null;
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
    if (!found || (found.kind !== kind && getLayerKind(kind).sharesWith !== found.kind)) {
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

/**
 * Returns the default name of a layer: `rnn_1`, `gru_2`, `dense_1`. Recurrent layers share one counter (the index of M1, M2 …), every other
 * kind has its own, so that adding a layer at the end renames nothing.
 */
function freeName(kind: string, values: Values, taken: ReadonlySet<string>): string {
  let n = Math.max(values.countOf(kind) + 1, values.firstFree.get(kind) ?? 1);
  while (taken.has(`${kind}_${n}`)) n++;
  values.firstFree.set(kind, n + 1);
  return `${kind}_${n}`;
}
