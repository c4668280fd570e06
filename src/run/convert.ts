import type { EngineInput } from '../engines/engine.js';
import { RnnError, within } from '../errors.js';
import { escapeNames, escapeText, shownPath } from '../escape.js';
import { joined } from '../formats/bytes/numbers.js';
import { type ByteSource, memorySource } from '../formats/source.js';
import { TUTORIAL } from '../model/dimensions.js';
import { type GraphValue, kindOfType } from '../ops/value.js';
import { largestDifference } from '../tensor/difference.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { type Converted, checkConverted, relativeDifference } from './convertCheck.js';
import { adapted, type Target, targetOf } from './convertTarget.js';
import { encode, inOneRow, runOutputs, type Written } from './encoded.js';
import { executeGraph } from './execute.js';
import { type Sink, writeAtomic } from './files/atomicWrite.js';
import type { ModelFile } from './files/describedFile.js';
import { sha256OfSource } from './files/digest.js';
import { openFile } from './files/fileSource.js';
import { readModelFile } from './files/modelFile.js';
import { checkOutputFiles } from './files/outputFiles.js';
import { drawFor } from './input/drawing.js';
import { loadNetwork, type Network, placedFile } from './network/network.js';
import { networkOfGraph } from './network/wiredGraph.js';
import type { NetworkRequest } from './request.js';
import type { ConvertResult } from './result.js';
import { VERSION } from './version.js';

export interface ConvertRequest extends NetworkRequest {
  readonly file: string;
  readonly output: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly seed?: string;
  /** steps completed, of: read, write, read back, run both */
  readonly onProgress?: (done: number, of: number) => void;
}

const STEPS = 4;

/**
 * Converts a model or its weights to another framework's layout. Both sides are run on the same seeded input before the file is put in
 * place.
 * @throws RnnError E_CONVERT_… (unsupported) if the target has no such layer; all errors of reading a file
 */
export async function runConvert(request: ConvertRequest): Promise<ConvertResult> {
  const { file: path, output, to, force = false, seed = '42', onProgress, ...hints } = request;
  await checkOutputFiles([{ flag: 'OUT', path: output }], [path, ...(hints.weights === undefined ? [] : [hints.weights])], force);
  const opened = await readModelFile(path);
  const read = await convertible(await loadNetwork(...placedFile(path, opened, hints)), path, hints);
  const needsNone = read.shapes.layers.every(({ weights }) => weights.length === 0);
  const network = { ...read, weights: read.weights ?? (needsNone ? new Map() : undefined) };
  onProgress?.(1, STEPS);
  const target = targetOf(to, output, network.framework);
  if (!network.weights) throw noWeights(path, network.withoutWeights);
  const { model, shapes, weights, notes } = adapted(network, target.framework);
  const unchanged = target.framework === network.framework && hints.weights === undefined ? opened.file.tensors : undefined;
  const written = await within(escapeText(output), () =>
    encode(target, { ...network, model, shapes, weights }, unchanged, opened.withTensors),
  );
  const encodeOthers = (others: Weights) => {
    const changed = adapted({ ...network, weights: others }, target.framework);
    return encode(target, { ...network, ...changed }, undefined);
  };
  onProgress?.(2, STEPS);
  const drawn = await drawFor(network, seed);
  const ours = inOneRow(await runOutputs(network.model, network.weights, drawn).catch(error => Promise.reject(withSteps(error, network))));
  if (network.graph && !network.graph.exact) checkWired(ours.data, inOneRow(await yOfGraph(network.graph, drawn)).data, path);
  const converted = { model: network.model, weights: network.weights, input: drawn, encode: encodeOthers };
  const { theirs, runtime, bytes, sha256, divisor } = await writeChecked(output, written, converted, force, ours.data);
  onProgress?.(3, STEPS);
  return {
    schema: 'rnn-cli/convert@1',
    version: VERSION,
    input: shownPath(path),
    output: escapeText(output),
    from: { framework: network.framework, format: opened.file.format },
    to: { framework: target.framework, format: target.format },
    tensors: written.tensors,
    bytes,
    sha256,
    check: { shape: ours.shapes[0], ...differencesFrom(ours.data, theirs.data, runtime?.data), seed },
    notes: [
      ...network.notes,
      ...roundingNotes(divisor),
      ...timeMajorNotes(network, path),
      ...notes,
      ...mergedNotes(opened, target),
      ...leftNotes(written, path),
    ],
    assumptions: network.assumptions,
  };
}

/** How far the outputs of the written file, and of ONNX Runtime if it ran it, are from those of the original one. */
function differencesFrom(ours: Float64Array, theirs: Float64Array, runtime: Float64Array | undefined) {
  return {
    largest: largestDifference(theirs, ours).abs,
    onnxruntime: runtime ? largestDifference(runtime, ours).abs : null,
    identical: ours.every((v, k) => Object.is(v, theirs[k])),
  };
}

function noWeights(path: string, why = 'the file describes a network and holds no weights'): RnnError {
  return new RnnError('unsupported', 'E_CONVERT_WEIGHTS', why, {
    where: escapeText(path),
    fix: 'give a file with weights, or --weights beside it',
  });
}

/**
 * Writes the file in pieces, reads it back and runs it before it gets its name. For a pipe, the bytes are kept in memory and read back from
 * there.
 * @param ours the outputs of the original file, concatenated
 * @throws RnnError E_CONVERT_CHECK if the written file gives other numbers
 */
async function writeChecked(output: string, { pieces, y, onnxruntime }: Written, converted: Converted, force: boolean, ours: Float64Array) {
  const { input } = converted;
  const write = async (sink: Sink) => {
    const source = await writtenSource(sink, pieces);
    const theirs = inOneRow(await y(source, input));
    const divisors = [await checkConverted(theirs.data, ours, 'read again', converted)];
    const outputs = await onnxruntime?.(source, input);
    const runtime = outputs && inOneRow(outputs);
    if (runtime) divisors.push(await checkConverted(runtime.data, ours, 'run by ONNX Runtime', converted));
    return { theirs, runtime, bytes: source.size, sha256: sha256OfSource(source), divisor: Math.max(...divisors) };
  };
  return writeAtomic(output, write, { force });
}

/** Writes the pieces. @returns the written bytes, to be read back */
async function writtenSource(sink: Sink, pieces: Written['pieces']): Promise<ByteSource> {
  if (sink.path === undefined) {
    const whole = await joined(pieces);
    await sink.write(whole);
    return memorySource(whole);
  }
  for await (const piece of pieces) await sink.write(piece);
  return openFile(sink.path);
}

function roundingNotes(divisor: number): string[] {
  if (divisor === 1) return [];
  return [
    `this network amplifies rounding, so even a correct file gives different numbers; with weights of 1/${divisor} the file gives the same`,
  ];
}

function timeMajorNotes({ stepsFirst = new Set() }: Network, path: string): string[] {
  return [...stepsFirst].map(name => `${escapeText(name, 40)} is [T, N, …] in ${shownPath(path)}, and [N, T, …] in what is written`);
}

function mergedNotes({ unpack }: ModelFile, { framework }: Target): string[] {
  if (!unpack || framework !== 'keras') return [];
  return [
    "LoRA's matrices are added to their kernels, and kernels of 8 or 4 bits are written as float32: they fit the same layers without either",
  ];
}

function leftNotes({ leaves = [] }: Written, path: string): string[] {
  if (leaves.length === 0) return [];
  const named = `${escapeNames(leaves.slice(0, 5))}${leaves.length > 5 ? ` and ${leaves.length - 5} more` : ''}`;
  return [
    `numbers of operators are not among the weights and not written (${named}): they stay in ${shownPath(path)}; .onnx and .json hold them`,
  ];
}

/** Adds the fix `--T n`: a graph may declare an open number of steps and still have a fixed one inside. */
function withSteps(error: unknown, { graph, model }: Network): unknown {
  if (!(error instanceof RnnError) || error.code !== 'E_ONNX_SHAPE' || !graph || model.input.timesteps !== null) return error;
  error.fix ??= `say how many steps the graph is made for: --T n (here ${TUTORIAL.T})`;
  return error;
}

/** Turns a graph that is not a chain of layers into layers and operators. @throws RnnError E_CONVERT_GRAPH */
async function convertible(network: Network, path: string, { T, D }: NetworkRequest): Promise<Network> {
  if (!network.graph || network.graph.exact) return network;
  try {
    const wired = await networkOfGraph(network, { T, D }, 'own');
    const one = network.graph.model.graph.inputs.find(input => input.shape?.length === 0);
    if (one) throw new RnnError('unsupported', 'E_CONVERT_GRAPH', `its input ${escapeText(one.name, 60)} is a single number`);
    return wired;
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    throw new RnnError('unsupported', 'E_CONVERT_GRAPH', `the graph is not a network of layers and operators (${error.message})`, {
      where: escapeText(path),
      expected: 'a network of layers and operators',
      fix: 'use the file as it is, with ONNX Runtime',
    });
  }
}

/** @throws RnnError E_CONVERT_GRAPH if the layers and operators do not give the outputs of the graph */
function checkWired(ours: Float64Array, graph: Float64Array, path: string): void {
  const difference = relativeDifference(ours, graph);
  if (difference <= WIRED_TOLERANCE) return;
  throw new RnnError('unsupported', 'E_CONVERT_GRAPH', 'converted to layers and operators, the graph gives different numbers', {
    where: escapeText(path),
    expected: `a difference of at most ${WIRED_TOLERANCE} of the largest number`,
    found: String(difference),
    fix: 'use the file as it is, with ONNX Runtime',
  });
}

const WIRED_TOLERANCE = 1e-4;

/** The outputs of the graph, run node by node. */
async function yOfGraph(graph: NonNullable<Network['graph']>, { x, others }: EngineInput): Promise<readonly Tensor[]> {
  const { inputs } = graph.model.graph;
  const given = [x, ...(others?.values() ?? [])];
  const values = new Map(inputs.map(({ name, dtype }, i): [string, GraphValue] => [name, { kind: kindOfType(dtype), ...given[i] }]));
  const { y, others: rest } = await executeGraph(graph, values, { engine: 'batched' });
  return [y, ...(rest?.values() ?? [])];
}
