/** A symbolic shape: the letter people use and the size, null while unknown. [N, T, M] = [{N,null},{T,10},{M,5}] */
export interface Dim {
  readonly symbol: string;
  readonly size: number | null;
}
/** With the whole numbers that the value holds, where they are known before anything runs: a shape that is computed with. */
export type DimShape = readonly Dim[] & { readonly numbers?: readonly Dim[] };
