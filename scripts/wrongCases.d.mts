/** Nested arrays of numbers. */
// biome-ignore lint/suspicious/noExplicitAny: two to four deep
export type Nested = any;

export interface Mistake {
  /** what compare may call it; none: it is in no list */
  readonly codes: readonly string[];
  /** true, though no code of the list */
  readonly also?: readonly string[];
  /** nothing is wrong */
  readonly right?: boolean;
}

export interface Case {
  readonly net: {
    cell: string;
    layers: number;
    bi: string | null;
    seq: boolean;
    pool?: string;
    head?: string;
    lengths?: number[];
    tokens?: Nested;
  };
  readonly sizes: Readonly<Record<'N' | 'T' | 'D' | 'M' | 'K', number>>;
  readonly init: string;
  readonly X: Nested;
  readonly y: Nested;
  readonly right: Nested;
}

export function makeCase(
  name: string,
  mistake: Mistake,
  seed: string,
  options?: { harsh?: boolean; sizes?: Readonly<Record<'N' | 'T' | 'D' | 'M' | 'K', readonly number[]>>; fewerThan?: number },
): Case | undefined;
export function specOf(one: Case): unknown;
export function tensorsOf(one: Case): Map<string, Nested>;
export function shapeOf(nested: Nested): number[];
