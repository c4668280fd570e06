import type { EmitTarget } from '../run/emit/target.js';
import type { AskedLimits } from '../run/limits.js';
import type { CompareRequest, ForwardRequest, InputRequest, NetworkRequest } from '../run/request.js';
import type { SCHEMAS, SHELLS } from './commandWords.js';
import type { STYLES } from './flags/output.js';

/** The values of a command line by their keys in options.ts, as parsed by argumentValues.ts. Undefined = not given. */
export interface Values
  extends Omit<NetworkRequest, 'N'>,
    InputRequest,
    Omit<AskedLimits, 'maxMemory'>,
    Pick<ForwardRequest, 'states' | 'sample' | 'step' | 'unit'>,
    Pick<CompareRequest, 'against' | 'engines' | 'atol' | 'rtol' | 'tol' | 'decimals' | 'explain' | 'budget'> {
  N?: number | '?';
  /** positional argument of explain */
  topic?: string;
  /** a model or weights, distinguished by content */
  network?: string;
  /** two files to compare */
  first?: string;
  second?: string;
  /** inspect, convert: positional arguments */
  file?: string;
  output?: string;
  to?: string;
  sha256?: boolean;
  expectSha256?: string;
  emit?: EmitTarget;
  summary?: boolean;
  showTrainable?: boolean;
  /** true: print tables; a path: write arrays */
  trace?: boolean | string;
  shell?: (typeof SHELLS)[number];
  document?: (typeof SCHEMAS)[number];
  plot?: boolean;
  svg?: string;
  html?: string;
  mermaid?: boolean;
  out?: string;
  force?: boolean;
  /** samples at a time, if the input is computed in pieces */
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

/** The keys that describe the network; `--N ?` leaves N symbolic. */
export function networkRequest(values: Values): NetworkRequest {
  return { ...(typeof values.N === 'number' ? { N: values.N } : {}), ...given(values, NETWORK_KEYS) };
}

/** The keys that say what x is and how the network is run. */
export function inputRequest(values: Values): InputRequest {
  return given(values, INPUT_KEYS);
}

/** The given ones among these keys. */
export function given<K extends keyof Values>(values: Values, keys: readonly K[]): Partial<Pick<Values, K>> {
  return Object.fromEntries(keys.filter(key => values[key] !== undefined).map(key => [key, values[key]])) as Partial<Pick<Values, K>>;
}
