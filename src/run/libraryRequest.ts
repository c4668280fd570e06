import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { nearest } from '../registry.js';
import { CELL_NAMES } from './cellNames.js';
import type { CompareModelsRequest } from './comparing/compareModels.js';
import type { ConvertRequest } from './convert.js';
import type { ExplainRequest } from './explain.js';
import { type ArrayData, type ArraysData, holdArray, holdArrays, release } from './input/arraysInMemory.js';
import type { InspectRequest } from './inspect.js';
import type { LoadedForwardRequest, LoadRequest } from './load.js';
import type { ProbeRequest } from './probe.js';
import {
  type CompareRequest,
  ENGINE_NAMES,
  type ForwardRequest,
  FRAMEWORK_NAMES,
  type InputRequest,
  type NetworkRequest,
  RANGES,
  RNG_NAMES,
} from './request.js';
import { checkRules, needs } from './requestRules.js';

/**
 * Checks requests of library callers, who may not use TypeScript: every key must be known, every value of its type; arrays may replace
 * paths.
 */

/** Request R as a caller may write it. */
export type Given<R> = Omit<R, 'M' | 'seed' | ArrayKey | 'input' | 'weights'> & {
  /** one number, or several for stacked layers */
  readonly M?: number | readonly number[];
  readonly seed?: string | number;
  /** a path, or the arrays: by name, or as a list in the order of Keras' get_weights() */
  readonly weights?: string | ArraysData;
  /** a path, the array, or the arrays of several inputs by their names */
  readonly input?: string | ArrayData | Readonly<Record<string, ArrayData>>;
} & { readonly [K in Extract<keyof R, ArrayKey>]?: string | ArrayData };

/** a path, or the array itself */
type ArrayKey = 'against' | 'mask' | 'h0' | 'c0';

type Kind =
  | readonly string[]
  | 'count'
  | 'symbol'
  | 'counts'
  | 'number'
  | 'boolean'
  | 'text'
  | 'texts'
  | 'seed'
  | 'array'
  | 'arrays'
  | 'inputs'
  | 'rows'
  | 'hook';

/** One kind for each key of a request: a key that is missing or unknown here does not compile. */
type KeysOf<R> = Readonly<Record<keyof R, Kind>>;

const NETWORK: KeysOf<NetworkRequest> = {
  N: 'count', T: 'symbol', D: 'count', M: 'counts', K: 'count', cell: CELL_NAMES, task: ['many-to-one', 'many-to-many'],
  pool: ['last', 'max', 'mean'], bidirectional: 'boolean', stack: 'count', activation: 'text', recurrentActivation: 'text', layers: 'text',
  model: 'text', weights: 'arrays', framework: FRAMEWORK_NAMES, strict: 'boolean',
}; // biome-ignore format: a table

const INPUT: KeysOf<InputRequest> = {
  seed: 'seed', rng: RNG_NAMES, inputRng: RNG_NAMES, init: 'text', input: 'inputs', timeMajor: 'boolean', rows: 'rows', lengths: 'text',
  mask: 'array', h0: 'array', c0: 'array', engine: ['auto', ...ENGINE_NAMES], dtype: ['f32', 'f64'], threads: 'count', fast: 'boolean',
  strictFinite: 'boolean', simulate: 'text', maxMemory: 'number',
}; // biome-ignore format: a table

const COMPARE: KeysOf<CompareRequest> = {
  ...NETWORK, ...INPUT, against: 'array', engines: 'texts', atol: 'number', rtol: 'number', tol: ['auto'], decimals: 'count',
  explain: 'boolean', states: 'boolean', budget: 'number',
}; // biome-ignore format: a table

const { seed, rng, init, ...RUN } = INPUT;
const { maxMemory } = RUN;
const LOAD: KeysOf<LoadRequest> = { ...NETWORK, seed, rng, init, maxMemory };

const LOADED_FORWARD: KeysOf<LoadedForwardRequest> = {
  N: 'count', T: 'symbol', ...RUN, trace: 'boolean', sample: 'count', step: 'count', unit: 'count', states: 'boolean', output: 'text',
}; // biome-ignore format: a table

const FORWARD: KeysOf<ForwardRequest> = { ...NETWORK, ...INPUT, ...LOADED_FORWARD };
const PROBE: KeysOf<ProbeRequest> = { ...NETWORK, seed, init, maxMemory, onProgress: 'hook' };
const COMPARE_MODELS: KeysOf<CompareModelsRequest> = { ...COMPARE, files: 'texts' };
const CONVERT: KeysOf<ConvertRequest> = {
  ...NETWORK, weights: 'text', file: 'text', output: 'text', to: 'text', force: 'boolean', seed: 'seed', onProgress: 'hook',
}; // biome-ignore format: a table
const INSPECT: KeysOf<InspectRequest> = { ...NETWORK, weights: 'text', file: 'text', sha256: 'boolean', expectSha256: 'text' };
const EXPLAIN: KeysOf<ExplainRequest> = { topic: 'text' };

/** The keys of every request, by the function that takes it. */
const KEYS = {
  shapes: NETWORK,
  load: LOAD,
  'network.forward': LOADED_FORWARD,
  forward: FORWARD,
  compare: COMPARE,
  compareModels: COMPARE_MODELS,
  probe: PROBE,
  convert: CONVERT,
  inspect: INSPECT,
  explain: EXPLAIN,
};

/** An example request for each function, and the keys it requires. */
const EXAMPLES: Readonly<Record<keyof typeof KEYS, { readonly text: string; readonly needs?: readonly string[] }>> = {
  shapes: { text: "{ cell: 'lstm', D: 3 }" },
  load: { text: "{ model: 'net.keras' }" },
  'network.forward': { text: "{ input: 'x.npy' }" },
  forward: { text: "{ model: 'net.keras', input: 'x.npy' }" },
  compare: { text: "{ model: 'net.keras', input: 'x.npy', against: 'y.npy' }" },
  compareModels: { text: "{ files: ['net.keras', 'net.onnx'] }", needs: ['files'] },
  probe: { text: "{ cell: 'lstm', D: 3 }" },
  convert: { text: "{ file: 'net.keras', output: 'net.onnx' }", needs: ['file', 'output'] },
  inspect: { text: "{ file: 'net.keras' }", needs: ['file'] },
  explain: { text: "{ topic: 'lstm' }" },
};

const EXPECTED: Readonly<Record<Exclude<Kind, readonly string[]>, string>> = {
  count: 'a whole number',
  symbol: "a whole number, or '?'",
  counts: 'a whole number or a list of them',
  number: 'a number',
  boolean: 'true or false',
  text: 'a non-empty string',
  texts: 'a list of strings',
  seed: 'a whole number or a non-empty string',
  array: 'a path, { shape, data } or nested lists of numbers',
  arrays: 'a path, or arrays by name or in a list',
  inputs: 'a path, { shape, data }, nested lists of numbers, or such arrays by name',
  rows: '{ from, to }, samples counted from 0, from below to; to: null for all from there',
  hook: 'a function',
};

/**
 * Checks a request and calls `run` with it; arrays in it are held for the duration of the call.
 * @throws RnnError E_REQUEST (usage): an unknown key, or a value of the wrong type; E_ARRAY
 */
export async function withRequest<R, T>(name: keyof typeof KEYS, given: Given<R>, run: (request: R) => Promise<T>): Promise<T> {
  const keys: Readonly<Record<string, Kind>> = KEYS[name];
  const checked = checkRequest(name, given);
  checkRules(checked);
  if ('step' in keys) needs(checked, 'sample', ['step', 'unit', 'trace'], 'all samples are computed, and one is shown by hand');
  const names: string[] = [];
  try {
    for (const [key, value] of Object.entries(checked)) {
      const kind = keys[key];
      if (typeof value === 'string' || (kind !== 'array' && kind !== 'arrays' && kind !== 'inputs')) continue;
      const one =
        kind === 'array' || (kind === 'inputs' && (Array.isArray(value) || 'shape' in (value as object) || 'data' in (value as object)));
      const held = one ? await holdArray(key, value as ArrayData) : await holdArrays(key, value as ArraysData);
      names.push(held);
      checked[key] = held;
    }
    return await run(checked as R);
  } finally {
    release(names);
  }
}

/** Returns the request without undefined keys, with numbers in the form the functions expect. @throws RnnError E_REQUEST */
function checkRequest(name: keyof typeof KEYS, given: unknown = {}): Record<string, unknown> {
  const keys: Readonly<Record<string, Kind>> = KEYS[name];
  const { text, needs: needed = [] } = EXAMPLES[name];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrong('the request', `an object such as ${text}`, given);
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const kind = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (kind === undefined) throw unknownKey(key, Object.keys(keys));
    if (typeof kind !== 'string') checkChoice(key, value, kind);
    else if (!fits(value, kind)) throw wrong(key, EXPECTED[kind], value);
    checkRange(key, value);
    checked[key] = kind === 'seed' ? String(value) : kind === 'counts' && typeof value === 'number' ? [value] : value;
  }
  const missing = needed.find(key => checked[key] === undefined);
  if (missing !== undefined) throw wrong(missing, EXPECTED[keys[missing] as keyof typeof EXPECTED], undefined, `${name}(${text})`);
  const { files } = checked;
  if (Array.isArray(files) && files.length !== 2) throw wrong('files', 'two paths', files, `${name}(${text})`);
  return checked;
}

/** @throws RnnError E_REQUEST with the range, which is the same as on the command line */
function checkRange(key: string, value: unknown): void {
  const named = Object.hasOwn(RANGES, key) ? (RANGES[key as keyof typeof RANGES] as { least: number; most?: number }) : undefined;
  const { least, most = 2 ** 31 - 1 } = named ?? { least: 0, most: Number.MAX_VALUE };
  for (const n of [value].flat())
    if (typeof n === 'number' && !(n >= least && n <= most) && key !== 'seed')
      throw wrong(key, `${named ? `a whole number from ${least} to ${most}` : 'a number from 0'}`, n);
}

function fits(value: unknown, kind: Kind): boolean {
  if (typeof kind !== 'string') return typeof value === 'string' && kind.includes(value);
  const whole = Number.isSafeInteger(value);
  switch (kind) {
    case 'count':
      return whole;
    case 'symbol':
      return whole || value === '?';
    case 'counts':
      return whole || (Array.isArray(value) && value.length > 0 && value.every(n => Number.isSafeInteger(n)));
    case 'seed':
      return whole || fits(value, 'text');
    case 'texts':
      return Array.isArray(value) && value.every(text => typeof text === 'string');
    case 'hook':
      return typeof value === 'function';
    case 'text':
      return typeof value === 'string' && value !== '';
    case 'array':
    case 'arrays':
    case 'inputs':
      return typeof value === 'string' || (typeof value === 'object' && value !== null);
    case 'rows':
      return isRange(value);
    default:
      return typeof value === kind;
  }
}

/** Whether the value is a range such as { from: 2, to: 5 }; `to` may be null. */
function isRange(value: unknown): boolean {
  const { from, to } = (value ?? {}) as { from?: unknown; to?: unknown };
  if (!Number.isSafeInteger(from) || Number(from) < 0) return false;
  return to === undefined || to === null || (Number.isSafeInteger(to) && Number(to) > Number(from));
}

function unknownKey(key: string, keys: readonly string[]): RnnError {
  const near = keys.find(known => known.toLowerCase() === key.toLowerCase()) ?? nearest(key, keys);
  return new RnnError('usage', 'E_REQUEST', `unknown key '${escapeText(key, 60)}' in the request`, {
    where: escapeText(key, 60),
    expected: keys.join(', '),
    found: escapeText(key, 60),
    fix: near ? `did you mean '${near}'?` : `use one of: ${keys.join(', ')}`,
  });
}

function wrong(key: string, expected: string, value: unknown, fix?: string): RnnError {
  const found = foundText(value);
  return new RnnError('usage', 'E_REQUEST', `${key}: expected ${expected}, found ${found}`, { where: key, expected, found, fix });
}

function foundText(value: unknown): string {
  if (typeof value === 'string') return `'${escapeText(value, 60)}'`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Checks an argument that must be one of a few names. @throws RnnError E_REQUEST */
export function checkChoice(key: string, value: unknown, choices: readonly string[]): void {
  if (fits(value, choices)) return;
  throw wrong(key, choices.join(', '), value, nearestOf(value, choices));
}

function nearestOf(value: unknown, choices: readonly string[]): string | undefined {
  const near = typeof value === 'string' ? nearest(value.toLowerCase(), choices) : undefined;
  return near && `did you mean '${near}'?`;
}
