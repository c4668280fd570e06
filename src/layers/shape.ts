/** A symbolic shape: the letter people use and the size, null while unknown. [N, T, M] = [{N,null},{T,10},{M,5}] */
export interface Dim {
  readonly symbol: string;
  readonly size: number | null;
}
export type DimShape = readonly Dim[];
