/** One dimension of a symbolic shape: its letter and its size, null while unknown. [N, T, M] = [{N,null},{T,10},{M,5}] */
export interface Dim {
  readonly symbol: string;
  readonly size: number | null;
}
/** A symbolic shape. `numbers` are the elements of a value that is itself a list of sizes, if they are known before the network runs. */
export type DimShape = readonly Dim[] & { readonly numbers?: readonly Dim[] };
