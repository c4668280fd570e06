import type { Assuming, Count, DimsJson } from './document.js';

/** What `shapes` gives: layers with their weights, counts under every framework's rules, and the summary. */

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
    /** while D is symbolic: the counts with it, '20*D+132'; null where no line gives them */
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
