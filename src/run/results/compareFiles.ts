import type { TensorComparison } from '../../diagnosis/weightsFaults.js';
import type { CompareResult } from './compare.js';
import type { Assuming, Result } from './document.js';

/** The result of `compare A B`: for two networks, or for arrays. */

/** One thing that two networks compute differently: the equations of each that the other does not have. */
export interface EquationDifference {
  /** name of the layer in the first network */
  readonly layer: string;
  /** activation, gates, reset, direction, pooling, step, mask, head, epsilon … */
  readonly what: string;
  readonly first: readonly string[];
  readonly second: readonly string[];
}

/** `compare A B`: two networks in files, each with its own description. */
export interface CompareModelsResult extends Assuming<'rnn-cli/compare-models@1'> {
  readonly status: CompareResult['status'];
  readonly equal: boolean;
  readonly undecided: CompareResult['undecided'];
  readonly files: { readonly first: string; readonly second: string };
  readonly equations: readonly EquationDifference[];
  readonly tensors: readonly TensorComparison[];
  /** outputs of both networks on one input, in float64 */
  readonly outputs: {
    readonly shape: readonly number[];
    readonly second: readonly number[] | null;
    readonly input: { readonly shape: readonly number[]; readonly seed: string | null; readonly source: string };
    /** null if the shapes differ, or the second network cannot take the input of the first */
    readonly maxAbs: number | null;
    readonly allowed: number;
    readonly equal: boolean;
    /** where they differ first, layer by layer; of `input`: in what the layer reads; null: not found */
    readonly first: {
      readonly layer: string;
      readonly of: 'input' | 'h' | 'output';
      readonly sample: number;
      readonly step: number | null;
      readonly values: readonly [number, number];
    } | null;
    /** null if the second network takes the input of the first */
    readonly takes: InputsOfBoth | null;
  };
  readonly exit: 0 | 1 | 6;
}

type TakenInputs = readonly {
  readonly name: string /** null: open, a size or all of them */;
  readonly shape: readonly (number | null)[] | null;
}[];

export interface InputsOfBoth {
  readonly first: TakenInputs;
  readonly second: TakenInputs;
  /** null: none has the axes that both ask for */
  readonly both: TakenInputs | null;
}

/** `compare A B` of arrays: numbers only. */
export interface CompareArraysResult extends Result<'rnn-cli/compare-arrays@1'> {
  readonly status: 'SAME' | 'DIFFERENT';
  readonly equal: boolean;
  readonly files: { readonly first: string; readonly second: string };
  readonly arrays: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    /** null if only one file has the array */
    readonly second: readonly number[] | null;
    readonly dtypes: readonly string[];
    readonly atol: number;
    readonly rtol: number;
    /** null if the shapes differ */
    readonly max: CompareResult['max'];
    readonly mismatched: number;
    readonly total: number;
    readonly equal: boolean;
  }[];
  readonly exit: 0 | 1;
}
