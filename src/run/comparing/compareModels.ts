import { compareWeights } from '../../diagnosis/weightsFaults.js';
import { RnnError } from '../../errors.js';
import { escapeNames, escapeText, plural, shownPath } from '../../escape.js';
import { type Assumption, checkAssumptions } from '../../model/assumptions.js';
import { layersLineOf } from '../../model/layersLine.js';
import { distance, largestDifference } from '../../tensor/difference.js';
import { sameShape } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { outputOf } from '../forward.js';
import { checkFinite } from '../input/finite.js';
import { loadNetwork, type Network } from '../network/network.js';
import { shownNetwork } from '../network/wiredGraph.js';
import type { Prepared } from '../prepare.js';
import type { CompareRequest, NetworkRequest } from '../request.js';
import { flagOf } from '../requestRules.js';
import type { CompareModelsResult } from '../result.js';
import { VERSION } from '../version.js';
import { differentEquations } from './equations.js';
import { type Allowance, closeAllowance, EXITS, fixedAllowance, isFixed, isOff, type Status, statusOf, undecidedBecause } from './judge.js';
import { endingIn, outputNames } from './judgedOutputs.js';
import { firstLayerDifference } from './layerDifference.js';
import { differentOptions } from './layerOptions.js';
import { isMatch, layersWithWeights, matchedWeights, noMatch } from './matchedWeights.js';
import { measureNoise } from './noise.js';
import { preparePair } from './preparePair.js';

/**
 * Compares two networks in files, of any framework: their equations, their weights tensor by tensor, and their outputs on the same input.
 */
export interface CompareModelsRequest extends CompareRequest {
  readonly files: readonly [string, string];
}

// biome-ignore format: a table
export const UNUSED_BY_NETWORKS = [
  'against', 'engines', 'simulate', 'engine', 'weights', 'init', 'dtype', 'budget', 'explain', 'states', 'decimals',
] as const;

/** @throws RnnError E_CONFLICT naming the first flag that would have no effect */
export function refuseUnused(request: CompareRequest, unused: readonly (keyof CompareRequest)[], what: string): void {
  const given = unused.find(key => request[key] !== undefined);
  if (given === undefined) return;
  const flag = request[given] === false ? flagOf(given).replace('--', '--no-') : flagOf(given);
  throw new RnnError('usage', 'E_CONFLICT', `${flag} has no effect when ${what} are compared`, { fix: `drop ${flag}` });
}

/**
 * @throws RnnError E_CONFLICT: a flag without effect on two networks; E_WEIGHT_MISSING: a file without weights; E_INPUT_NAME: the networks
 * have different inputs; all errors of opening a model
 */
export async function runCompareModels(request: CompareModelsRequest): Promise<CompareModelsResult> {
  refuseUnused(request, UNUSED_BY_NETWORKS, 'two networks');
  const { files } = request;
  const [first, second] = await openBoth(request);
  const assumptions = allAssumptions(first, second, files);
  checkAssumptions(assumptions, request.strict);
  const matched = matchedWeights(first, second);
  const compared = matched ? compareWeights(first.model.layers, ...matched) : [];
  const tensors = isFixed(request) ? compared.map(t => withinFixed(t, matched!, request)) : compared;
  const { outputs, status, undecided, notes, others, pair } = await compareOutputs(first, second, request);
  const written = matched ? differentEquations(first, second) : [];
  const options = status === 'DIFFERENT' ? differentOptions(first, second, written, pair[0]) : [];
  const operators = status === 'DIFFERENT' && matched ? await operatorsApart(first, second, written, outputs.first) : [];
  const equations = [...written, ...options, ...operators, ...others];
  const differ = equations.length > 0 || tensors.some(t => !t.equal);
  const verdict: Status = differ ? 'DIFFERENT' : status;
  return {
    schema: 'rnn-cli/compare-models@1',
    version: VERSION,
    status: verdict,
    equal: verdict === 'SAME',
    undecided: verdict === 'UNDECIDED' ? undecided : null,
    files: { first: shownPath(files[0]), second: shownPath(files[1]) },
    equations,
    tensors,
    outputs,
    notes: [...new Set([...first.notes, ...second.notes, ...notes, ...(matched ? [] : [noMatch(first, second)])])],
    assumptions,
    exit: EXITS[verdict],
  };
}

/** The operators in which the networks differ; the module that writes them as Python is only loaded then. */
async function operatorsApart(...networks: Parameters<typeof import('./operators.js').differentOperators>) {
  return (await import('./operators.js')).differentOperators(...networks);
}

/** The assumptions of both networks, each with its file's name; of a file that is compared with itself, once. */
function allAssumptions(first: Network, second: Network, files: readonly [string, string]): Assumption[] {
  const of = ({ assumptions }: Network, file: string) => assumptions.map(a => ({ ...a, what: `${shownPath(file)}: ${a.what}` }));
  const own = of(first, files[0]);
  return [...own, ...of(second, files[1]).filter(a => !own.some(b => b.what === a.what && b.value === a.value))];
}

/** Request keys that describe the network of a weights file. */
const DESCRIBES = ['layers', 'M', 'K', 'cell', 'bidirectional', 'stack'] as const;

async function openBoth(request: CompareModelsRequest): Promise<[Network, Network]> {
  const { readModelFile } = await import('../files/modelFile.js');
  const opened = await Promise.all(request.files.map(readModelFile));
  const described = opened.map(o => o.spec !== undefined || o.graph !== undefined || o.problem !== undefined);
  if (!described.includes(false)) refuseUnused(request, ['model'], 'two models');
  const load = async (i: 0 | 1, other: Network | null): Promise<Network> => {
    const file = request.files[i];
    const network = described[i]
      ? await loadNetwork({ ...(described[1 - i] ? networkOf(request) : sizesOf(request)), model: file }, undefined, opened[i])
      : await fromWeights(file, opened[i].framework, networkOf(request), other && { network: other, file: request.files[1 - i] });
    const isWeighted = layersWithWeights(network).length > 0;
    if (!network.weights && isWeighted)
      throw new RnnError('convention', 'E_WEIGHT_MISSING', 'the file has no weights to compare', {
        where: shownPath(file),
        expected: 'a trained model, or its weights',
      });
    return shownNetwork(isWeighted ? network : { ...network, weights: network.weights ?? new Map() });
  };
  // a file with weights alone may need the other file's description
  if (!described[0] && described[1]) {
    const second = await load(1, null);
    return [await load(0, second), second];
  }
  const first = await load(0, null);
  return [first, await load(1, described[0] ? first : null)];
}

function networkOf({ files: _, input: __, ...request }: CompareModelsRequest): NetworkRequest {
  return request;
}

function sizesOf({ N, T, D, framework, strict }: CompareModelsRequest): NetworkRequest {
  return { N, T, D, framework, strict };
}

/**
 * The network of a weights file beside another network. The module names of a state dict usually describe it well enough. A list of
 * weights, and a state dict that is ambiguous, seems to have other layers, or stands beside a PyTorch program, uses the other file's
 * description if the weights fit it; that is an assumption.
 */
async function fromWeights(
  file: string,
  framework: string | undefined,
  request: NetworkRequest,
  other: { readonly network: Network; readonly file: string } | null,
): Promise<Network> {
  if (request.model !== undefined || DESCRIBES.some(key => request[key] !== undefined)) return loadNetwork({ ...request, weights: file });
  const own = () => loadNetwork({ ...request, model: file });
  if (other === null) return own();
  const borrowed = async (): Promise<Network> => {
    if (other.network.graph) throw undeterminedError(file, other);
    const network = await loadNetwork({ ...sizesOf(request as CompareModelsRequest), model: other.file, weights: file });
    return { ...network, assumptions: [...network.assumptions, descriptionOf(other)] };
  };
  const orElse = (next: () => Promise<Network>) => (error: unknown) => {
    if (error instanceof RnnError) return next();
    throw error;
  };
  if (framework !== 'torch') return borrowed();
  // if a state dict does not fit the other network's layers, its own error is the useful one
  const read = await own().catch(error => orElse(borrowed)(error).catch(orElse(() => Promise.reject(error))));
  // a PyTorch program says what its modules compute, which a state dict of the same modules does not
  const isPort = other.network.framework !== 'torch' && isMatch(other.network, read);
  return isPort ? read : borrowed().catch(orElse(async () => read));
}

/** @returns E_UNDETERMINED: weights alone cannot be compared with a graph, which has names of its own for its weights */
function undeterminedError(file: string, { network, file: graph }: { readonly network: Network; readonly file: string }): RnnError {
  const line = layersLineOf(network.model, network.framework);
  return new RnnError('convention', 'E_UNDETERMINED', `${escapeText(graph)} does not say which layer takes which of these weights`, {
    where: shownPath(file),
    expected: 'a model, or weights beside a description',
    fix: line ? `describe them: --layers "${line}"` : `compare its outputs: rnn-cli compare ${escapeText(graph)} -i x.npy --against y.npy`,
  });
}

function descriptionOf({ network, file }: { readonly network: Network; readonly file: string }): Assumption {
  const line = layersLineOf(network.model, network.framework);
  return {
    fact: 'description',
    what: `it is the network that ${shownPath(file)} describes`,
    value: shownPath(file),
    why: 'the file holds weights alone',
    say: line && `--layers "${line}"`,
  };
}

type Compared = CompareModelsResult['tensors'][number];

/** Counts a weight as equal if it is within --atol and --rtol. */
function withinFixed(t: Compared, matched: readonly [Weights, Weights], { atol = 0, rtol = 0 }: CompareRequest): Compared {
  const [a, b] = matched.map(side => side.get(t.name));
  if (t.maxAbs === null || !a || !b) return t;
  const equal = a.data.every((v: number, k: number) => distance(v, b.data[k]) <= atol + rtol * Math.abs(v));
  return { ...t, equal, differing: equal ? { count: 0, most: [] } : t.differing, change: equal ? null : t.change };
}

/** Compares the outputs in pairs: all in order if both sides have as many, else those with equal names, or the first of each. */
async function compareOutputs(first: Network, second: Network, request: CompareModelsRequest) {
  const { pair, source, seed, takes } = await preparePair(first, second, request);
  const [names, others] = pair.map(outputNames);
  const shared = names.filter(name => others.includes(name)).map(name => [name, name]);
  const all =
    names.length === others.length
      ? names.map((name, i) => [name, others.includes(name) ? name : others[i]])
      : shared.length > 0
        ? shared
        : [[names[0], others[0]]];
  const judged: Awaited<ReturnType<typeof compareOutput>>[] = [];
  for (const [name, other] of all) judged.push(await compareOutput([endingIn(pair[0], name), endingIn(pair[1], other)], request));
  const status: Status = (['DIFFERENT', 'UNDECIDED'] as const).find(worst => judged.some(j => j.status === worst)) ?? 'SAME';
  const shown = judged.find(j => j.status === status)!;
  const left = all.length < Math.max(names.length, others.length);
  return {
    pair,
    status,
    // networks with different numbers of outputs differ, even if the outputs they share are equal
    others: left ? [{ layer: escapeText(names[0], 40), what: 'outputs', first: [escapeNames(names)], second: [escapeNames(others)] }] : [],
    undecided: shown.undecided,
    notes: [
      ...pair.flatMap(side => side.notes),
      ...judged.flatMap(j => j.notes),
      ...(left
        ? [
            `one has ${plural(names.length, 'output')} and the other ${others.length}: ${shared.length > 0 ? `those that both have are compared (${escapeNames(shared.map(([name]) => name))})` : 'the first of each are compared'}, and are ${status}`,
          ]
        : []),
    ],
    outputs: {
      ...shown.outputs,
      input: { shape: pair[0].input.x.shape, seed, source },
      first: status === 'DIFFERENT' && shown.outputs.second !== null ? firstLayerDifference(pair) : null,
      takes: shown.outputs.second === null ? takes : null,
    },
  };
}

async function compareOutput([first, second]: readonly [Prepared, Prepared], request: CompareModelsRequest) {
  const run = async (side: Prepared) => (await outputOf(side, { engine: 'batched', dtype: 'f64', threads: request.threads }, undefined)).y;
  const a = await run(first);
  const refused: string[] = [];
  const b = await run(second).catch(error => {
    if (!(error instanceof RnnError) || !['shape', 'spec'].includes(error.kind)) throw error;
    refused.push(`the second refuses it: ${error.where ? `${error.where}: ` : ''}${error.message}`);
    return null;
  });
  const comparable = b !== null && sameShape(a.shape, b.shape);
  const noise = await measureNoise(first, { threads: request.threads, dtype: 'f32' });
  const allowance: Allowance = isFixed(request)
    ? fixedAllowance(request, noise, a)
    : await closeAllowance(noise, a, comparable ? b : a, false);
  let off = 0;
  if (comparable) for (let k = 0; k < a.data.length; k++) if (isOff(allowance, a, b, k)) off++;
  const status: Status = comparable ? statusOf(allowance, a, b, off) : 'DIFFERENT';
  const worst = comparable ? largestDifference(a.data, b.data) : null;
  return {
    status,
    undecided: undecidedBecause(allowance, a, DECIDES),
    notes: [...refused, ...checkFinite('the output', a, request.strictFinite ?? false)],
    outputs: {
      shape: a.shape,
      second: b?.shape ?? null,
      maxAbs: worst?.abs ?? null,
      allowed: worst && worst.index >= 0 ? allowance.of(worst.index, a.data[worst.index]) : allowance.atol,
      equal: status === 'SAME',
    },
  };
}

const DECIDES = 'fewer steps (--T), an input of your own (-i), or a tolerance of your own (--atol)';
