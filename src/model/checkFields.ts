import type { ActivationSpec } from '../activations/activation.js';
import { canonicalActivation, cellFunction } from '../activations/index.js';
import { RnnError, within } from '../errors.js';
import { type AnyLayerKind, getLayerKind, layerNames } from '../layers/index.js';
import type { Field } from '../layers/layer.js';
import { FIXED_OPTIONS } from '../layers/recurrent.js';
import { DEFAULTS, type FrameworkName, isCellName, isTorchProjection, layerDefaults } from './frameworks.js';
import { asObject, bool, checkKeys, choice, missing, rangeError, text, typeError, wholeNumber } from './specJson.js';

/** Checks the fields of a kind and fills in defaults. @param layer receives the fields; it has all keys already, which makes assigning much faster */
export function checkFields(
  kind: AnyLayerKind,
  given: Record<string, unknown>,
  framework: FrameworkName,
  layer: Record<string, unknown>,
): Record<string, unknown> {
  const { entries } = fieldsOf(kind);
  const defaults = layerDefaults(kind.name, framework);
  for (const [key, field] of entries) {
    const value =
      given[key] === undefined
        ? (defaults[key] ?? field.default)
        : given[key] === null && field.type === 'activation' && field.default !== null
          ? 'linear'
          : given[key];
    if (value === undefined) throw missing(key, describe(field));
    layer[key] = checkField(value, key, field, framework);
    if (field.type === 'activation' && isCellName(kind.name) && layer[key] !== null)
      within(key, () => cellFunction(layer[key] as ActivationSpec));
  }
  if (isCellName(kind.name)) completeRecurrent(layer, given, framework);
  return layer;
}

interface KindFields {
  /** every key that a layer of this kind may have */
  readonly keys: readonly string[];
  readonly entries: readonly (readonly [string, Field])[];
  /** an object with every key of a layer, the common ones first */
  readonly blank: Readonly<Record<string, unknown>>;
}

const HEAD = { kind: '', name: '', inputs: [] as readonly string[], trainable: true };
const FIELDS = new WeakMap<AnyLayerKind, KindFields>();

export function fieldsOf(kind: AnyLayerKind): KindFields {
  const known = FIELDS.get(kind);
  if (known) return known;
  const entries = Object.entries(kind.fields);
  const blank = {
    ...HEAD,
    ...(isCellName(kind.name) ? FIXED_OPTIONS : {}),
    ...Object.fromEntries(entries.map(([key]) => [key, undefined])),
  };
  const keys = ['kind', 'name', 'inputs', 'trainable', 'states', 'mask', 'shares', 'tensors', ...Object.keys(kind.fields)];
  FIELDS.set(kind, { keys, entries, blank });
  return { keys, entries, blank };
}

/** Checks a layer inside a layer: its kind and fields. It has no inputs of its own; the outer layer decides what it reads. */
function checkInner(json: unknown, framework: FrameworkName, kinds: readonly string[] | undefined): object {
  const given = asObject(json, 'layer');
  if (given.kind === undefined) throw missing('kind', layerNames().join(', '));
  const kind = getLayerKind(kinds ? choice(given.kind, 'kind', kinds) : text(given.kind, 'kind'));
  checkKeys(given, [
    'kind',
    'name',
    'trainable',
    ...Object.keys(kind.fields),
    ...(isCellName(kind.name) ? Object.keys(FIXED_OPTIONS) : []),
  ]);
  const name = given.name === undefined ? kind.name : text(given.name, 'name');
  const layer = { ...fieldsOf(kind).blank, kind: kind.name, name, trainable: given.trainable !== false };
  return checkFields(kind, given, framework, layer);
}

/**
 * Fills in the defaults of a recurrent layer. If it returns a sequence, padded steps output zeros by default where the framework zeroes
 * them: always in PyTorch and ONNX; in Keras only under Bidirectional, which overwrites zero_output_for_mask with return_sequences.
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

/** Whether masked steps of a returned sequence are zero by default in this framework. */
export function paddedOutputIsZero(bidirectional: boolean, returnSequences: boolean, framework: FrameworkName): boolean {
  return returnSequences && (bidirectional || DEFAULTS[framework].zeroPaddedOutput);
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

/** Describes what a field accepts, for the error about one that is missing or out of range. */
function describe(field: Field): string {
  switch (field.type) {
    case 'size':
      return 'a whole number from 1';
    case 'number':
      return `a number${field.min !== undefined ? ` from ${field.min}` : ''}${field.max !== undefined ? ` to ${field.max}` : ''}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return field.choices.join(', ');
    case 'own':
      return expectedBy(() => field.check(undefined, ''));
    case 'activation':
      return 'an activation';
    default:
      return field.type === 'layer' ? 'a layer' : 'a list of at least one layer';
  }
}

/** What a check says that it expects. */
function expectedBy(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    if (error instanceof RnnError && error.expected !== undefined) return error.expected;
  }
  return 'a value';
}
