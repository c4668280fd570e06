import { isRegrouped } from '../../diagnosis/index.js';
import { RnnError } from '../../errors.js';
import { escapeNames, escapeText } from '../../escape.js';
import { outputsOf } from '../../model/spec.js';
import { largestDifference } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { splitKey } from '../files/fileKey.js';
import { outputOf } from '../forward.js';
import { OUTPUT_NAMES, readArrays } from '../input/input.js';
import { endingAt } from '../network/endingAt.js';
import type { Prepared } from '../prepare.js';
import type { CompareRequest } from '../request.js';

/** One output of a network with several, compared as if it were y of the same network. */
export interface JudgedOutput {
  /** null: the only output, or the only one that the other side can be */
  readonly name: string | null;
  readonly prepared: Prepared;
  /** path of the other side, with the key of this output */
  readonly against: string | undefined;
  readonly notes: readonly string[];
}

/**
 * The outputs to compare: all of them for two engines; for a file those that it contains by name, else those that match by shape and
 * values.
 * @throws RnnError E_OUTPUT_NAME: FILE:KEY is not the name of an output, but the file has some that are
 */
export async function judgedOutputs(prepared: Prepared, request: CompareRequest): Promise<JudgedOutput[]> {
  const { against } = request;
  const names = outputNames(prepared);
  if (names.length < 2) return [{ name: null, prepared, against, notes: [] }];
  const judged = (name: string, path: string | undefined) => ({ name, prepared: endingIn(prepared, name), against: path, notes: [] });
  if (against === undefined) return names.map(name => judged(name, undefined));
  const [, key] = splitKey(against);
  if (key !== undefined && names.includes(key)) return [judged(key, against)];
  if (key !== undefined && !NAMELESS.test(key)) throw noSuchOutput(key, names);
  const { only, tensors } = await readArrays(against, names);
  const named = names.filter(name => tensors.has(name));
  const left = escapeNames(names.filter(name => !named.includes(name)));
  if (named.length === 0) return namelessOutputs(prepared, request, names, only ?? tensors);
  return named.map((name, i) => ({
    ...judged(name, `${against}:${name}`),
    notes: i === 0 && left !== '' ? [`not compared, for the other side does not hold it: ${left}`] : [],
  }));
}

/** NumPy's names for arrays saved without names. */
const NAMELESS = /^arr_\d+$/;

/**
 * Matches arrays without names: in order, if there are as many with the same shapes; a single array with the output of its shape, or the
 * closest of several.
 */
async function namelessOutputs(
  prepared: Prepared,
  { against, dtype, threads }: CompareRequest,
  names: readonly string[],
  found: Tensor | ReadonlyMap<string, Tensor>,
): Promise<JudgedOutput[]> {
  const outputs = await Promise.all(
    names.map(async name => {
      const own = endingIn(prepared, name);
      return { name, prepared: own, y: (await outputOf(own, { engine: 'batched', dtype, threads }, undefined)).y };
    }),
  );
  const fits = ({ y }: { readonly y: Tensor }, t: Tensor) => isRegrouped(t.shape, y.shape);
  if (found instanceof Map) {
    const arrays = [...(found as ReadonlyMap<string, Tensor>)];
    const inOrder = arrays.length === outputs.length && arrays.every(([key, t], i) => NAMELESS.test(key) && fits(outputs[i], t));
    if (inOrder)
      return outputs.map(({ name, prepared: own }, i) => ({ name, prepared: own, against: `${against}:${arrays[i][0]}`, notes: [] }));
  }
  const array = found instanceof Map ? OUTPUT_NAMES.flatMap(name => found.get(name) ?? [])[0] : (found as Tensor);
  const fitting = array ? outputs.filter(o => fits(o, array)) : [];
  const off = (o: (typeof outputs)[number]) => largestDifference(o.y.data, array.data).abs;
  const nearest = fitting.reduce<(typeof outputs)[number] | undefined>((a, b) => (a && off(a) <= off(b) ? a : b), undefined);
  const chosen = nearest ?? outputs[0];
  const shown = (list: readonly { readonly name: string }[]) => escapeNames(list.map(o => o.name));
  const why =
    fitting.length === 0
      ? ', the first one, because none has its shape'
      : fitting.length === 1
        ? ', the only one of its shape'
        : `, of those of its shape (${shown(fitting)}) the one that is nearest`;
  const rest = shown(outputs.filter(o => o !== chosen));
  const note = `the other side was compared with the output ${escapeText(chosen.name, 40)}${why}; not compared: ${rest}`;
  return [{ name: null, prepared: chosen.prepared, against, notes: [note] }];
}

export function outputNames({ network, graphInputs }: Prepared): string[] {
  return (graphInputs ? network.graph!.model.graph.outputs : outputsOf(network.model)).map(({ name }) => name);
}

/**
 * The network with another of its outputs as y, and only the layers that it needs; for a graph run node by node, the graph with that output
 * alone.
 */
export function endingIn(prepared: Prepared, name: string): Prepared {
  const { network } = prepared;
  if (prepared.graphInputs) {
    const { model } = network.graph!;
    if (model.graph.outputs.length === 1) return prepared;
    const graph = { ...model.graph, outputs: model.graph.outputs.filter(o => o.name === name) };
    return { ...prepared, network: { ...network, graph: { model: { ...model, graph }, exact: false, bytes: null } } };
  }
  if (name === (network.model.outputName ?? network.model.output)) return prepared;
  return { ...prepared, network: endingAt(network, name) };
}

function noSuchOutput(key: string, names: readonly string[]): RnnError {
  return new RnnError('usage', 'E_OUTPUT_NAME', `the network has no output '${escapeText(key, 60)}'`, {
    where: '--against',
    expected: escapeNames(names),
    fix: `name one of them: FILE:${escapeText(names[0], 40)}`,
  });
}
