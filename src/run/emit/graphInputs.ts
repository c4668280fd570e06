import { RnnError } from '../../errors.js';
import type { OnnxTensor } from '../../formats/onnx/graph.js';
import { inputsOf } from '../../model/spec.js';
import type { GraphValue } from '../../ops/value.js';
import { networkOfGraph } from '../network/wiredGraph.js';
import type { Prepared } from '../prepare.js';
import { cannotEmit } from './text.js';

/**
 * Turns a graph that is only run node by node because its inputs contain axes, sizes or weights into layers: a script contains its inputs,
 * so they can be constants. First integers and single numbers are made constant, then all inputs but the first.
 * @throws RnnError E_EMIT if even then it is not a network of layers and operators
 */
export async function withConstants(prepared: Prepared): Promise<Prepared> {
  const { network, graphInputs } = prepared;
  if (!graphInputs) return prepared;
  const { model } = network.graph!;
  const [first] = graphInputs.keys();
  const isNumber = (name: string, value: GraphValue) => value.kind !== 'float' || (value.shape.length === 0 && name !== first);
  for (const isConstant of [isNumber, (name: string) => name !== first]) {
    const kept = [...graphInputs].filter(([name, value]) => !isConstant(name, value));
    if (kept.length === 0 || kept.some(([, value]) => value.kind !== 'float' || value.shape.length === 0)) continue;
    const constants = [...graphInputs]
      .filter(([name, value]) => isConstant(name, value))
      .map(([name, value]) => [name, tensorOf(value)] as const);
    const graph = {
      ...model.graph,
      inputs: model.graph.inputs.filter(({ name }) => kept.some(([other]) => other === name)),
      initializers: new Map([...model.graph.initializers, ...constants]),
    };
    try {
      const wired = await networkOfGraph({ ...network, graph: { ...network.graph!, model: { ...model, graph } } }, {}, 'own');
      const [[, x], ...rest] = kept;
      const others = new Map(rest.map(([, value], i) => [inputsOf(wired.model)[i + 1].name, value]));
      return {
        ...prepared,
        network: { ...wired, graph: undefined },
        weights: wired.weights!,
        input: { x, others },
        graphInputs: undefined,
      };
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind === 'limit') throw error;
    }
  }
  throw cannotEmit('a graph that is not a network of layers and operators', 'run it with ONNX Runtime');
}

function tensorOf({ kind, type, shape, data }: GraphValue): OnnxTensor {
  const dtype = kind === 'float' ? 'f32' : kind === 'bool' ? 'bool' : (type ?? 'i64');
  return { dtype, shape, data: kind === 'float' ? Float32Array.from(data) : data } as OnnxTensor;
}
