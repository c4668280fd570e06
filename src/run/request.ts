import type { CellName } from '../cells/index.js';
import type { FrameworkName } from '../model/frameworks.js';

export { FRAMEWORKS as FRAMEWORK_NAMES, type FrameworkName } from '../model/frameworks.js';

/**
 * What the user asked for: types and names are checked, but no file has been read.
 * `cli/options.ts` builds these from argv; the library's callers build them by hand.
 */
export const ENGINE_NAMES = ['batched', 'manual', 'onnxruntime'] as const;
export const RNG_NAMES = ['seedrandom', 'keras', 'torch', 'numpy', 'pcg64'] as const;

export type EngineName = (typeof ENGINE_NAMES)[number];
export type RngName = (typeof RNG_NAMES)[number];

/** Ranges of the numbers of a request; up to 2^31 − 1 unless given. */
export const RANGES = {
  N: { least: 1 },
  T: { least: 1 },
  D: { least: 1 },
  M: { least: 1 },
  K: { least: 0 },
  stack: { least: 1, most: 1000 },
  threads: { least: 1, most: 256 },
  decimals: { least: 1, most: 17 },
  sample: { least: 1 },
  step: { least: 1 },
  unit: { least: 1 },
} as const;

/** The four ways to describe a network; exactly one of `dimensions` (also the default), `layers`, `model`, or `weights` alone. */
export interface NetworkRequest {
  /** tutorial dimensions; undefined: those of the tutorial network */
  N?: number;
  /** '?' = symbolic */
  T?: number | '?';
  D?: number;
  /** one number, or several for a stack: [5, 4] */
  M?: readonly number[];
  K?: number;
  cell?: CellName;
  task?: 'many-to-one' | 'many-to-many';
  pool?: 'last' | 'max' | 'mean';
  bidirectional?: boolean;
  stack?: number;
  activation?: string;
  /** of the gates of an LSTM or a GRU */
  recurrentActivation?: string;
  /** one-line network: 'lstm:64,gru:32,dense:10' */
  layers?: string;
  /** path of a spec or model file, '-' = stdin */
  model?: string;
  /** path of a weights file */
  weights?: string;
  framework?: FrameworkName;
  /** refuse to infer return_sequences */
  strict?: boolean;
}

export type ShapesRequest = NetworkRequest;

/** Samples from `from` to `to` − 1, counted from 0, as Python slices: to null, or beyond the end, is the end. */
export interface RowRange {
  readonly from: number;
  readonly to: number | null;
}

export interface InputRequest {
  seed?: string;
  rng?: RngName;
  inputRng?: RngName;
  init?: string;
  /** path, '-', path:key */
  input?: string;
  timeMajor?: boolean;
  /** samples a to b − 1 of the input */
  rows?: RowRange;
  /** path or '3,5,2' */
  lengths?: string;
  mask?: string;
  h0?: string;
  c0?: string;
  /** auto unless given: batched, or onnxruntime where that is installed and saves time */
  engine?: EngineName | 'auto';
  dtype?: 'f32' | 'f64';
  threads?: number;
  /** fused multiply-add where the processor has it: faster on some, and other bits on others */
  fast?: boolean;
  strictFinite?: boolean;
  /** code of a mistake to inject */
  simulate?: string;
  /** ceiling for memory in bytes; default min(half of RAM, 4 GiB) */
  maxMemory?: number;
}

export interface ForwardRequest extends NetworkRequest, InputRequest {
  trace?: boolean;
  /** the part of the hand calculation that is wanted, counted from 1 */
  sample?: number;
  step?: number;
  unit?: number;
  states?: boolean;
  /** of several outputs, the one that is y */
  output?: string;
}

export interface CompareRequest extends NetworkRequest, InputRequest {
  /** path of the other output, '-' = stdin */
  against?: string;
  engines?: readonly EngineName[];
  atol?: number;
  rtol?: number;
  /** 'auto' unless atol or rtol are given */
  tol?: 'auto';
  /** with how many decimals a binary file of the other side was written; a text file says it itself */
  decimals?: number;
  explain?: boolean;
  /** the other side holds hidden states: they are compared with hidden states */
  states?: boolean;
  /** seconds for the search for pairs of mistakes; 2 unless given */
  budget?: number;
}
