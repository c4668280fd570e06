import type { EmitTarget } from '../run/emit/target.js';
import type { AskedLimits } from '../run/limits.js';
import type { CompareRequest, ForwardRequest, InputRequest, NetworkRequest } from '../run/request.js';
import type { SCHEMAS, SHELLS } from './commandWords.js';
import type { STYLES } from './options.js';

/** The values of a command line by their keys in options.ts, read by argumentValues.ts. Undefined = not given. */
export interface Values
  extends Omit<NetworkRequest, 'N'>,
    InputRequest,
    Omit<AskedLimits, 'maxMemory'>,
    Pick<ForwardRequest, 'states' | 'sample' | 'step' | 'unit'>,
    Pick<CompareRequest, 'against' | 'engines' | 'atol' | 'rtol' | 'tol' | 'decimals' | 'explain' | 'budget'> {
  N?: number | '?';
  /** what stands beside the flags: explain's topic */
  topic?: string;
  /** a model or weights, by what is in it */
  network?: string;
  /** two models that compare sets side by side */
  first?: string;
  second?: string;
  /** inspect, convert: the words */
  file?: string;
  output?: string;
  to?: string;
  sha256?: boolean;
  expectSha256?: string;
  emit?: EmitTarget;
  summary?: boolean;
  showTrainable?: boolean;
  /** true: print tables; a path: write them */
  trace?: boolean | string;
  shell?: (typeof SHELLS)[number];
  document?: (typeof SCHEMAS)[number];
  plot?: boolean;
  svg?: string;
  html?: string;
  mermaid?: boolean;
  out?: string;
  force?: boolean;
  /** samples at a time, where the input is computed in pieces */
  chunk?: number;
  json?: boolean;
  jsonl?: boolean;
  precision?: number;
  full?: boolean;
  style?: (typeof STYLES)[number];
  width?: number;
  quiet?: boolean;
  verbose?: boolean;
  /** --no-color is false */
  color?: 'auto' | 'always' | 'never' | false;
}

// biome-ignore format: a table
const NETWORK_KEYS = [
  'T', 'D', 'M', 'K', 'cell', 'task', 'pool', 'bidirectional', 'stack', 'activation', 'recurrentActivation', 'layers', 'model', 'weights',
  'framework', 'strict',
] as const;
// biome-ignore format: a table
const INPUT_KEYS = [
  'seed', 'rng', 'inputRng', 'init', 'input', 'rows', 'timeMajor', 'lengths', 'mask', 'h0', 'c0', 'engine', 'dtype', 'threads', 'fast',
  'strictFinite', 'simulate', 'maxMemory',
] as const;

/** What describes the network; `--N ?` is N left symbolic. */
export function networkRequest(values: Values): NetworkRequest {
  return { ...(typeof values.N === 'number' ? { N: values.N } : {}), ...given(values, NETWORK_KEYS) };
}

/** The keys of a request that say what x is and how it is run. */
export function inputRequest(values: Values): InputRequest {
  return given(values, INPUT_KEYS);
}

/** The keys that were given. */
export function given<K extends keyof Values>(values: Values, keys: readonly K[]): Partial<Pick<Values, K>> {
  return Object.fromEntries(keys.filter(key => values[key] !== undefined).map(key => [key, values[key]])) as Partial<Pick<Values, K>>;
}
