import type { FloatArray } from '../tensor/tensor.js';
import type { DType } from './format.js';

/**
 * An ONNX model as plain data: what the .onnx format reads from bytes and writes to them (`TensorFile.architecture` of an .onnx file).
 * What its operators mean is the convention's business.
 */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** operator set by domain; '' is ONNX's own ('ai.onnx' is read as '') */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  /** some numbers are in other files, beside the one it was read from */
  readonly external?: boolean;
  /** names of functions defined inside the model, as domain::name; they are not run */
  readonly functions: readonly string[];
}

export interface OnnxGraph {
  readonly name: string;
  /** what a caller gives; an initializer listed here as well (IR version 3) is left out */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** in file order */
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** '' is ONNX's own */
  readonly domain: string;
  /** '' = an optional input that is left out */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** where the node begins in the file it was read from, for messages */
  readonly offset?: number;
}

export interface OnnxTensor {
  readonly shape: readonly number[];
  /** null: a type that holds no plain numbers (strings, complex, 4 and 8 bit floats); `data` is empty then */
  readonly dtype: DType | null;
  /** 64-bit integers exactly (exporters write 2^63 − 1 for 'to the end'), everything else as in a FileTensor */
  readonly data: FloatArray | BigInt64Array;
  /** the numbers, read anew and not kept; absent where they are in memory */
  readonly load?: () => FloatArray | BigInt64Array;
}

/** `graph` (a subgraph of If, Loop or Scan) and `other` keep no value: such nodes are named, not run. */
export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'graph' | 'other' };

export interface OnnxValue {
  readonly name: string;
  /** null: not a tensor of plain numbers */
  readonly dtype: DType | null;
  /** null: rank unknown; a dimension is a size, a symbol ('batch'), or null */
  readonly shape: readonly (number | string | null)[] | null;
}
