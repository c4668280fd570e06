import type { HandLine } from '../cells/handCalculation.js';
import type { TensorComparison } from '../diagnosis/weightsFaults.js';
import type { Assumption } from '../model/assumptions.js';

/**
 * What `run/` returns. The documents in JSON are these objects less the fields marked "not in JSON"; within a major version keys are only added.
 */

/** Exact: a number while it is a safe integer, a bigint beyond. */
export type Count = number | bigint;

/** What the document of every command that computes holds. */
interface Result<Schema> {
  readonly schema: Schema;
  readonly version: string;
  readonly notes: readonly string[];
}

interface Assuming<Schema> extends Result<Schema> {
  /** what can change y and neither the file nor a flag says */
  readonly assumptions: readonly Assumption[];
}

export interface DimsJson {
  readonly dims: readonly string[];
  /** null = symbolic */
  readonly shape: readonly (number | null)[];
}

export interface WeightRow extends DimsJson {
  readonly name: string;
  readonly role: string;
  readonly shape: readonly (number | null)[];
  /** null while a size it needs is symbolic */
  readonly count: Count | null;
  readonly gates: readonly string[] | null;
  /** 'D*4*M' */
  readonly formula: string;
}

export interface LayerRow {
  readonly name: string;
  readonly kind: string;
  /** class and name that Keras would print */
  readonly kerasClass: string;
  readonly kerasName: string;
  readonly units: number | null;
  readonly bidirectional: boolean;
  readonly merge: string | null;
  readonly returnSequences: boolean | null;
  /** fields that were inferred, not said */
  readonly inferred: readonly string[];
  readonly inputs: readonly string[];
  readonly input: DimsJson;
  readonly output: DimsJson;
  readonly weights: readonly WeightRow[];
  readonly params: Count | null;
  readonly trainable: boolean;
  /** 'M*(D+M+1)', or null for layers without weights */
  readonly formula: string | null;
  /** per sample, all steps; null while T is symbolic */
  readonly macs: { matmul: Count | null; bias: Count | null; elementwise: Count | null; activations: Count | null };
  /** weights in float32; state and training (all h) per sample */
  readonly bytes: { weights: Count | null; state: Count | null; training: Count | null };
  /** options worth showing: activation, resetAfter, projection … */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface NamedDims extends DimsJson {
  readonly name: string;
}

export interface ShapesResult extends Assuming<'rnn-cli/shapes@1'> {
  readonly framework: string;
  /** letters to sizes; null = symbolic. N, T, D always; M or M1, M2 …; K when there is a dense layer at the end */
  readonly dims: Readonly<Record<string, number | null>>;
  /** 'SimpleRNN, many to one' */
  readonly title: string;
  readonly model: { readonly name: string; readonly functional: boolean; readonly inputName: string };
  readonly input: DimsJson;
  readonly output: DimsJson;
  /** every input and output by its name, the first one first */
  readonly inputs: readonly NamedDims[];
  readonly outputs: readonly NamedDims[];
  readonly layers: readonly LayerRow[];
  readonly totals: {
    /** null while D is symbolic */
    readonly params: Count | null;
    readonly trainable: Count | null;
    readonly nonTrainable: Count | null;
    /** null where that framework has no such layer; the reason is in notes */
    readonly byFramework: Readonly<Record<string, Count | null>>;
    readonly macsPerSample: Count | null;
    /** 'T*(D*M+M*M)+M*K' */
    readonly macsFormula: string;
    readonly bytes: Count | null;
    readonly stateBytes: Count | null;
    readonly trainingBytes: Count | null;
  };
}

/**
 * What a summary shows; not in JSON, which has its text.
 */
export interface SummaryLayer {
  readonly name: string;
  /** Keras class: 'SimpleRNN' */
  readonly className: string;
  /** null in it prints None; null prints ? (not built) */
  readonly outputShape: readonly (number | null)[] | null;
  /** null: not built */
  readonly params: Count | null;
  readonly trainable: boolean;
  /** names of the layers it reads; an InputLayer has none */
  readonly inputs: readonly string[];
  /** several outputs: their shapes, and their names where they are a dictionary */
  readonly outputShapes?: readonly (readonly (number | null)[] | null)[];
  readonly outputKeys?: readonly string[] | null;
  /** 'lstm[0][1]', where the file says more of the inputs than the layers' names; then all layers have it, in Keras' order */
  readonly connected?: readonly string[];
}

export interface SummaryModel {
  readonly name: string;
  /** a functional model shows its graph: layers in Keras' order, and "Connected to" where it is not a chain */
  readonly functional: boolean;
  readonly layers: readonly SummaryLayer[];
  readonly trainable: Count;
  readonly nonTrainable: Count;
  /** variables of a built optimizer, counted into the total */
  readonly optimizer?: Count;
  /** where not every number takes four */
  readonly bytes?: { readonly trainable: number; readonly nonTrainable: number; readonly optimizer: number };
}

/** Nested arrays of numbers; NaN and infinities are written as strings in JSON. */
export type Nested = number | readonly Nested[];

export interface TraceLayer {
  readonly layer: string;
  readonly cell: string;
  readonly direction: 'forward' | 'backward';
  readonly gateNames: readonly string[];
  readonly stateNames: readonly string[];
  readonly equations: readonly string[];
}

/** One step of one layer by hand. Samples, steps and units count from 1, as in the tables. */
export interface HandStep {
  readonly layer: string;
  readonly kind: string;
  readonly direction: 'forward' | 'backward' | null;
  readonly sample: number;
  /** null where the layer sees one vector per sample */
  readonly step: number | null;
  readonly steps: number | null;
  /** a step of padding: nothing is computed, the states are kept */
  readonly masked: boolean;
  readonly equations: readonly string[];
  /** what the step starts from: x_t and the states before it */
  readonly given: readonly { readonly label: string; readonly values: Float64Array }[];
  /** in the order of the equations; the last ones are the new states, or y */
  readonly lines: readonly HandLine[];
}

export type { HandLine, How, Term } from '../cells/handCalculation.js';

/** One output of a network by the name it has there. */
export interface NamedOutput {
  readonly name: string;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'float64';
  readonly y: Nested;
  readonly sha256: string;
}

export interface ForwardResult extends Assuming<'rnn-cli/forward@1'> {
  readonly engine: string;
  /** why this engine, where the request left it open (--engine auto) */
  readonly engineChoice?: string;
  /** true: fused multiply-add was used (--fast), so the last digits depend on the processor */
  readonly fast?: boolean;
  /** with --threads: how many were asked for; no bit depends on it */
  readonly threads?: number;
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
  readonly dims: readonly string[];
  readonly y: Nested;
  /** every output in the network's order, y the first */
  readonly outputs: readonly NamedOutput[];
  /** with --states: h of every step of the last recurrent layer [N, T, M]; always: final states by name `lstm_1/h` */
  readonly states: { readonly h: Nested; readonly final: Readonly<Record<string, Nested>> };
  readonly seed: string;
  /** 'seedrandom' …; 'file' where nothing was drawn */
  readonly rng: string;
  readonly init: string | null;
  /** versioned names of the random sequences, 'keras-philox/v1'; null where a file was read. A sequence never changes under its name */
  readonly promises: { readonly weights: string | null; readonly input: string | null };
  readonly inputSource: string;
  readonly weightsSource: string;
  readonly weightsSha256: string;
  readonly ySha256: string;
  /** not in JSON: the same y as a tensor, and everything --trace asked for by name (`rnn_1/h`, `lstm_1/gates/i`) */
  readonly tensors: {
    readonly y: TensorData;
    /** outputs beside y by name; absent where there is none */
    readonly others?: ReadonlyMap<string, TensorData>;
    readonly trace?: ReadonlyMap<string, TensorData>;
    readonly traceLayers?: readonly TraceLayer[];
    /** the hand calculation behind the trace; absent for a simulated mistake, which has none, and for a stateful run in several calls */
    readonly handCalculation?: Iterable<HandStep>;
  };
}

export interface TensorData {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

export interface Explanation {
  readonly code: string;
  /** largest difference left when y is computed this way */
  readonly residual: number;
  readonly verdict: 'fits' | 'tie' | 'likely' | 'rejected';
  /** how many times smaller than the next best */
  readonly margin: number | null;
  readonly why: string;
  readonly fix: string;
  /** its parts: one code, or two where only a pair explains it */
  readonly codes: readonly string[];
  /** the layer each part sits in; null where it sits in all of them or in none */
  readonly layers: readonly (string | null)[];
  /** the same repair in NumPy, Keras, PyTorch */
  readonly fixes: { readonly numpy?: string; readonly keras?: string; readonly torch?: string };
  /** the flag under which the same call says SAME, where it is the description that may be wrong: --layers "gru:5+resetbefore,dense:2", --states */
  readonly call: string | null;
}

export interface CompareResult extends Assuming<'rnn-cli/compare@1'> {
  /** UNDECIDED: rounding alone may move y by more than what is compared */
  readonly status: 'SAME' | 'DIFFERENT' | 'UNDECIDED';
  /** false where undecided */
  readonly equal: boolean;
  /** why this input cannot decide, how many of its values, and what would decide; null where it does */
  readonly undecided: { readonly reason: string; readonly values: number; readonly decide: string } | null;
  /** with how many digits the other side was written, where those are few: '4 decimals', 'float16'; all of them count as equal */
  readonly written: string | null;
  /** what was set side by side: ['manual', 'batched'] or ['batched', 'y.npy'] */
  readonly sides: { readonly expected: string; readonly actual: string };
  /** auto: each value has its own, from its own noise; atol and noise are the largest of those that decide. scale: root mean square of y */
  readonly tolerance: {
    readonly mode: 'auto' | 'fixed';
    readonly atol: number;
    readonly rtol: number;
    readonly noise: number;
    readonly scale: number;
  };
  readonly shape: { readonly expected: readonly number[]; readonly actual: readonly number[]; readonly equal: boolean };
  /** the largest difference, of those that are too large if any is, and what is allowed there */
  readonly max: {
    readonly abs: number;
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
    readonly allowed: number;
  } | null;
  readonly mismatched: number;
  readonly total: number;
  readonly perSample: readonly {
    readonly n: number;
    readonly maxAbs: number;
    readonly ok: boolean;
    /** where in the sample, and both values there */
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
    readonly allowed: number;
  }[];
  /** largest difference of every step where the output is a sequence */
  readonly perStep: readonly { readonly t: number; readonly maxAbs: number; readonly ok: boolean }[] | null;
  readonly firstDifference: { readonly sample: number; readonly step: number | null; readonly layer: string | null } | null;
  readonly explanations: readonly Explanation[];
  /** residual as the network is specified */
  readonly asSpecified: number | null;
  readonly cannotDetect: readonly string[];
  /** mistakes that would move y, but by too little to be named with confidence */
  readonly cannotName: readonly string[];
  /** tie: several explanations give the same y on this input; null: equal, or nobody asked why */
  readonly verdict: 'fits' | 'tie' | 'likely' | 'unexplained' | null;
  /** what was accepted: the one that fits, all of a tie, what is likely */
  readonly codes: readonly string[];
  /** of a tie: the shortest input found on which its explanations give different y */
  readonly tellApart: string | null;
  /** explanations whose y was computed */
  readonly tried: number;
  /** what the other output was taken for where it is not y: 'y at every step [4, 10, 2]', 'the hidden states of rnn_1 [4, 10, 5]' */
  readonly view: string | null;
  /** what the shapes and the pattern of the differences say */
  readonly evidence: readonly string[];
  readonly simulated: string | null;
  readonly seed: string;
  /** with --threads: how many were asked for; no bit depends on it */
  readonly threads?: number;
  readonly rng: string;
  readonly promises: { readonly weights: string | null; readonly input: string | null };
  readonly exit: 0 | 1 | 6;
}

export interface ExplainResult {
  readonly schema: 'rnn-cli/explain@1';
  readonly version: string;
  readonly kind: 'mistake' | 'term' | 'list';
  readonly name: string;
  readonly title: string;
  /** paragraphs */
  readonly text: readonly string[];
  /** mistakes: the fix in NumPy, Keras, PyTorch */
  readonly fixes?: Explanation['fixes'];
  /** other pages */
  readonly related: readonly string[];
  /** mistakes: a small network, computed right and wrong */
  readonly example?: {
    readonly layers: string;
    readonly dims: { readonly N: number; readonly T: number; readonly D: number };
    readonly seed: string;
    readonly right: { readonly shape: readonly number[]; readonly y: Nested };
    readonly wrong: { readonly shape: readonly number[]; readonly y: Nested };
    /** shows it with everything `compare` says of it */
    readonly command: string;
  };
  /** terms: shapes of small networks */
  readonly shapes?: readonly {
    readonly words: string;
    readonly layers: string;
    readonly dims: { readonly N: number; readonly T: number; readonly D: number };
    readonly rows: readonly {
      readonly name: string;
      readonly output: readonly number[];
      readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
    }[];
  }[];
  /** without a topic: everything there is */
  readonly mistakes?: readonly { readonly name: string; readonly title: string }[];
  readonly terms?: readonly { readonly name: string; readonly title: string }[];
}

export interface ProbeResult extends Assuming<'rnn-cli/probe@1'> {
  readonly dims: { readonly N: number; readonly T: number };
  /** of x */
  readonly shape: readonly number[];
  readonly seed: string;
  readonly init: string | null;
  readonly weightsSource: string;
  /** codes under which y differs from the right y and from that of every other code */
  readonly shows: readonly string[];
  /** pairs of codes that no input of this size distinguishes */
  readonly alike: readonly (readonly [string, string])[];
  /** codes that leave y as it is */
  readonly cannotDetect: readonly string[];
  /** not in JSON: x, the weights by their own names, and both together */
  readonly tensors: {
    readonly x: TensorData;
    readonly weights: ReadonlyMap<string, TensorData>;
    readonly all: ReadonlyMap<string, TensorData>;
  };
}

/** One thing that two networks compute differently: the equations of each that the other has not. */
export interface EquationDifference {
  /** its name in the first network */
  readonly layer: string;
  /** activation, gates, reset, direction, pooling, step, mask, head … */
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
  /** of both networks on one input, in float64 */
  readonly outputs: {
    readonly shape: readonly number[];
    readonly second: readonly number[] | null;
    readonly input: { readonly shape: readonly number[]; readonly seed: string | null; readonly source: string };
    /** null where the shapes differ, or the second one cannot take the input of the first */
    readonly maxAbs: number | null;
    readonly allowed: number;
    readonly equal: boolean;
    /** where they part first, layer by layer: `input` is what a layer reads; null: not found */
    readonly first: {
      readonly layer: string;
      readonly of: 'input' | 'h' | 'output';
      readonly sample: number;
      readonly step: number | null;
      readonly values: readonly [number, number];
    } | null;
    /** null where the second one takes the input of the first */
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

/** `compare A B` of arrays: numbers alone. */
export interface CompareArraysResult extends Result<'rnn-cli/compare-arrays@1'> {
  readonly status: 'SAME' | 'DIFFERENT';
  readonly equal: boolean;
  readonly files: { readonly first: string; readonly second: string };
  readonly arrays: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    /** null where only one file has it */
    readonly second: readonly number[] | null;
    readonly dtypes: readonly string[];
    readonly atol: number;
    readonly rtol: number;
    /** null where the shapes differ */
    readonly max: CompareResult['max'];
    readonly mismatched: number;
    readonly total: number;
    readonly equal: boolean;
  }[];
  readonly exit: 0 | 1;
}

export interface ConvertResult extends Assuming<'rnn-cli/convert@1'> {
  readonly input: string;
  readonly output: string;
  readonly from: { readonly framework: string; readonly format: string };
  readonly to: { readonly framework: string; readonly format: string };
  readonly tensors: number;
  readonly bytes: number;
  readonly sha256: string;
  /** both sides run on the same seeded input; null where the network cannot be run */
  readonly check: {
    readonly shape: readonly number[];
    readonly largest: number;
    /** the largest difference from ONNX Runtime's y; null where that was not run */
    readonly onnxruntime: number | null;
    readonly identical: boolean;
    readonly seed: string;
  } | null;
}

export interface InspectTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly count: number;
  /** kernel, recurrentKernel, bias …; null where nothing tells */
  readonly role: string | null;
  /** blocks of gates in the file's own order, along the axis they stand on; null where there are none */
  readonly gates: readonly string[] | null;
}

export interface InspectGraph {
  readonly nodes: number;
  readonly operators: Readonly<Record<string, number>>;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string | null)[] | null }[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly (number | string | null)[] | null }[];
  readonly recurrent: readonly {
    readonly name: string;
    readonly op: string;
    readonly direction: string;
    readonly features: number | null;
    readonly units: number | null;
  }[];
  /** operators that are not run, in graph order */
  readonly unsupported: readonly string[];
}

export interface InspectResult extends Assuming<'rnn-cli/inspect@2'> {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  /** null unless it was asked for: it takes reading the whole file */
  readonly sha256: string | null;
  readonly framework: string | null;
  /** of the framework that wrote it, where the file tells */
  readonly frameworkVersion: string | null;
  readonly tensors: readonly InspectTensor[];
  readonly totals: { readonly tensors: number; readonly numbers: number; readonly bytes: number };
  /** as `shapes` prints it; null where the file does not determine it */
  readonly network: ShapesResult | null;
  readonly runs: boolean;
  /** why there is no network, or why it does not run */
  readonly reason: string | null;
  /** what would be run, as a line for --layers; with `_` where the user has to say; null where the grammar has no words for it */
  readonly layersLine: string | null;
  readonly graph: InspectGraph | null;
  /** tensors that are no weights of the network */
  readonly skipped: readonly string[];
}
