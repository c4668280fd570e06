import type { Tensor } from '../../tensor/tensor.js';
import type { NamedTensors } from '../convention.js';

/**
 * `list(model.parameters())`: no names, but PyTorch's order: of a recurrent module weight_ih, weight_hh, bias_ih, bias_hh of each layer (and
 * of its reverse direction), of a Linear weight and bias. Derives state dict names from the shapes.
 * @returns undefined if the shapes do not fit such modules
 */
export function namedParameters(parameters: readonly Tensor[]): NamedTensors | undefined {
  const named = new Map<string, Tensor>();
  let at = 0;
  let module = 0;
  let last: { D: number; M: number; width: number; depth: number; reversed: boolean } | undefined;
  const shape = (i: number) => parameters[i]?.shape ?? [];
  while (at < parameters.length) {
    const [rows, columns] = shape(at);
    const [again, M] = shape(at + 1);
    if (shape(at).length !== 2) return undefined;
    const gates = rows / M;
    if (shape(at + 1).length === 2 && again === rows && [1, 3, 4].includes(gates)) {
      const biased = [2, 3].every(i => shape(at + i).length === 1 && shape(at + i)[0] === rows);
      const reverse = last !== undefined && !last.reversed && last.D === columns && last.M === M && columns !== M;
      const next = last !== undefined && last.M === M && columns === last.width;
      const depth: number = reverse ? last!.depth : next ? last!.depth + 1 : 0;
      if (!reverse && !next) module++;
      last = { D: columns, M, width: reverse ? 2 * M : M, depth, reversed: reverse };
      const end = `_l${depth}${reverse ? '_reverse' : ''}`;
      const roles = ['weight_ih', 'weight_hh', ...(biased ? ['bias_ih', 'bias_hh'] : [])];
      for (const role of roles) named.set(`${module}.${role}${end}`, parameters[at++]);
    } else {
      last = undefined;
      module++;
      named.set(`${module}.weight`, parameters[at++]);
      if (shape(at).length === 1 && shape(at)[0] === rows) named.set(`${module}.bias`, parameters[at++]);
    }
  }
  return named;
}
