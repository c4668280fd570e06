import { transpose } from '../../tensor/layout.js';
import type { Call } from './call.js';
import { alike, checkFeatures, type Rule, type Rules } from './rule.js';
import { constantOf, isTensor, type Operand } from './wiring.js';

/** Products with weights of modules, which become layers, and products of other tensors. */

/** A module's weight makes a layer. A part of one (such as the keys' third of an attention's projection) is multiplied by MatMul. */
function linear(call: Call): Operand {
  const { wiring } = call;
  const weight = call.arg('weight');
  if (isTensor(weight) && !('parameter' in wiring.get(weight.tensor)))
    return product(call, 'input', call.step('Transpose', [call.operand('weight')]));
  const W = wiring.tensor(call.arg('weight'), 'the weight of linear');
  checkFeatures(call, W.tensor.shape[1]);
  const bias = call.arg('bias') ?? null;
  const spec = { kind: 'dense', units: W.tensor.shape[0], useBias: bias !== null, inputs: [wiring.input(call.arg('input'))] };
  const b = bias === null ? undefined : wiring.tensor(bias, 'the bias of linear');
  const { name, first } = wiring.layer(moduleOf(W.name), spec, b ? [W.name, b.name] : [W.name]);
  if (first) {
    wiring.weights.set(`${name}/Wo`, transpose(W.tensor));
    if (b) wiring.weights.set(`${name}/bo`, b.tensor);
  }
  return name;
}

/** `fc.weight` -> `fc` */
function moduleOf(parameter: string): string {
  return parameter.replace(/\.?(in_proj_)?weight$/, '') || parameter;
}

function embedding(call: Call): string {
  const { wiring } = call;
  const E = wiring.tensor(call.arg('weight'), 'the weight of embedding');
  const [tokens, units] = E.tensor.shape;
  // computed token numbers, and those that are not a sequence
  const indices = call.arg('indices');
  if (call.sizes('indices').length !== 2 || !isTensor(indices) || !wiring.program.inputs.includes(indices.tensor))
    return call.op('Gather', [constantOf(E.tensor), wiring.input(indices)], { axis: 0 });
  const spec = { kind: 'embedding', tokens, units, inputs: [wiring.input(call.arg('indices'))] };
  const { name, first } = wiring.layer(moduleOf(E.name), spec, [E.name]);
  if (first) wiring.weights.set(`${name}/E`, E.tensor);
  return name;
}

function product(call: Call, left: string, right: Operand): Operand {
  const bias = call.arg('bias') ?? null;
  if (bias === null) return call.op('MatMul', [call.operand(left), right]);
  return call.op('Add', [call.step('MatMul', [call.operand(left), right]), call.wiring.operand(bias)]);
}

const matmul: Rule = call => product(call, 'self', call.wiring.operand(call.arg('mat2') ?? call.arg('other')));

/** beta·self + alpha·mat1·mat2 */
const addmm =
  (left: string, right: string): Rule =>
  call => {
    const [alpha, beta] = [call.number('alpha', 1), call.number('beta', 1)];
    const by = (value: Operand, factor: number) => (factor === 1 ? value : call.step('Mul', [value, factor]));
    const matrix = call.wiring.op('product', 'MatMul', [call.operand(left), call.operand(right)]);
    return call.op('Add', [by(matrix, alpha), by(call.operand(), beta)]);
  };

export const MODULES: Rules = {
  linear,
  embedding,
  addmm: addmm('mat1', 'mat2'),
  baddbmm: addmm('batch1', 'batch2'),
  ...alike('matmul mm bmm', () => matmul),
};
