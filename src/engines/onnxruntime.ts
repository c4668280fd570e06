import { getCell } from '../cells/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { OnnxModel, OnnxValue } from '../formats/onnx/graph.js';
import { inferShapes } from '../model/shapes.js';
import { inputsOf, isRecurrent, type ModelSpec, outputsOf, type RecurrentSpec } from '../model/spec.js';
import type { GraphValue } from '../ops/value.js';
import { type Tensor, toPrecision } from '../tensor/tensor.js';
import type { Engine, EngineInput, EngineOptions } from './engine.js';

/**
 * Microsoft's ONNX Runtime, which shares no arithmetic with us: the network is written as a standard ONNX graph in memory and run there,
 * in float32. The package onnxruntime-node is an optional peer; without it there is one clear message.
 */
export const onnxruntime: Engine = {
  name: 'onnxruntime',
  defaultDtype: 'f32',

  async run(model, weights, input, options) {
    check(input, options);
    const { writeOnnx } = await import('../formats/onnx.js');
    const { INPUT, toOnnxModel } = await import('../conventions/onnx/write.js');
    const { model: graph, states } = withStates(
      toOnnxModel(model, inferShapes(model), weights, { initialStates: input.initialStates }),
      model,
    );
    const bytes = await writeOnnx(graph);
    const given = inputsOf(model).map(({ name, features }, i): [string, GraphValue] => {
      const t = i === 0 ? input.x : input.others!.get(name)!;
      const value: GraphValue =
        features === null ? { kind: 'int', shape: t.shape, data: Float64Array.from(t.data) } : { kind: 'float', ...toPrecision(t, 'f32') };
      return [model.otherInputs ? name : INPUT, value];
    });
    const outputs = await runBytes(bytes, new Map(given), [], options);
    const warnings = options.trace ? ['onnxruntime shows no states and gates: --trace and --states need another engine'] : [];
    const finalStates = new Map(
      states.map(({ layer, names }) => [
        layer.name,
        ordered(
          layer,
          names.map(name => outputs.get(name)!),
        ),
      ]),
    );
    const named = outputsOf(model).map((o, i): [string, Tensor] => [o.name, outputs.get(graph.graph.outputs[i].name)!]);
    const others = named.length > 1 ? { others: new Map(named.slice(1)) } : {};
    return { y: named[0][1], layers: new Map(), finalStates, warnings, ...others };
  },

  async runGraph({ model, bytes }, inputs, options) {
    check({}, options);
    const { writeOnnx } = await import('../formats/onnx.js');
    return runBytes(bytes ?? (await writeOnnx(model)), inputs, model.graph.inputs, options);
  },
};

interface StateNames {
  readonly layer: RecurrentSpec;
  /** names of the outputs h, then c, each [directions, N, M] */
  readonly names: readonly string[];
}

/** Adds the final states to the outputs of a graph, in which a layer's operator has the layer's name. */
function withStates(written: OnnxModel, model: ModelSpec): { model: OnnxModel; states: readonly StateNames[] } {
  const layers = model.layers.filter(isRecurrent);
  const states: StateNames[] = [];
  const nodes = written.graph.nodes.map(node => {
    const layer = layers.find(l => l.name === node.name && l.kind.toUpperCase() === node.opType);
    if (layer === undefined) return node;
    const names = getCell(layer.kind).states.map((state, s) => node.outputs[s + 1] ?? `${node.outputs[0]}/${state}`);
    states.push({ layer, names });
    return { ...node, outputs: [node.outputs[0], ...names] };
  });
  const outputs = states.flatMap(({ names }) => names.map(name => ({ name, dtype: 'f32' as const, shape: null })));
  return { model: { ...written, graph: { ...written.graph, nodes, outputs: [...written.graph.outputs, ...outputs] } }, states };
}

/** Reorders states: [directions, N, M] for each state -> [N, M] by direction, in our order, then state. In ONNX, forward in time comes first. */
function ordered(layer: RecurrentSpec, states: readonly Tensor[]): Tensor[] {
  const [ways, N, M] = states[0].shape;
  const order = ways === 2 && layer.goBackwards ? [1, 0] : Array.from({ length: ways }, (_, way) => way);
  return order.flatMap(way => states.map(({ data }) => ({ shape: [N, M], data: data.subarray(way * N * M, (way + 1) * N * M) })));
}

/** @throws RnnError E_ENGINE_DTYPE, E_ENGINE_MASK */
function check({ mask }: Pick<EngineInput, 'mask'> | { mask?: undefined }, { dtype }: EngineOptions): void {
  if (dtype !== 'f32') {
    throw new RnnError('unsupported', 'E_ENGINE_DTYPE', 'ONNX Runtime runs these graphs in float32', {
      expected: 'f32',
      found: dtype,
      fix: 'drop --dtype, or use --engine manual',
    });
  }
  if (mask) {
    throw new RnnError('unsupported', 'E_ENGINE_MASK', 'a mask cannot be given to an exported graph', {
      where: '--mask, --lengths',
      expected: 'samples of full length',
      fix: 'use --engine batched or manual, or truncate the samples to their lengths',
    });
  }
}

/** The part of the package's interface that is used here. */
interface Runtime {
  readonly InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => RuntimeTensor;
}

interface Session {
  readonly outputNames: readonly string[];
  run(feeds: Record<string, RuntimeTensor>): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}

interface RuntimeTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
  readonly type: string;
}

const SEVERITY_ERROR = 3;

async function runBytes(
  bytes: Uint8Array,
  inputs: ReadonlyMap<string, GraphValue>,
  declared: readonly OnnxValue[],
  { threads }: EngineOptions,
): Promise<Map<string, GraphValue>> {
  const runtime = await loadRuntime();
  try {
    const session = await runtime.InferenceSession.create(bytes, {
      intraOpNumThreads: threads ?? 0, // 0: its own choice, one per core
      interOpNumThreads: 1,
      logSeverityLevel: SEVERITY_ERROR,
    });
    const feeds = Object.fromEntries(
      [...inputs].map(([name, value]) => [name, toRuntime(runtime, value, declared.find(d => d.name === name)?.dtype)]),
    );
    const results = await session.run(feeds);
    const outputs = new Map(session.outputNames.map((name): [string, GraphValue] => [name, fromRuntime(results[name])]));
    await session.release();
    return outputs;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new RnnError('unsupported', 'E_ONNXRUNTIME', `ONNX Runtime rejects the graph: ${escapeText(said.split('\n')[0], 200)}`, {
      where: 'onnxruntime',
      fix: 'use --engine batched or manual',
    });
  }
}

function toRuntime({ Tensor }: Runtime, { kind, shape, data }: GraphValue, dtype: OnnxValue['dtype'] | undefined): RuntimeTensor {
  if (kind === 'float') return new Tensor('float32', Float32Array.from(data), shape);
  if (kind === 'bool') return new Tensor('bool', Uint8Array.from(data), shape);
  if (dtype === 'i32') return new Tensor('int32', Int32Array.from(data), shape);
  return new Tensor(
    'int64',
    BigInt64Array.from(data, v => BigInt(v)),
    shape,
  );
}

function fromRuntime({ dims, data, type }: RuntimeTensor): GraphValue {
  const float = type.startsWith('float');
  const numbers = float ? Float32Array.from(data as ArrayLike<number>) : Float64Array.from(Array.from(data, Number));
  return { kind: float ? 'float' : 'int', shape: [...dims], data: numbers };
}

export const PACKAGE = 'onnxruntime-node';
/** Where to find the package: installed next to this one, or in this repository's bench/, seen from bin/ and from src/engines/. */
const PLACES: readonly string[] = [PACKAGE, `../bench/node_modules/${PACKAGE}`, `../../bench/node_modules/${PACKAGE}`];
let loaded: Promise<Runtime> | undefined;

/** Whether the package is installed and can be loaded. @param places where to look for it */
export async function isInstalled(places = PLACES): Promise<boolean> {
  return findRuntime(places).then(
    () => true,
    () => false,
  );
}

/** Loads onnxruntime-node. @throws RnnError E_NO_ONNXRUNTIME if it is not installed or cannot be loaded */
export function loadRuntime(): Promise<Runtime> {
  loaded ??= findRuntime(PLACES);
  return loaded;
}

async function findRuntime(places: readonly string[]): Promise<Runtime> {
  let first: unknown;
  for (const place of places) {
    try {
      const found = await import(place);
      return found.default ?? found;
    } catch (error) {
      first ??= error;
    }
  }
  throw noRuntime(first);
}

function noRuntime(error: unknown): RnnError {
  const absent = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(String((error as NodeJS.ErrnoException).code));
  const message = absent ? `the package ${PACKAGE} is not installed` : `the package ${PACKAGE} cannot be loaded`;
  return new RnnError('usage', 'E_NO_ONNXRUNTIME', message, {
    where: '--engine onnxruntime',
    expected: `the optional package ${PACKAGE}`,
    found: absent ? 'nothing' : escapeText(error instanceof Error ? error.message.split('\n')[0] : String(error), 160),
    fix: `npm install ${PACKAGE} --onnxruntime-node-install=skip (288 MB), or use --engine batched`,
  });
}
