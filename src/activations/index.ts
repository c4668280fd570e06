import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { nearest, unknownName } from '../registry.js';
import type { Activation, ActivationParameters, ActivationSpec, CellFunction } from './activation.js';
import * as all from './all.js';

/** All activations, in no particular order. */
export const activations: readonly Activation[] = Object.values(all);
const BY_NAME = new Map(activations.flatMap(a => [a.name, ...(a.aliases ?? [])].map((name): [string, Activation] => [name, a])));

export interface ResolvedActivation {
  readonly activation: Activation;
  /** every parameter the activation has, defaults filled in */
  readonly parameters: ActivationParameters;
}

/**
 * Returns the activation that a spec names, by its name or an alias; null (as Keras writes it) is linear.
 * @throws RnnError E_UNKNOWN_ACTIVATION, E_ACTIVATION_PARAMETER
 */
export function getActivation(spec: ActivationSpec | null): ResolvedActivation {
  const { name, ...given } = spec === null ? { name: 'linear' } : typeof spec === 'string' ? { name: spec } : spec;
  const activation = BY_NAME.get(name);
  if (!activation) {
    throw unknownName('activation', name, [...BY_NAME.keys()]);
  }
  return { activation, parameters: { ...activation.parameters, ...checkParameters(activation, given) } };
}

/** Returns the shortest equivalent spec: aliases replaced, parameters with default values left out. */
export function canonicalActivation(spec: ActivationSpec | null): ActivationSpec {
  const { activation, parameters } = getActivation(spec);
  const changed = Object.entries(parameters).filter(([key, value]) => value !== activation.parameters?.[key]);
  return changed.length === 0 ? activation.name : { name: activation.name, ...Object.fromEntries(changed) };
}

/** Formats an activation: `relu`, `relu(max_value=6, threshold=0.5)`. */
export function formatActivation(spec: ActivationSpec | null): string {
  const canonical = canonicalActivation(spec);
  if (typeof canonical === 'string') return canonical;
  const { name, ...parameters } = canonical;
  return `${name}(${Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')})`;
}

/** Returns the activation as a cell calls it. @throws RnnError E_UNKNOWN_ACTIVATION, E_ACTIVATION_PARAMETER */
export function cellFunction(spec: ActivationSpec | null): CellFunction {
  const { activation, parameters } = getActivation(spec);
  return activation.kind === 'elementwise' ? activation.create(parameters) : { row: activation.create(parameters) };
}

/**
 * Fills out [R, K] with the activation of x [R, K], elementwise or by row; x and out may be the same array.
 * @param width K, the length of the last axis
 */
export function activate(spec: ActivationSpec | null, x: ArrayLike<number>, width: number, out: { [i: number]: number }): void {
  const { activation, parameters } = getActivation(spec);
  if (activation.kind === 'row') {
    const f = activation.create(parameters);
    for (let from = 0; from < x.length; from += width) f(x, from, from + width, out);
  } else if (activation.many && typeof spec === 'string') activation.many(x, out);
  else {
    const f = activation.create(parameters);
    for (let i = 0; i < x.length; i++) out[i] = f(x[i]);
  }
}

function checkParameters(activation: Activation, given: Readonly<Record<string, unknown>>): ActivationParameters {
  const known = new Map(Object.entries(activation.parameters ?? {}));
  const checked: Record<string, number | boolean | null> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!known.has(key)) throw unknownParameter(activation, key, [...known.keys()]);
    checked[key] = checkParameter(activation, key, value, known.get(key) as number | boolean | null);
  }
  return checked;
}

/** Checks that a parameter has the type of its default: a boolean, a finite number, or (if the default is null) a number or null. */
function checkParameter(activation: Activation, key: string, value: unknown, standard: number | boolean | null): number | boolean | null {
  if (typeof standard === 'boolean' ? typeof value === 'boolean' : typeof value === 'number' && Number.isFinite(value)) {
    return value as number | boolean;
  }
  if (standard === null && value === null) return null;
  throw new RnnError('spec', 'E_ACTIVATION_PARAMETER', `parameter '${key}' of ${activation.name} has a wrong value`, {
    expected: typeof standard === 'boolean' ? 'true or false' : standard === null ? 'a finite number or null' : 'a finite number',
    found: escapeText(JSON.stringify(value) ?? String(value), 60),
    fix: `leave it out for the default, ${standard}`,
  });
}

function unknownParameter(activation: Activation, key: string, known: readonly string[]): RnnError {
  const near = nearest(key, known);
  return new RnnError('spec', 'E_ACTIVATION_PARAMETER', `${activation.name} has no parameter '${escapeText(key, 60)}'`, {
    expected: known.length > 0 ? known.join(', ') : 'no parameters',
    found: escapeText(key, 60),
    fix: near ? `did you mean '${near}'?` : known.length > 0 ? `use one of: ${known.join(', ')}` : `write "${activation.name}" alone`,
  });
}
