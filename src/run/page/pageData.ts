import type { CellName } from '../../cells/index.js';
import type { Assumption } from '../../model/assumptions.js';
import type { ModelSpec } from '../../model/spec.js';
import type { Precision } from '../../tensor/tensor.js';
import type { CompareResult, InspectResult, ShapesResult } from '../result.js';

/**
 * The data of an `--html` page, as JSON: the network, those of its numbers that no seed can draw again, and the result that the text output
 * shows. The page computes the rest itself.
 */
export type PageData = ForwardPage | ComparePage | ShapesPage | InspectPage;

/** Numbers in C order, as base64 of their little-endian bytes. */
export interface Packed {
  readonly shape: readonly number[];
  readonly dtype: 'f32' | 'f64' | 'u8';
  readonly base64: string;
}

/** The flags that describe a network and its random draws, if no file does; the page lets the reader change them. */
export interface PageFlags {
  readonly N?: number;
  readonly T?: number | '?';
  readonly D?: number;
  readonly M?: readonly number[];
  readonly K?: number;
  readonly cell?: CellName;
  readonly task?: 'many-to-one' | 'many-to-many';
  readonly pool?: 'last' | 'max' | 'mean';
  readonly bidirectional?: boolean;
  readonly stack?: number;
  readonly activation?: string;
  readonly layers?: string;
  readonly framework?: 'keras' | 'torch' | 'onnx' | 'tfjs' | 'flax';
}

export interface PageNetwork {
  readonly title: string;
  readonly framework: 'keras' | 'torch' | 'onnx' | 'tfjs' | 'flax';
  /** complete, as checkSpec returns it */
  readonly spec: ModelSpec;
  /** null: a file describes the network */
  readonly flags: PageFlags | null;
  /** null: drawn from the seed */
  readonly weights: Readonly<Record<string, Packed>> | null;
  /** x is null if the page can draw it quickly from the seed; `drawn`: whether it comes from the seed, included or not */
  readonly input: {
    readonly drawn: boolean;
    /** [N, T, D] or [N, T] */
    readonly shape: readonly number[];
    readonly x: Packed | null;
    /** [N·T] */
    readonly mask: Packed | null;
    readonly initialStates: Readonly<Record<string, readonly Packed[]>> | null;
    /** inputs beside x */
    readonly others: Readonly<Record<string, Packed>> | null;
  };
  readonly seed: string;
  readonly rng?: 'seedrandom' | 'keras' | 'torch' | 'numpy' | 'pcg64';
  readonly inputRng?: 'seedrandom' | 'keras' | 'torch' | 'numpy' | 'pcg64';
  readonly init?: string;
  readonly weightsSource: string;
  readonly inputSource: string;
  readonly notes: readonly string[];
  readonly assumptions: readonly Assumption[];
}

interface Page {
  readonly version: string;
  /** the command line, as it was typed */
  readonly command: string;
}

export interface ForwardPage extends Page {
  readonly kind: 'forward';
  readonly network: PageNetwork;
  readonly engine: 'batched' | 'manual';
  readonly dtype: Precision;
  /** SHA-256 of y in float32, as the text output prints it */
  readonly ySha256: string;
  /** the initial view, counted from 1 */
  readonly at: { readonly sample?: number; readonly step?: number; readonly unit?: number };
}

export interface ComparePage extends Page {
  readonly kind: 'compare';
  readonly result: CompareResult;
  /** null if the sides are not arrays of one network */
  readonly network: PageNetwork | null;
  readonly expected: Packed;
  readonly actual: Packed;
  /** tolerance of each value; infinite if the value decides nothing */
  readonly allowed: Packed;
  readonly loops: readonly PageLoops[];
  /** letters of the axes of the expected output */
  readonly dims: readonly string[];
}

export interface ShapesPage extends Page {
  readonly kind: 'shapes';
  readonly result: ShapesResult;
  /** complete, as checkSpec returns it; the page lets the reader change its sizes */
  readonly spec: ModelSpec;
  readonly framework: PageNetwork['framework'];
}

export interface InspectPage extends Page {
  readonly kind: 'inspect';
  readonly result: InspectResult;
  readonly spec: ModelSpec | null;
  readonly framework: PageNetwork['framework'];
  /** by position of the tensor in the result: its numbers if they are few, and figures about them */
  readonly tensors: readonly { readonly values: Packed | null; readonly figures: TensorFigures }[];
}

/** h of a network with a mistake, beside the correct h, for the samples from `from` on. */
export interface PageLoops {
  /** code of the explanation */
  readonly code: string;
  readonly from: number;
  readonly layers: readonly {
    readonly name: string;
    /** direction; null: unidirectional */
    readonly way: number | null;
    /** [samples, T, M] */
    readonly right: Packed;
    readonly wrong: Packed;
  }[];
}

/** Figures about the finite numbers of a tensor. */
export interface TensorFigures {
  readonly least: number;
  readonly greatest: number;
  readonly mean: number;
  readonly deviation: number;
  readonly zeros: number;
  readonly notFinite: number;
  /** counts in equal intervals from the least to the greatest */
  readonly histogram: readonly number[];
}
