import type { CellOptions, WeightShape } from './cell.js';

/** A weight without gates; the formula of its count is the product of its dimensions. */
export function weightShape(weight: Pick<WeightShape, 'name' | 'role' | 'dims' | 'shape'> & Partial<WeightShape>): WeightShape {
  return { gates: null, formula: weight.dims.map(factor).join('*') || '1', ...weight };
}

/** The weights, followed by a bias [size] if the layer has one. */
export function withBias(weights: WeightShape[], useBias: boolean, name: string, symbol: string, size: number): WeightShape[] {
  return useBias ? [...weights, weightShape({ name, role: 'bias', dims: [symbol], shape: [size] })] : weights;
}

/** The letters that reports use for this layer's input width, units and projection width. */
export interface CellSymbols {
  readonly D: string;
  readonly M: string;
  readonly P: string;
}

const LETTERS: CellSymbols = { D: 'D', M: 'M', P: 'P' };

/** kernel [D, G·M] and recurrentKernel [P, G·M] (P = M without projection). */
export function kernelShapes(gates: readonly string[], D: number, M: number, options: CellOptions, symbols = LETTERS): WeightShape[] {
  const G = gates.length;
  const P = options.projection ?? M;
  const columns = times(G, symbols.M);
  const rows = options.projection === null ? symbols.M : symbols.P;
  return [
    {
      name: 'Wx',
      role: 'kernel',
      dims: [symbols.D, columns],
      shape: [D, G * M],
      gates: G > 1 ? gates : null,
      formula: product(symbols.D, G, symbols.M),
    },
    {
      name: 'Wh',
      role: 'recurrentKernel',
      dims: [rows, columns],
      shape: [P, G * M],
      gates: G > 1 ? gates : null,
      formula: product(rows, G, symbols.M),
    },
  ];
}

/** bias [G·M], or [2, G·M] with an input row and a recurrent row; none without useBias. */
export function biasShapes(gates: readonly string[], M: number, options: CellOptions, symbols = LETTERS): WeightShape[] {
  if (!options.useBias) return [];
  const G = gates.length;
  const columns = times(G, symbols.M);
  const formula = options.twoBiases ? product('2', G, symbols.M) : G > 1 ? `${G}*${symbols.M}` : symbols.M;
  return [
    {
      name: 'bh',
      role: 'bias',
      dims: options.twoBiases ? ['2', columns] : [columns],
      shape: options.twoBiases ? [2, G * M] : [G * M],
      gates: G > 1 ? gates : null,
      formula,
    },
  ];
}

/** '4M', 'M'; a size that has no letter is a factor: '4*5' */
function times(G: number, symbol: string): string {
  if (G === 1) return symbol;
  return /^\d/.test(symbol) ? `${G}*${symbol}` : `${G}${symbol}`;
}

/** 'D*4*M', 'M*M', '(M1+M2)*M3' */
function product(rows: string, G: number, symbol: string): string {
  return G > 1 ? `${factor(rows)}*${G}*${symbol}` : `${factor(rows)}*${symbol}`;
}

/** Puts a size in parentheses if a product needs them: after a concatenation the width is a sum, 'M1+M2'; after a convolution T is 'T-2'. */
export function factor(size: string): string {
  return /[-+/]/.test(size) ? `(${size})` : size;
}
