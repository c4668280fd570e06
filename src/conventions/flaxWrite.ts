import type { FlaxRow } from '../cells/cell.js';
import { getCell, rowOf } from '../cells/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { FileTensor } from '../formats/format.js';
import type { ModelShapes } from '../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../model/spec.js';
import { sliceLast } from '../tensor/layout.js';
import { sliceRow, type Tensor, zeros } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { fileTensor } from './fileTensor.js';

/** What Flax calls a gate's two Dense modules, by ours; a cell of one gate has i and h. */
const LETTERS: Readonly<Record<string, string>> = { h: '', i: 'i', f: 'f', g: 'g', o: 'o', z: 'z', r: 'r' };

/**
 * The parameters of linen modules that are made in the order of the layers: `params/LSTMCell_0/ii/kernel`, `params/Dense_0/bias`.
 * @throws RnnError E_CONVERT_LAYER for what Flax has not
 */
export function flaxTensors({ layers }: ModelShapes, weights: Weights): Map<string, FileTensor> {
  const named = new Map<string, FileTensor>();
  const counts = new Map<string, number>();
  const module = (name: string): string => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `params/${name}_${count}`;
  };
  for (const { layer } of layers) {
    const of = (name: string) => weights.get(`${layer.name}/${name}`);
    if (layer.shares !== undefined) {
      const message = `a file of weights cannot say that ${layer.name} uses those of ${layer.shares} again`;
      throw new RnnError('unsupported', 'E_CONVERT_LAYER', message, { where: escapeText(layer.name) });
    }
    if (isRecurrent(layer)) writeCell(named, layer, rowOf(getCell(layer.kind), 'flax'), module, of);
    else if (layer.kind === 'dense') {
      const place = module('Dense');
      named.set(`${place}/kernel`, fileTensor(of('Wo')!));
      const bias = of('bo');
      if (bias) named.set(`${place}/bias`, fileTensor(bias));
    } else if (layer.kind === 'embedding') named.set(`${module('Embed')}/embedding`, fileTensor(of('E')!));
    else if (weightsOf(layer.name, weights))
      throw new RnnError('unsupported', 'E_CONVERT_LAYER', `${layer.kind} is not written as Flax has it`, {
        where: escapeText(layer.name),
      });
  }
  return named;
}

function weightsOf(name: string, weights: Weights): boolean {
  return [...weights.keys()].some(key => key.startsWith(`${name}/`));
}

/** A Dense for the input and one for the state of each gate; the bias stands at one of them, at both where the sum may not be taken. */
function writeCell(
  named: Map<string, FileTensor>,
  layer: RecurrentSpec,
  row: FlaxRow,
  module: (name: string) => string,
  of: (name: string) => Tensor | undefined,
): void {
  if (layer.bidirectional)
    throw new RnnError('unsupported', 'E_CONVERT_LAYER', 'a bidirectional layer is not written as Flax has it', {
      where: escapeText(layer.name),
      fix: 'convert each direction as a layer of its own',
    });
  const place = module(row.className);
  const cell = getCell(layer.kind);
  const M = layer.units;
  const [first, second] = rowsOf(of('bh'), cell.gates.length * M);
  cell.gates.forEach((gate, g) => {
    const part = (t: Tensor) => sliceLast(t, g * M, (g + 1) * M);
    const name = gateName(row, gate);
    const put = (way: 'i' | 'h', kernel: Tensor, bias: Tensor | undefined) => {
      named.set(`${place}/${way}${name}/kernel`, fileTensor(part(kernel)));
      if (bias) named.set(`${place}/${way}${name}/bias`, fileTensor(bias));
    };
    const sum = added(part(first), part(second));
    const apart = row.spareBiases > 0 && g >= row.spareBiases;
    const atState = row.spareBiases === 0 && cell.gates.length > 1;
    put('i', of('Wx')!, apart ? part(first) : atState ? undefined : sum);
    put('h', of('Wh')!, apart ? part(second) : atState ? sum : undefined);
  });
}

/** The candidate g is n in Flax' GRU and MGU. */
function gateName(row: FlaxRow, gate: string): string {
  return gate === 'g' && row.spareBiases > 0 ? 'n' : LETTERS[gate];
}

/** The input's bias and the recurrent one, each [G·M]; zeros where there is none. */
function rowsOf(bias: Tensor | undefined, width: number): readonly [Tensor, Tensor] {
  if (!bias) return [zeros([width]), zeros([width])];
  if (bias.shape.length === 2) return [sliceRow(bias, 0), sliceRow(bias, 1)];
  return [bias, { shape: bias.shape, data: bias.data.map(() => 0) }];
}

function added(a: Tensor, b: Tensor): Tensor {
  return { shape: a.shape, data: a.data.map((v, k) => v + b.data[k]) };
}
