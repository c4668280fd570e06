import { escapeText } from '../../escape.js';
import { graphsIn, type OnnxModel, type OnnxNode } from '../../formats/onnx/graph.js';
import type { Assumption } from '../../model/assumptions.js';
import { floatsOf, textsOf } from '../../ops/attributes.js';
import { RECURRENT_OPS } from './recurrentNode.js';

/** Number of parameters of the functions whose defaults differ: 0 in ONNX Runtime, 1 in the specification (by the operator of that name). */
const PARAMETERS: Readonly<Record<string, number>> = { affine: 2, scaledtanh: 2, thresholdedrelu: 1 };
/** Other functions with parameters: 1 takes one from `activation_alpha`, 2 one from `activation_beta` as well. */
const OTHERS: Readonly<Record<string, number>> = { leakyrelu: 1, elu: 1, hardsigmoid: 2 };

/** Assumptions for functions of RNN, LSTM and GRU without parameters on whose defaults the specification and ONNX Runtime disagree. */
export function disputedDefaults({ graph }: OnnxModel): Assumption[] {
  const nodes = graphsIn(graph).flatMap(g => g.nodes.filter(({ opType }) => Object.hasOwn(RECURRENT_OPS, opType)));
  const found = nodes.flatMap(node => unsaidIn(node).map(name => ({ name, place: escapeText(node.name || node.opType, 80) })));
  if (found.length === 0) return [];
  const names = [...new Set(found.map(({ name }) => name))].join(', ');
  const places = [...new Set(found.map(({ place }) => place))].join(', ');
  return [
    {
      fact: 'activation',
      what: `${names} of ${places} has the parameters of the ONNX specification, alpha 1 (and beta 1, of Affine 0); ONNX Runtime takes 0`,
      value: 'alpha 1',
      why: 'activation_alpha and activation_beta do not say them',
      say: null,
    },
  ];
}

function unsaidIn(node: OnnxNode): string[] {
  const given = ['activation_alpha', 'activation_beta'].map(list => floatsOf(node, list)?.length ?? 0);
  return (textsOf(node, 'activations') ?? []).filter(name => {
    const key = name.toLowerCase();
    const wanted = PARAMETERS[key] ?? OTHERS[key] ?? 0;
    const lacks = given.slice(0, wanted).some(left => left <= 0);
    for (let i = 0; i < wanted; i++) given[i]--;
    return lacks && Object.hasOwn(PARAMETERS, key);
  });
}
