import type { CellName } from '../../cells/index.js';
import type { Assumption } from '../../model/assumptions.js';
import type { ModelSpec } from '../../model/spec.js';
import type { Precision } from '../../tensor/tensor.js';
import type { CompareResult, InspectResult, ShapesResult } from '../result.js';

/**
 * What a page of `--html` is given beside its own code, as JSON: the network, its numbers where no seed draws them again, and the result that the
 * text shows. The page computes the rest itself.
 */
export type PageData = ForwardPage | ComparePage | ShapesPage | InspectPage;

/** Numbers in C order as base64 of their little-endian bytes. */
export interface Packed {
  readonly shape: readonly number[];
  readonly dtype: 'f32' | 'f64' | 'u8';
  readonly base64: string;
}

/** The flags that describe a network and its draws, where no file does: in the page they can be changed. */
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
  /** complete, as checkSpec gives it */
  readonly spec: ModelSpec;
  /** null: a file describes the network */
  readonly flags: PageFlags | null;
  /** null: drawn from the seed */
  readonly weights: Readonly<Record<string, Packed>> | null;
  /** x is null where the seed draws it in a moment; `drawn`: it is the seed's, whether it stands here or not */
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
  /** of y in float32, as the text prints it */
  readonly ySha256: string;
  /** what is shown first, counted from 1 */
  readonly at: { readonly sample?: number; readonly step?: number; readonly unit?: number };
}

export interface ComparePage extends Page {
  readonly kind: 'compare';
  readonly result: CompareResult;
  /** null where the sides are no arrays of one network */
  readonly network: PageNetwork | null;
  readonly expected: Packed;
  readonly actual: Packed;
  /** by how much each value may be off; infinite where it decides nothing */
  readonly allowed: Packed;
  readonly loops: readonly PageLoops[];
  /** letters of the axes of the expected side */
  readonly dims: readonly string[];
}

export interface ShapesPage extends Page {
  readonly kind: 'shapes';
  readonly result: ShapesResult;
  /** complete, as checkSpec gives it; its sizes can be changed in the page */
  readonly spec: ModelSpec;
  readonly framework: PageNetwork['framework'];
}

export interface InspectPage extends Page {
  readonly kind: 'inspect';
  readonly result: InspectResult;
  readonly spec: ModelSpec | null;
  readonly framework: PageNetwork['framework'];
  /** by the position of a tensor in the result: its numbers where they are few, figures about them where they are many */
  readonly tensors: readonly { readonly values: Packed | null; readonly figures: TensorFigures }[];
}

/** h of a network with a mistake in it beside the right one, for the samples from `from` on. */
export interface PageLoops {
  /** of the explanation */
  readonly code: string;
  readonly from: number;
  readonly layers: readonly {
    readonly name: string;
    /** null: it reads one way */
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
