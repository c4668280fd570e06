import type { Cell, WeightShape } from '../../cells/cell.js';
import { getCell, rowOf } from '../../cells/index.js';
import { RnnError, within } from '../../errors.js';
import { escapeNames, escapeText } from '../../escape.js';
import type { Assumption } from '../../model/assumptions.js';
import type { LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import { concatFirst, transpose } from '../../tensor/layout.js';
import { formatShape, reshape, type Tensor } from '../../tensor/tensor.js';
import { checkShape } from '../../weights/weights.js';
import { whyAssumed } from '../assumed.js';
import type { WritableConvention } from '../convention.js';
import { toCanonicalGates } from '../gateOrder.js';
import { unexpectedWeight } from '../unexpectedWeights.js';
import { precisionAssumptions } from './assumptions.js';
import { attentionFromTorch, attentionShapes, isTorchAttention } from './attention.js';
import { fromTorchLayout, torchLayer, torchLayerOf, torchShape } from './layers.js';
import { type AssignedLayer, assign, interchangeable } from './moduleAssignment.js';
import { hasRecurrentNames, isSorted, type Module, usedModules } from './modules.js';
import { featuresOfStateDict, specOfStateDict } from './spec.js';
import { toStateDict } from './toStateDict.js';

/**
 * PyTorch state dicts. `[prefix.]weight_ih_l0 [G·M, D]`, `weight_hh_l0 [G·M, P]`, `bias_ih_l0`, `bias_hh_l0`, `weight_hr_l0 [P, M]`, the
 * reverse direction with `_reverse`; `prefix.weight [K, in]`, `prefix.bias` of a Linear or Embedding.
 * The two biases stay two rows if the spec has twoBiases, else they are added (which is impossible for a GRU with the reset after the product).
 */
export const torch: WritableConvention = {
  name: 'torch',
  framework: 'torch',
  detect: hasRecurrentNames,

  toWeights(shapes, tensors) {
    const modules = usedModules(tensors);
    const { assigned, rest } = assign(shapes, modules, isSorted(tensors));
    const weights = new Map<string, Tensor>();
    const withWeights = shapes.layers.filter(l => l.weights.length > 0);
    withWeights.forEach((layer, index) => {
      const module = assigned[index];
      const { tensors: said } = layer.layer;
      if (said !== undefined && module?.module !== said) throw missing(layer.layer.name, `the module ${said}`, namesIn(modules));
      if (!module) throw missing(layer.layer.name, describe(layer), 'no further module in the file');
      const own = isRecurrent(layer.layer) ? readRecurrent(layer, layer.layer, module) : readPlain(layer, module);
      checkSurplus(layer, module);
      for (const [name, tensor] of own) weights.set(`${layer.layer.name}/${name}`, tensor);
    });
    // layers with the names of modules take exactly those modules
    const isNamed = (module: string) =>
      withWeights.some(({ layer }, i) => assigned[i].module === module && (layer.tensors ?? layer.name) === module);
    const named = assigned.every(({ module }) => isNamed(module));
    if (rest.length > 0 && !named) {
      const [{ name }] = rest;
      throw new RnnError('convention', 'E_WEIGHT_EXTRA', `the file has a module '${escapeText(name)}' that the network does not have`, {
        where: escapeText(name),
        expected: `${withWeights.length} layers with weights`,
        found: `${assigned.length + rest.length}`,
        fix: `describe the whole network, or name the modules to use (${namesIn(modules)}): +name=MODULE on every layer of --layers (on the first of an nn.LSTM that has several), "tensors" in a spec`,
      });
    }
    return weights;
  },

  fromWeights: toStateDict,

  assumed(shapes, tensors) {
    const modules = usedModules(tensors);
    const pairs = interchangeable(shapes, modules, isSorted(tensors)).map(([a, b]) => takenInOrder(a.module, b.module));
    return [...precisionAssumptions(tensors), ...pairs];
  },

  toSpec: specOfStateDict,

  featuresFor: featuresOfStateDict,
};

function takenInOrder(first: string, second: string): Assumption {
  return {
    fact: 'order',
    what: `${escapeText(first, 60)} is used before ${escapeText(second, 60)}, which has its shape`,
    value: `${escapeText(first, 60)}, ${escapeText(second, 60)}`,
    why: whyAssumed('torch'),
    say: `+name=${escapeText(first, 60)} in --layers, on the layer that it is`,
  };
}

function readRecurrent({ weights: expected }: LayerShapes, layer: RecurrentSpec, module: AssignedLayer): [string, Tensor][] {
  const cell = getCell(layer.kind);
  return expected.map(shape => {
    const reverse = shape.name.startsWith('backward/') ? '_reverse' : '';
    return [shape.name, within(shape.name, () => readRole(shape, cell, module, reverse, layer))];
  });
}

function readRole(shape: WeightShape, cell: Cell, module: AssignedLayer, reverse: string, layer: RecurrentSpec): Tensor {
  const get = (role: string) => {
    const found = module.tensors.get(role + reverse);
    if (!found)
      throw missing(
        module.name,
        `${role}_l…${reverse} for ${shape.name} ${formatShape(shape.shape)}`,
        [...module.tensors.values()].map(t => t.name).join(', '),
      );
    return found;
  };
  const canonical = (t: Tensor) => toCanonicalGates(t, cell, rowOf(cell, 'torch'));
  switch (shape.role) {
    case 'kernel':
    case 'recurrentKernel': {
      const { name, tensor } = get(shape.role === 'kernel' ? 'weight_ih' : 'weight_hh');
      checkTurned(tensor, shape, name);
      return canonical(transpose(tensor));
    }
    case 'projection': {
      const { name, tensor } = get('weight_hr');
      checkTurned(tensor, shape, name);
      return transpose(tensor);
    }
    case 'bias': {
      const row = { ...shape, shape: shape.shape.slice(-1), dims: shape.dims.slice(-1) };
      const [input, recurrent] = [get('bias_ih'), get('bias_hh')];
      checkShape(input.tensor.shape, row, escapeText(input.name));
      checkShape(recurrent.tensor.shape, row, escapeText(recurrent.name));
      const both = [canonical(input.tensor), canonical(recurrent.tensor)];
      return shape.shape.length === 2 ? concatFirst(both.map(t => reshape(t, [1, ...t.shape]))) : addedBiases(both[0], both[1], layer);
    }
    default:
      throw new RnnError('unsupported', 'E_TORCH_ROLE', `PyTorch has no ${shape.role} in ${layer.kind}`);
  }
}

/** Adds the two biases. @throws RnnError E_GRU_BIAS for a GRU with r ⊙ (h·Wh + b'), whose recurrent bias cannot be added to the other */
function addedBiases(input: Tensor, recurrent: Tensor, layer: RecurrentSpec): Tensor {
  if (layer.kind === 'gru' && recurrent.data.some(v => v !== 0)) {
    const message = 'a GRU with the reset before the product has one bias; PyTorch keeps the recurrent one inside r⊙(…)';
    throw new RnnError('convention', 'E_GRU_BIAS', message, { fix: 'drop +resetbefore: PyTorch computes the reset after the product' });
  }
  return { shape: input.shape, data: input.data.map((v, k) => v + recurrent.data[k]) };
}

/** @throws RnnError E_WEIGHT_EXTRA if the file has a bias or a direction that the description lacks and that would be lost */
function checkSurplus(shapes: LayerShapes, module: AssignedLayer): void {
  const { layer, weights } = shapes;
  const theirs = module.recurrent ? undefined : torchLayer(layer.kind);
  const known = isTorchAttention(shapes)
    ? [...attentionShapes(shapes).keys()]
    : weights.flatMap(w => (theirs ? theirs.roles[w.name] : rolesOf(w)));
  for (const [role, { name }] of module.tensors)
    if (!known.includes(role) && !theirs?.unused?.includes(role)) throw unexpectedWeight(name, known);
}

function rolesOf({ name, role }: WeightShape): string[] {
  const roles =
    role === 'bias' ? ['bias_ih', 'bias_hh'] : [role === 'kernel' ? 'weight_ih' : role === 'recurrentKernel' ? 'weight_hh' : 'weight_hr'];
  return name.startsWith('backward/') ? roles.map(r => `${r}_reverse`) : roles;
}

function readPlain(shapes: LayerShapes, module: AssignedLayer): [string, Tensor][] {
  const { layer, weights: expected } = shapes;
  if (isTorchAttention(shapes)) {
    const known = attentionShapes(shapes);
    return [
      ...attentionFromTorch(shapes, role => {
        const found = module.tensors.get(role);
        const shape = known.get(role)!;
        if (!found) throw missing(module.name, `${role} ${formatShape(shape)}`, [...module.tensors.values()].map(t => t.name).join(', '));
        checkShape(found.tensor.shape, { ...expected[0], shape, dims: shape.map(String) }, escapeText(found.name));
        return found.tensor;
      }),
    ];
  }
  const theirs = torchLayerOf(layer);
  return expected.map(shape => {
    const role = theirs.roles[shape.name];
    const found = module.tensors.get(role);
    if (!found)
      throw missing(
        module.name,
        `${role} for ${shape.name} ${formatShape(shape.shape)}`,
        [...module.tensors.values()].map(t => t.name).join(', '),
      );
    const expected = {
      ...shape,
      shape: torchShape(theirs, shape.shape, shape.role),
      dims: theirs.kernel && shape.role === 'kernel' ? theirs.kernel(shape.dims.length).map(axis => shape.dims[axis]) : shape.dims,
    };
    checkShape(found.tensor.shape, expected, escapeText(found.name));
    return [shape.name, fromTorchLayout(theirs, found.tensor, shape.role)];
  });
}

/** Checks the shape of a matrix, which PyTorch stores as [outputs, inputs], the transpose of ours. */
function checkTurned(t: Tensor, shape: WeightShape, name: string): void {
  const turned = { ...shape, shape: [...shape.shape].reverse(), dims: [...shape.dims].reverse() };
  checkShape(t.shape, turned, escapeText(name));
}

function namesIn(modules: readonly Module[]): string {
  return escapeNames(modules.map(({ name }) => name));
}

function describe({ weights }: LayerShapes): string {
  return weights.map(w => `${w.name} ${formatShape(w.shape)}`).join(', ');
}

function missing(where: string, expected: string, found: string): RnnError {
  return new RnnError('convention', 'E_WEIGHT_MISSING', `${escapeText(expected)} is missing`, {
    where: escapeText(where),
    expected: escapeText(expected),
    found: escapeText(found),
  });
}
