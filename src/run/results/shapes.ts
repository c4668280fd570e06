import type { Assuming, Count, DimsJson } from './document.js';

/** The result of `shapes`: layers with their weights, counts under every framework's rules, and the summary. */

export interface WeightRow extends DimsJson {
  readonly name: string;
  readonly role: string;
  readonly shape: readonly (number | null)[];
  /** null if a size it needs is symbolic */
  readonly count: Count | null;
  readonly gates: readonly string[] | null;
  /** 'D*4*M' */
  readonly formula: string;
}

export interface LayerRow {
  readonly name: string;
  readonly kind: string;
  /** class and name as Keras would print them */
  readonly kerasClass: string;
  readonly kerasName: string;
  readonly units: number | null;
  readonly bidirectional: boolean;
  readonly merge: string | null;
  readonly returnSequences: boolean | null;
  /** fields that were inferred, not given */
  readonly inferred: readonly string[];
  readonly inputs: readonly string[];
  readonly input: DimsJson;
  readonly output: DimsJson;
  readonly weights: readonly WeightRow[];
  readonly params: Count | null;
  readonly trainable: boolean;
  /** 'M*(D+M+1)'; null for layers without weights */
  readonly formula: string | null;
  /** per sample, over all steps; null while T is symbolic */
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
  /** sizes by letter; null = symbolic. Always N, T, D; M or M1, M2 …; K if the last layer is dense */
  readonly dims: Readonly<Record<string, number | null>>;
  /** 'SimpleRNN, many to one' */
  readonly title: string;
  readonly model: { readonly name: string; readonly functional: boolean; readonly inputName: string };
  readonly input: DimsJson;
  readonly output: DimsJson;
  /** all inputs and outputs by name, the main one first */
  readonly inputs: readonly NamedDims[];
  readonly outputs: readonly NamedDims[];
  readonly layers: readonly LayerRow[];
  readonly totals: {
    /** null while D is symbolic */
    readonly params: Count | null;
    readonly trainable: Count | null;
    readonly nonTrainable: Count | null;
    /** null if that framework has no such layer; the reason is in notes */
    readonly byFramework: Readonly<Record<string, Count | null>>;
    /** while D is symbolic: formulas such as '20*D+132'; null if the count is not linear in D */
    readonly formulas?: {
      readonly params: string | null;
      readonly trainable: string | null;
      readonly byFramework: Readonly<Record<string, string | null>>;
    };
    readonly macsPerSample: Count | null;
    /** 'T*(D*M+M*M)+M*K' */
    readonly macsFormula: string;
    readonly bytes: Count | null;
    readonly stateBytes: Count | null;
    readonly trainingBytes: Count | null;
  };
}

/** A layer of a summary; not in JSON, which contains the summary's text. */
export interface SummaryLayer {
  readonly name: string;
  /** Keras class: 'SimpleRNN' */
  readonly className: string;
  /** a null size prints None; a null shape prints ? (not built) */
  readonly outputShape: readonly (number | null)[] | null;
  /** null: not built */
  readonly params: Count | null;
  readonly trainable: boolean;
  /** names of the layers it reads; none for an InputLayer */
  readonly inputs: readonly string[];
  /** with several outputs: their shapes, and their keys if they are a dictionary */
  readonly outputShapes?: readonly (readonly (number | null)[] | null)[];
  readonly outputKeys?: readonly string[] | null;
  /** 'lstm[0][1]', if the file says more about the inputs than names of layers; then all layers have it, in Keras' order */
  readonly connected?: readonly string[];
}

export interface SummaryModel {
  readonly name: string;
  /** whether the summary shows the graph: layers in Keras' order, and "Connected to" unless it is a chain */
  readonly functional: boolean;
  readonly layers: readonly SummaryLayer[];
  readonly trainable: Count;
  readonly nonTrainable: Count;
  /** variables of a built optimizer, included in the total */
  readonly optimizer?: Count;
  /** if not every number takes four bytes */
  readonly bytes?: { readonly trainable: number; readonly nonTrainable: number; readonly optimizer: number };
}
