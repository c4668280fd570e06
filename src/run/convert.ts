import { getConvention } from '../conventions/index.js';
import { INPUT, toOnnxModel } from '../conventions/onnx/write.js';
import type { EngineInput } from '../engines/engine.js';
import { layersOfGraph } from '../engines/graph/layersOf.js';
import { RnnError, within } from '../errors.js';
import { escapeText, shownPath } from '../escape.js';
import { joined } from '../formats/bytes/numbers.js';
import type { FileTensor } from '../formats/format.js';
import { getFormat, readTensors, writeTensors } from '../formats/index.js';
import type { OnnxModel } from '../formats/onnx/graph.js';
import { writeOnnx } from '../formats/onnx.js';
import { type ByteSource, memorySource } from '../formats/source.js';
import { checkSpec } from '../model/check.js';
import { inferShapes } from '../model/shapes.js';
import { inputsOf, type ModelSpec, specOf } from '../model/spec.js';
import type { GraphValue } from '../ops/value.js';
import { largestDifference } from '../tensor/difference.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { adapted, targetOf } from './convertTarget.js';
import { execute, executeGraph } from './execute.js';
import { writeAtomic } from './files/atomicWrite.js';
import { sha256OfSource } from './files/digest.js';
import { openFile } from './files/fileSource.js';
import { readJsonModel, readModelFile } from './files/modelFile.js';
import { checkOutputFiles } from './files/outputFiles.js';
import { nested } from './forward.js';
import { drawFor } from './input/drawing.js';
import { ownLimits } from './limits.js';
import { loadNetwork, type Network, placedFile, wiredNetwork } from './network/network.js';
import type { NetworkRequest } from './request.js';
import type { ConvertResult } from './result.js';
import { VERSION } from './version.js';

export interface ConvertRequest extends NetworkRequest {
  readonly file: string;
  readonly output: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly seed?: string;
  /** steps of the work that are done: read, written anew, both sides run */
  readonly onProgress?: (done: number, of: number) => void;
}

const STEPS = 4;

/** What is written, and how it is read again. */
interface Written {
  /** each valid until the next */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly tensors: number;
  /** y of the written file */
  y(source: ByteSource, input: EngineInput): Promise<readonly Tensor[]>;
}

/**
 * A model or its weights in another framework's layout. Both sides are run on the same seeded input before anything is written.
 * @throws RnnError E_CONVERT_… (unsupported) where the target has no such layer, and everything a file can be wrong in
 */
export async function runConvert(request: ConvertRequest): Promise<ConvertResult> {
  const { file: path, output, to, force = false, seed = '42', onProgress, ...hints } = request;
  await checkOutputFiles([{ flag: 'OUT', path: output }], [path, ...(hints.weights === undefined ? [] : [hints.weights])], force);
  const opened = await readModelFile(path);
  const network = await convertible(await loadNetwork(...placedFile(path, opened, hints)), path);
  onProgress?.(1, STEPS);
  const target = targetOf(to, output, network.framework);
  if (!network.weights) {
    throw new RnnError('unsupported', 'E_CONVERT_WEIGHTS', network.withoutWeights ?? 'the file describes a network and holds no weights', {
      where: escapeText(path),
      fix: 'give a file with weights, or --weights beside it',
    });
  }
  const { model, shapes, weights, notes } = adapted(network, target.framework);
  const unchanged = target.framework === network.framework && hints.weights === undefined ? opened.file.tensors : undefined;
  const written = await within(escapeText(output), () => encode(target, { ...network, model, shapes, weights }, unchanged));
  onProgress?.(2, STEPS);
  const drawn = await drawFor(network, seed);
  const ours = inOneRow(await yOf(network.model, network.weights, drawn));
  if (network.graph && !network.graph.exact) checkWired(ours.data, inOneRow(await yOfGraph(network.graph, drawn)).data, path);
  const { theirs, bytes, sha256 } = await writeChecked(output, written, drawn, force);
  onProgress?.(3, STEPS);
  const { abs: largest } = largestDifference(theirs.data, ours.data);
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
    check: {
      shape: ours.shapes[0],
      largest,
      identical: ours.data.every((v: number, k: number) => Object.is(v, theirs.data[k])),
      seed,
    },
    notes: [...network.notes, ...notes],
    assumptions: network.assumptions,
  };
}

/** Writes the file in pieces, reads it again and runs it before it gets its name. Into a pipe goes what was read again in memory. */
async function writeChecked(output: string, { pieces, y }: Written, input: EngineInput, force: boolean) {
  return writeAtomic(
    output,
    async sink => {
      let source: ByteSource;
      if (sink.path === undefined) {
        const whole = await joined(pieces);
        source = memorySource(whole);
        await sink.write(whole);
      } else {
        for await (const piece of pieces) await sink.write(piece);
        source = await openFile(sink.path);
      }
      return { theirs: inOneRow(await y(source, input)), bytes: source.size, sha256: sha256OfSource(source) };
    },
    { force },
  );
}

/** A graph that is no chain of layers is converted as layers and operators. @throws RnnError E_CONVERT_GRAPH */
async function convertible(network: Network, path: string): Promise<Network> {
  if (!network.graph || network.graph.exact) return network;
  try {
    return await wiredNetwork(network);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    throw new RnnError('unsupported', 'E_CONVERT_GRAPH', `the graph is no network of layers and operators (${error.message})`, {
      where: escapeText(path),
      expected: 'a network of layers and operators',
      fix: 'use the file as it is, with ONNX Runtime',
    });
  }
}

/** @throws RnnError E_CONVERT_GRAPH where the layers and operators do not give what the graph gives */
function checkWired(ours: Float64Array, graph: Float64Array, path: string): void {
  const scale = graph.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-30);
  const largest = ours.length === graph.length ? largestDifference(ours, graph).abs : Number.POSITIVE_INFINITY;
  if (largest <= WIRED_TOLERANCE * scale) return;
  throw new RnnError('unsupported', 'E_CONVERT_GRAPH', 'as layers and operators the graph gives other numbers than as it stands', {
    where: escapeText(path),
    expected: `at most ${WIRED_TOLERANCE} of the largest number apart`,
    found: String(largest / scale),
    fix: 'use the file as it is, with ONNX Runtime',
  });
}

const WIRED_TOLERANCE = 1e-4;

/** What the graph itself gives. */
async function yOfGraph(graph: NonNullable<Network['graph']>, { x, others }: EngineInput): Promise<readonly Tensor[]> {
  const { inputs } = graph.model.graph;
  const given = [x, ...(others?.values() ?? [])];
  const values = new Map(
    inputs.map(({ name, dtype }, i): [string, GraphValue] => [
      name,
      { kind: /^[iu]/.test(dtype ?? '') ? 'int' : dtype === 'bool' ? 'bool' : 'float', ...given[i] },
    ]),
  );
  const { y, others: rest } = await executeGraph(graph, values, { engine: 'batched' });
  return [y, ...(rest?.values() ?? [])];
}

/** Every output of a run, y first. */
async function yOf(model: ModelSpec, weights: Weights, input: EngineInput): Promise<readonly Tensor[]> {
  const { y, others } = await execute(model, weights, input, { engine: 'batched' });
  return [y, ...(others?.values() ?? [])];
}

/** The numbers of all outputs in one row. */
function inOneRow(outputs: readonly Tensor[]): { shapes: readonly (readonly number[])[]; data: Float64Array } {
  return { shapes: outputs.map(t => t.shape), data: Float64Array.from(outputs.flatMap(t => [...t.data])) };
}

async function encode(
  { framework, format, convention: name }: ReturnType<typeof targetOf>,
  network: Network & { readonly weights: Weights },
  unchanged: ReadonlyMap<string, FileTensor> | undefined,
): Promise<Written> {
  const { model, shapes, weights } = network;
  if (format === 'onnx') return encodeOnnx(network);
  if (format === 'json') return encodeJson(network);
  const convention = getConvention(name);
  const same = framework === network.framework && unchanged !== undefined && convention.detect([...unchanged.keys()]);
  const tensors = same ? new Map(unchanged) : convention.fromWeights(shapes, weights);
  const { pieces } = getFormat(format);
  return {
    pieces: pieces ? pieces(tensors) : [await writeTensors(format, tensors)],
    tensors: tensors.size,
    async y(source, input) {
      const read = await readTensors(source, { limits: ownLimits(), nameHint: `x.${format}` });
      return yOf(model, convention.toWeights(shapes, read.tensors), input);
    },
  };
}

async function encodeOnnx({ model, shapes, weights }: Network & { readonly weights: Weights }): Promise<Written> {
  const graph = toOnnxModel(model, shapes, weights, { version: VERSION });
  const bytes = await writeOnnx(graph);
  const read = (await getFormat('onnx').read(memorySource(bytes), ownLimits())).architecture as OnnxModel;
  const layers = layersOfGraph(read);
  const tensors = graph.graph.initializers.size;
  if ('model' in layers && layers.exact && !model.otherInputs && !model.otherOutputs)
    return { pieces: [bytes], tensors, y: (_, input) => yOf(layers.model, layers.weights, input) };
  // what is not read back as layers is run as the graph it is
  const inputs = ({ x, others }: EngineInput) =>
    inputsOf(model).map(({ name, features }, i): [string, GraphValue] => {
      const t = i === 0 ? x : others!.get(name)!;
      return [model.otherInputs ? name : INPUT, { kind: features === null ? 'int' : 'float', ...t }];
    });
  return {
    pieces: [bytes],
    tensors,
    y: async (_, input) => {
      const { y, others } = await executeGraph({ model: read, bytes }, new Map(inputs(input)), { engine: 'batched' });
      return [y, ...(others?.values() ?? [])];
    },
  };
}

/** The description and every weight under our own names, in one document that --model reads. */
async function encodeJson({ framework, model, shapes, weights }: Network & { readonly weights: Weights }): Promise<Written> {
  const named = getConvention('rnn-cli').fromWeights(shapes, weights);
  const numbers = Object.fromEntries(
    [...named].map(([name, t]) => [name, { shape: t.shape, dtype: t.dtype === 'f64' ? 'float64' : 'float32', data: flat(t) }]),
  );
  const written = JSON.stringify({ ...specOf(model), weights: numbers }, (_, v) =>
    typeof v === 'number' && !Number.isFinite(v) ? String(v) : v,
  );
  const bytes = new TextEncoder().encode(`${written}\n`);
  const read = await readJsonModel(memorySource(bytes));
  const back = checkSpec(read.spec, framework);
  const backWeights = getConvention('rnn-cli').toWeights(inferShapes(back), read.file.tensors);
  return { pieces: [bytes], tensors: named.size, y: (_, input) => yOf(back, backWeights, input) };
}

function flat(t: Tensor): unknown {
  return nested({ shape: [t.data.length], data: t.data });
}
