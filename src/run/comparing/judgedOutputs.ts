import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { inferShapes } from '../../model/shapes.js';
import { outputsOf } from '../../model/spec.js';
import { splitKey } from '../files/fileKey.js';
import { readArrays } from '../input/input.js';
import type { Prepared } from '../prepare.js';
import type { CompareRequest } from '../request.js';

/** A network of several outputs is compared output by output: each as the y of the same network. */
export interface JudgedOutput {
  /** null: the only one there is, or the only one that the other side can be */
  readonly name: string | null;
  readonly prepared: Prepared;
  /** path of the other side, with the key of this output */
  readonly against: string | undefined;
  readonly notes: readonly string[];
}

/**
 * All outputs where engines are compared; of a file those that it holds by name, else y.
 * @throws RnnError E_OUTPUT_NAME: FILE:KEY names no output, and the file holds some
 */
export async function judgedOutputs(prepared: Prepared, { against }: CompareRequest): Promise<JudgedOutput[]> {
  const outputs = outputNames(prepared).map(name => ({ name }));
  if (outputs.length < 2) return [{ name: null, prepared, against, notes: [] }];
  const judged = (name: string, path: string | undefined) => ({ name, prepared: endingIn(prepared, name), against: path, notes: [] });
  if (against === undefined) return outputs.map(({ name }) => judged(name, undefined));
  const [, key] = splitKey(against);
  if (key !== undefined) {
    const name = outputs.find(o => o.name === key)?.name;
    if (name === undefined)
      throw noSuchOutput(
        key,
        outputs.map(o => o.name),
      );
    return [judged(name, against)];
  }
  const { tensors } = await readArrays(
    against,
    outputs.map(o => o.name),
  );
  const named = outputs.filter(o => tensors.has(o.name));
  const left = outputs.filter(o => !named.includes(o)).map(o => escapeText(o.name, 40));
  if (named.length > 0)
    return named.map(({ name }, i) => ({
      ...judged(name, `${against}:${name}`),
      notes: i === 0 && left.length > 0 ? [`not compared, for the other side does not hold it: ${left.join(', ')}`] : [],
    }));
  const [first, ...rest] = outputs.map(o => escapeText(o.name, 40));
  return [
    { name: null, prepared, against, notes: [`the other side was compared with the output ${first}; not compared: ${rest.join(', ')}`] },
  ];
}

export function outputNames({ network, graphInputs }: Prepared): string[] {
  return (graphInputs ? network.graph!.model.graph.outputs : outputsOf(network.model)).map(({ name }) => name);
}

/** The same network with another of its outputs as y; a graph that is run node by node with that one alone. */
export function endingIn(prepared: Prepared, name: string): Prepared {
  const { network } = prepared;
  if (prepared.graphInputs) {
    const { model } = network.graph!;
    if (model.graph.outputs.length === 1) return prepared;
    const graph = { ...model.graph, outputs: model.graph.outputs.filter(o => o.name === name) };
    return { ...prepared, network: { ...network, graph: { model: { ...model, graph }, exact: false, bytes: null } } };
  }
  if (name === (network.model.outputName ?? network.model.output)) return prepared;
  const { otherOutputs: _, ...model } = network.model;
  const output = outputsOf(network.model).find(o => o.name === name)!.value;
  const own = { ...model, output, outputName: name };
  return { ...prepared, network: { ...network, model: own, shapes: inferShapes(own) } };
}

function noSuchOutput(key: string, names: readonly string[]): RnnError {
  return new RnnError('usage', 'E_OUTPUT_NAME', `the network has no output '${escapeText(key, 60)}'`, {
    where: '--against',
    expected: names.map(name => escapeText(name, 40)).join(', '),
    fix: `name one of them: FILE:${escapeText(names[0], 40)}`,
  });
}
