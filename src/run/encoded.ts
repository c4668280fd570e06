import { getConvention } from '../conventions/index.js';
import { INPUT, toOnnxModel } from '../conventions/onnx/write.js';
import type { EngineInput, GraphProgram } from '../engines/engine.js';
import { layersOfGraph } from '../engines/graph/layersOf.js';
import { isInstalled, PACKAGE } from '../engines/onnxruntime.js';
import type { FileTensor } from '../formats/format.js';
import { getFormat, readPlainTensors } from '../formats/index.js';
import type { OnnxModel } from '../formats/onnx/graph.js';
import { onnxPieces } from '../formats/onnx.js';
import { type ByteSource, memorySource, readAll } from '../formats/source.js';
import { isLikeWeights } from '../layers/operatorFields.js';
import { checkSpec } from '../model/check.js';
import { inferShapes, type ModelShapes } from '../model/shapes.js';
import { inputsOf, type LayerSpec, type ModelSpec, specOf } from '../model/spec.js';
import type { GraphValue } from '../ops/value.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import type { Target } from './convertTarget.js';
import { type Execution, execute, executeGraph } from './execute.js';
import type { ModelFile } from './files/describedFile.js';
import { readJsonModel } from './files/jsonModel.js';
import { nested } from './forward.js';
import { ownLimits } from './limits.js';
import type { Network } from './network/network.js';
import { VERSION } from './version.js';

/** What is written, and how to run it again. */
export interface Written {
  /** each piece is valid until the next one is requested */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly tensors: number;
  /** operators whose numbers are not written: a weights file holds only those of layers */
  readonly leaves?: readonly string[];
  /** Outputs of the written file. */
  y(source: ByteSource, input: EngineInput): Promise<readonly Tensor[]>;
  /** Outputs of ONNX Runtime for the written file, if it is a graph; undefined if that package is not installed. */
  onnxruntime?(source: ByteSource, input: EngineInput): Promise<readonly Tensor[] | undefined>;
}

/** Runs a network and returns all its outputs, y first. */
export async function runOutputs(
  model: ModelSpec,
  weights: Weights,
  input: EngineInput,
  execution: Partial<Execution> = {},
): Promise<readonly Tensor[]> {
  const { y, others } = await execute(model, weights, input, { engine: 'batched', ...execution });
  return [y, ...(others?.values() ?? [])];
}

/** Concatenates the numbers of all outputs. */
export function inOneRow(outputs: readonly Tensor[]): { shapes: readonly (readonly number[])[]; data: Float64Array } {
  return { shapes: outputs.map(t => t.shape), data: Float64Array.from(outputs.flatMap(t => [...t.data])) };
}

export async function encode(
  { framework, format, convention: name }: Target,
  network: Network & { readonly weights: Weights },
  unchanged: ReadonlyMap<string, FileTensor> | undefined,
  withTensors?: ModelFile['withTensors'],
): Promise<Written> {
  const { model, shapes, weights } = network;
  if (format === 'onnx') return encodeOnnx(network);
  if (format === 'json') return encodeJson(network);
  const convention = getConvention(name);
  const same = framework === network.framework && unchanged !== undefined && convention.detect([...unchanged.keys()]);
  const tensors = same ? new Map(unchanged) : convention.fromWeights(shapes, weights);
  return {
    pieces: getFormat(format).write!(tensors),
    tensors: tensors.size,
    leaves: same ? [] : model.layers.filter(holdsNumbers).map(layer => layer.name),
    async y(source, input) {
      const read = await readPlainTensors(source, { limits: ownLimits(), nameHint: `x.${format}` });
      const program = same ? withTensors?.(read.tensors) : undefined;
      if (program) return runOutputs(checkSpec(program.spec, framework), program.weights, input);
      const written = same ? shapes : withoutPlaces(shapes);
      return runOutputs(model, convention.toWeights(written, read.tensors), input);
    },
  };
}

/** Drops the places of the weights in the file that was read: they do not hold for a file in another layout. */
function withoutPlaces(shapes: ModelShapes): ModelShapes {
  const layers = shapes.layers.map(own => ({ ...own, layer: { ...own.layer, tensors: undefined } }));
  return { ...shapes, layers };
}

/** Whether an operator has numbers of its own, more than a factor or a bound: a parameter of the module, or a table. */
function holdsNumbers(layer: LayerSpec): boolean {
  return layer.kind === 'op' && (layer.operands ?? []).some(isLikeWeights);
}

function encodeOnnx({ model, shapes, weights }: Network & { readonly weights: Weights }): Written {
  const graph = toOnnxModel(model, shapes, weights, { version: VERSION });
  const inputs = ({ x, others }: EngineInput) =>
    inputsOf(model).map(({ name, features }, i): [string, GraphValue] => {
      const t = i === 0 ? x : others!.get(name)!;
      return [model.otherInputs ? name : INPUT, { kind: features === null ? 'int' : 'float', ...t }];
    });
  const graphIn = async (source: ByteSource) => (await getFormat('onnx').read(source, ownLimits())).architecture as OnnxModel;
  const ranBy = async (program: GraphProgram, input: EngineInput, engine: 'batched' | 'onnxruntime') => {
    const { y, others } = await executeGraph(program, new Map(inputs(input)), { engine });
    return [y, ...(others?.values() ?? [])];
  };
  return {
    pieces: onnxPieces(graph),
    tensors: graph.graph.initializers.size,
    async y(source, input) {
      const read = await graphIn(source);
      const layers = layersOfGraph(read);
      // a file that cannot be read back as layers is run as a graph
      const asLayers = 'model' in layers && layers.exact && !model.otherInputs && !model.otherOutputs;
      return asLayers ? runOutputs(layers.model, layers.weights, input) : ranBy({ model: read, bytes: null }, input, 'batched');
    },
    async onnxruntime(source, input) {
      if (!(await isInstalled([PACKAGE]))) return undefined;
      return ranBy({ model: await graphIn(source), bytes: readAll(source) }, input, 'onnxruntime');
    },
  };
}

/** One document, readable by --model, with the description and every weight under our own names. */
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
  return { pieces: [bytes], tensors: named.size, y: (_, input) => runOutputs(back, backWeights, input) };
}

function flat(t: Tensor): unknown {
  return nested({ shape: [t.data.length], data: t.data });
}
