import { transpose } from '../../tensor/layout.js';
import { alike, checkFeatures, op, type Rule, type Rules, self, sizesOf, step } from './rule.js';
import { arg, type Call, constantOf, isTensor, number, type Operand } from './wiring.js';

/** Products with weights of modules, which become layers, and products of other tensors. */

/** A module's weight makes a layer. A part of one (such as the keys' third of an attention's projection) is multiplied by MatMul. */
function linear(call: Call): Operand {
  const { wiring } = call;
  const weight = arg(call, 'weight');
  if (isTensor(weight) && !('parameter' in wiring.get(weight.tensor)))
    return product(call, 'input', step(call, 'Transpose', [self(call, 'weight')]));
  const W = wiring.tensor(arg(call, 'weight'), 'the weight of linear');
  checkFeatures(call, W.tensor.shape[1]);
  const bias = arg(call, 'bias') ?? null;
  const spec = { kind: 'dense', units: W.tensor.shape[0], useBias: bias !== null, inputs: [wiring.input(arg(call, 'input'))] };
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
  const E = wiring.tensor(arg(call, 'weight'), 'the weight of embedding');
  const [tokens, units] = E.tensor.shape;
  // computed token numbers, and those that are not a sequence
  const indices = arg(call, 'indices');
  if (sizesOf(call, 'indices').length !== 2 || !isTensor(indices) || !wiring.program.inputs.includes(indices.tensor))
    return op(call, 'Gather', [constantOf(E.tensor), wiring.input(indices)], { axis: 0 });
  const spec = { kind: 'embedding', tokens, units, inputs: [wiring.input(arg(call, 'indices'))] };
  const { name, first } = wiring.layer(moduleOf(E.name), spec, [E.name]);
  if (first) wiring.weights.set(`${name}/E`, E.tensor);
  return name;
}

function product(call: Call, left: string, right: Operand): Operand {
  const bias = arg(call, 'bias') ?? null;
  if (bias === null) return op(call, 'MatMul', [self(call, left), right]);
  return op(call, 'Add', [step(call, 'MatMul', [self(call, left), right]), call.wiring.operand(bias)]);
}

const matmul: Rule = call => product(call, 'self', call.wiring.operand(arg(call, 'mat2') ?? arg(call, 'other')));

/** beta·self + alpha·mat1·mat2 */
const addmm =
  (left: string, right: string): Rule =>
  call => {
    const [alpha, beta] = [number(call, 'alpha', 1), number(call, 'beta', 1)];
    const by = (value: Operand, factor: number) => (factor === 1 ? value : step(call, 'Mul', [value, factor]));
    const matrix = call.wiring.op('product', 'MatMul', [self(call, left), self(call, right)]);
    return op(call, 'Add', [by(matrix, alpha), by(self(call), beta)]);
  };

export const MODULES: Rules = {
  linear,
  embedding,
  addmm: addmm('mat1', 'mat2'),
  baddbmm: addmm('batch1', 'batch2'),
  ...alike('matmul mm bmm', () => matmul),
};
