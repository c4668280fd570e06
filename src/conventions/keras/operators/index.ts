import { wordOf } from '../../../escape.js';
import { type Json, unsupportedClass } from '../../../layers/kerasConfig.js';
import type { Argument, CallArguments } from '../arguments.js';
import { OperatorCall, type Rule } from './call.js';
import { ELEMENTWISE } from './elementwise.js';
import { ENCODINGS } from './encodings.js';
import type { Expression } from './expression.js';
import { IMAGES } from './images.js';
import { LINEAR } from './linear.js';
import { LOSSES } from './losses.js';
import { MOVEMENT } from './movement.js';
import { NETWORKS } from './networks.js';
import { ORDERING } from './ordering.js';
import { PATCHES } from './patches.js';
import { PLACING } from './placing.js';
import { PRODUCTS } from './products.js';
import { REDUCTIONS } from './reductions.js';
import { SLICING } from './slicing.js';
import { SPECTRA } from './spectra.js';
import { STATISTICS } from './statistics.js';
import { DIVISORS, TABLES } from './tables.js';
import { isTensorflowFunction, tensorflowExpression } from './tensorflow.js';

/**
 * Whether a layer of a config is an operator of `keras.ops` (`module` keras.src.ops…). A merge layer can have the same class name; its
 * module is keras.layers.
 */
export function isOperatorLayer({ module, class_name, config, inbound_nodes }: Json): boolean {
  if (module !== undefined) return /(^|\.)ops(\.|$)/.test(String(module));
  // a .h5 file of Keras 3 has no module names, but layers have `trainable` and operators do not
  const [call] = Array.isArray(inbound_nodes) ? inbound_nodes : [];
  const isCalled = call !== undefined && !Array.isArray(call);
  return isCalled && Object.hasOwn(RULES, wordOf(class_name)) && !('trainable' in ((config ?? {}) as Json));
}

const RULES: Readonly<Record<string, Rule>> = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...STATISTICS,
  ...MOVEMENT,
  ...SLICING,
  ...ORDERING,
  ...PRODUCTS,
  ...NETWORKS,
  ...SPECTRA,
  ...PLACING,
  ...LINEAR,
  ...LOSSES,
  ...PATCHES,
  ...IMAGES,
  ...TABLES,
  ...DIVISORS,
};

/** Whether a layer without weights is read as operators. */
export function isMadeOfOperators({ class_name }: Json): boolean {
  return Object.hasOwn(ENCODINGS, wordOf(class_name)) || isTensorflowFunction({ class_name });
}

/** @returns the nodes in topological order; the last one has the layer's own name @throws RnnError E_KERAS_CLASS */
export function operatorNodes(
  layer: Json,
  args: CallArguments,
  name: string,
  value: (t: Argument) => string,
): { layers: Json[]; outputs: string[] } {
  const className = wordOf(layer.class_name);
  const expression = isTensorflowFunction(layer)
    ? tensorflowExpression(layer, args, value)
    : expressionOf(layer, new OperatorCall(layer, args, value));
  const parts: Parts = { name, layers: [], known: new Map() };
  flatten(expression, name, className, parts);
  const others = (expression.others ?? []).map((other, i) => {
    flatten(other, `${name}/${i + 1}`, '', parts);
    return `${name}/${i + 1}`;
  });
  return { layers: parts.layers, outputs: [name, ...others] };
}

/** The nodes of one operator so far, and the name of each subexpression, so that a shared one is computed once. */
interface Parts {
  readonly name: string;
  readonly layers: Json[];
  readonly known: Map<Expression, string>;
}

/** The expression of a layer. For a layer made of operators, the config entries that no rule reads are its name and training options. */
function expressionOf(layer: Json, call: OperatorCall): Expression {
  const expression = ruleOf(layer)(call);
  if (!isMadeOfOperators(layer)) call.checkAllRead();
  return expression;
}

/** @throws RnnError E_KERAS_CLASS */
function ruleOf(layer: Json): Rule {
  const className = wordOf(layer.class_name);
  const rules = isMadeOfOperators(layer) ? ENCODINGS : RULES;
  if (Object.hasOwn(rules, className)) return rules[className];
  throw unsupportedClass(`${className} of keras.ops`, Object.keys(RULES).sort().join(', '));
}

/** Makes a node of each subexpression, named `name/part_1`, `name/part_2` …; the whole expression keeps `name`. */
function flatten(expression: Expression, name: string, kerasClass: string, parts: Parts): void {
  const { layers, known } = parts;
  const inputs: string[] = [];
  const part = (operand: Expression): string => {
    const earlier = known.get(operand);
    if (earlier !== undefined) return earlier;
    const own = `${parts.name}/part_${known.size + 1}`;
    const { output, ...whole } = operand;
    known.set(operand, output ? `${own}/${output}` : own);
    flatten(whole, own, '', parts);
    return known.get(operand)!;
  };
  if (expression.output) {
    layers.push({ kind: 'op', name, op: 'Identity', inputs: [part(expression)], kerasClass });
    return;
  }
  const operands = expression.operands.map(operand => {
    if ('constant' in operand) return operand.constant;
    if ('value' in operand) inputs.push(operand.value);
    else inputs.push(part(operand));
    return null;
  });
  if (expression.kind !== undefined) {
    layers.push({ kind: expression.kind, name, inputs, ...expression.attributes, kerasClass });
    return;
  }
  layers.push({
    kind: 'op',
    name,
    op: expression.op,
    inputs,
    ...(operands.every(o => o === null) ? {} : { operands }),
    ...(expression.attributes ? { attributes: expression.attributes } : {}),
    kerasClass,
  });
}
