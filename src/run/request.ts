import type { CellName } from '../cells/index.js';
import type { FrameworkName } from '../model/frameworks.js';

export { FRAMEWORKS as FRAMEWORK_NAMES, type FrameworkName } from '../model/frameworks.js';

/**
 * What the user asked for: types and names have been checked, but no file has been read. The flags of `cli/flags/` give these; callers
 * of the library write them by hand.
 */
export const ENGINE_NAMES = ['batched', 'manual', 'onnxruntime'] as const;
export const RNG_NAMES = ['seedrandom', 'keras', 'torch', 'numpy', 'pcg64'] as const;

export type EngineName = (typeof ENGINE_NAMES)[number];
export type RngName = (typeof RNG_NAMES)[number];

/** Ranges of the numbers in a request; the default maximum is 2^31 − 1. */
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

/** A network is described in exactly one of four ways: by dimensions (the default), `layers`, `model`, or `weights` alone. */
export interface NetworkRequest {
  /** sizes; undefined: those of the tutorial network */
  N?: number;
  /** '?' = symbolic */
  T?: number | '?';
  D?: number;
  /** one number, or one for each stacked layer: [5, 4] */
  M?: readonly number[];
  K?: number;
  cell?: CellName;
  task?: 'many-to-one' | 'many-to-many';
  pool?: 'last' | 'max' | 'mean';
  bidirectional?: boolean;
  stack?: number;
  activation?: string;
  /** activation of the gates of an LSTM or a GRU */
  recurrentActivation?: string;
  /** one-line network: 'lstm:64,gru:32,dense:10' */
  layers?: string;
  /** path of a spec or model file, '-' = stdin */
  model?: string;
  /** path of a weights file */
  weights?: string;
  framework?: FrameworkName;
  /** infer and assume nothing: what neither the file nor a flag says is an error */
  strict?: boolean;
}

export type ShapesRequest = NetworkRequest;

/** Samples `from` to `to` − 1, counted from 0 as in Python slices; null, or a number beyond the end, means the end. */
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
  /** default auto: batched, or onnxruntime if it is installed and faster */
  engine?: EngineName | 'auto';
  dtype?: 'f32' | 'f64';
  threads?: number;
  /** fused multiply-add if the processor has it: sometimes faster, but results depend on the processor */
  fast?: boolean;
  strictFinite?: boolean;
  /** code of a mistake to inject */
  simulate?: string;
  /** ceiling for memory in bytes; default min(half of RAM, 4 GiB) */
  maxMemory?: number;
}

export interface ForwardRequest extends NetworkRequest, InputRequest {
  trace?: boolean;
  /** the part of the hand calculation to show, counted from 1 */
  sample?: number;
  step?: number;
  unit?: number;
  states?: boolean;
  /** the output to use as y, if there are several */
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
  /** number of decimals with which the other side's binary file was written; text files show it themselves */
  decimals?: number;
  explain?: boolean;
  /** the other side contains hidden states, to be compared with hidden states */
  states?: boolean;
  /** seconds of search for pairs of mistakes; default 2 */
  budget?: number;
}
