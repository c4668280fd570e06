import { getCell } from '../cells/index.js';
import { type EngineOutput, finalStatesOf } from '../engines/engine.js';
import { getEngine } from '../engines/index.js';
import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { isRecurrent, type ModelSpec, outputsOf } from '../model/spec.js';
import { once } from '../once.js';
import { sliceLast } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import type { EmitTarget } from './emit/target.js';
import { executionOf, executionWithout } from './engineChoice.js';
import { type Execution, execute, executeGraph } from './execute.js';
import type { ModelFile } from './files/describedFile.js';
import { sha256OfTensors } from './files/sha256.js';
import { equationsOf, handCalculationOf } from './handCalculation.js';
import { checkFinite } from './input/finite.js';
import { noOutput } from './network/endingAt.js';
import { dimsJson } from './network/shapesResult.js';
import { type Prepared, prepare } from './prepare.js';
import type { ForwardRequest } from './request.js';
import type { ForwardResult, HandStep, NamedOutput, Nested, TensorData, TraceLayer } from './result.js';
import { VERSION } from './version.js';

/** What a forward pass used, for a page that repeats it. */
export interface RanForward {
  readonly prepared: Prepared;
  readonly output: EngineOutput;
}

/** Options of `runForward` beside the request. */
export interface KnownRun {
  /** called after every layer, or every call of a stateful network */
  readonly onProgress?: Execution['onProgress'];
  /** called with what was run, before the result is returned */
  readonly onRun?: (ran: RanForward) => void;
  /** the network's file, if it has already been read */
  readonly opened?: ModelFile;
}

/** Runs the network and returns y with everything needed to repeat it. */
export async function runForward(request: ForwardRequest, { onProgress, onRun, opened }: KnownRun = {}): Promise<ForwardResult> {
  const prepared = await prepare(request, { opened });
  const execution = { ...(await executionOf(request, prepared)), onProgress };
  const resultBy = async (execution: Execution) => {
    const output = await outputOf(prepared, execution, request.simulate);
    onRun?.({ prepared, output });
    return forwardResult(prepared, output, request, execution);
  };
  try {
    return await resultBy(execution);
  } catch (error) {
    // onnxruntime was only chosen for its speed: if it cannot run this network, batched does
    const chosen = execution.engine === 'onnxruntime' && request.engine !== 'onnxruntime';
    if (!chosen || !(error instanceof RnnError) || error.kind !== 'unsupported') throw error;
    return resultBy(executionWithout(`onnxruntime cannot run this network: ${error.message}`, request));
  }
}

/** Returns a Python script that computes the same y, and the assumptions it makes. @throws RnnError E_EMIT */
export async function runEmit(request: ForwardRequest, target: EmitTarget): Promise<{ script: string } & Pick<Prepared, 'assumptions'>> {
  const { emitScript } = await import('./emit/script.js');
  const { withConstants } = await import('./emit/graphInputs.js');
  const prepared = await withConstants(await prepare(request));
  return { script: emitScript(prepared, target, request), assumptions: prepared.assumptions };
}

/** Computes y as the network is specified, or with the mistake that --simulate names. */
export async function outputOf(
  { network, weights, input, graphInputs, asGraph }: Prepared,
  execution: Execution,
  mistake: string | undefined,
): Promise<EngineOutput> {
  if (graphInputs) return within(escapeText(network.weightsSource!), () => executeGraph(network.graph!, graphInputs, execution, mistake));
  if (asGraph && execution.engine === 'onnxruntime') {
    const output = await executeGraph(asGraph.program, asGraph.inputs, execution, mistake);
    return inOrder(network.model, output, asGraph.program.model.graph.outputs[0].name);
  }
  if (mistake === undefined) return execute(network.model, weights, input, execution);
  const precision = execution.dtype ?? getEngine(execution.engine).defaultDtype;
  const { simulate } = await import('../diagnosis/index.js');
  const output = simulate(mistake, { model: network.model, weights, input }, precision, execution.trace);
  return execution.fast ? { ...output, warnings: [...output.warnings, '--fast has no effect: a mistake is made on purpose'] } : output;
}

/** Sorts all outputs of a graph into the order of the model's outputs, the model's y first. */
function inOrder(model: ModelSpec, output: EngineOutput, y: string): EngineOutput {
  const all = new Map([[y, output.y], ...(output.others ?? [])]);
  const [own, ...others] = outputsOf(model).map(({ name }): [string, Tensor] => [name, all.get(name)!]);
  return { ...output, y: own[1], others: new Map(others) };
}

/** @param computed output for the whole input, or for its first samples */
export function forwardResult(
  prepared: Prepared,
  computed: EngineOutput,
  request: ForwardRequest,
  { engine, why }: Execution,
): ForwardResult {
  const { network } = prepared;
  const all = namedOutputs(prepared, computed);
  const output = request.output === undefined ? computed : onlyOutput(request.output, all, computed);
  const { y } = output;
  const recurrent = network.model.layers.filter(isRecurrent);
  const last = recurrent[recurrent.length - 1];
  const hidden = request.states && last ? output.layers.get(last.name)?.sequence : undefined;
  // nested arrays and hashes cost more than running a small network, so they are made on demand
  const [numbers, states, hash, weightsHash] = [
    once(() => nested(y)),
    once(() => ({ h: hidden ? nested(hidden) : [], final: { ...finalStates(network.model, output), ...otherOutputs(output) } })),
    once(() => sha256OfTensors([y])),
    once(() => sha256OfTensors([...prepared.weights.values()])),
  ];
  return {
    schema: 'rnn-cli/forward@1',
    version: VERSION,
    engine,
    ...(why === undefined ? {} : { engineChoice: why }),
    ...(output.fast ? { fast: true } : {}),
    ...(request.threads === undefined ? {} : { threads: request.threads }),
    dtype: y.data instanceof Float32Array ? 'float32' : 'float64',
    shape: y.shape,
    dims: (request.output === undefined ? all[0] : all.find(o => o.name === request.output)!).dims,
    get y() {
      return numbers();
    },
    outputs: request.output === undefined ? all : all.filter(o => o.name === request.output),
    get states() {
      return states();
    },
    ...originsOf(prepared),
    get weightsSha256() {
      return weightsHash();
    },
    get ySha256() {
      return hash();
    },
    notes: [...prepared.notes, ...output.warnings, ...checkFinite('the output', y, request.strictFinite ?? false)],
    assumptions: prepared.assumptions,
    tensors: tensorsOf(prepared, output, request),
  };
}

/** Where weights and input come from. */
function originsOf({ seed, rng, init, promises, inputSource, weightsSource }: Prepared) {
  return { seed, rng, init, promises, inputSource, weightsSource };
}

function tensorsOf(prepared: Prepared, output: EngineOutput, request: ForwardRequest): ForwardResult['tensors'] {
  const { y, others } = output;
  const traced = request.trace ? { ...traceOf(prepared.network.model, output), ...handCalculationPart(prepared, output, request) } : {};
  return { y, ...(others ? { others } : {}), ...traced };
}

/** The hand calculation, if the trace is of the unchanged network, run in one call. */
function handCalculationPart(
  { network, weights, input }: Prepared,
  output: EngineOutput,
  request: ForwardRequest,
): { handCalculation?: Iterable<HandStep> } {
  const traces = [...output.layers.values()].flatMap(layer => layer.traces ?? []);
  const whole = traces.every(trace => trace.gates.shape[0] === input.x.shape[0]);
  if (request.simulate !== undefined || !whole) return {};
  return { handCalculation: handCalculationOf({ model: network.model, weights, input, output }, request) };
}

function finalStates(model: ModelSpec, output: EngineOutput): Record<string, Nested> {
  const named: Record<string, Nested> = {};
  for (const layer of model.layers.filter(isRecurrent)) {
    const names = stateNames(layer);
    finalStatesOf(output, layer.name)?.forEach((state, i) => {
      named[`${layer.name}/${names[i]}`] = nested(state);
    });
  }
  return named;
}

/** Selects the output of this name as y. @throws RnnError E_OUTPUT_NAME */
function onlyOutput(name: string, all: readonly NamedOutput[], output: EngineOutput): EngineOutput {
  const at = all.findIndex(o => o.name === name);
  if (at < 0) throw noOutput(name, all);
  const { others: _, ...rest } = output;
  return { ...rest, y: at === 0 ? output.y : output.others!.get(name)! };
}

/** All outputs under their own names: those of the graph, or of the layer or state they come from. */
function namedOutputs({ network }: Prepared, { y, others }: EngineOutput): NamedOutput[] {
  const graph = network.graph && !network.graph.exact ? network.graph.model.graph : undefined;
  const [first] = outputsOf(network.model);
  const all: [string, Tensor][] = [[graph?.outputs[0].name ?? first.name, y], ...(others ?? [])];
  const values = new Map(outputsOf(network.model).map(o => [o.name, network.shapes.values.get(o.value)]));
  return all.map(([name, t]) => {
    const dims = graph ? undefined : values.get(name);
    const [numbers, hash] = [once(() => nested(t)), once(() => sha256OfTensors([t]))];
    return {
      name,
      dims: dims ? dimsJson(dims).dims : axisNames(t),
      shape: t.shape,
      dtype: t.data instanceof Float32Array ? 'float32' : 'float64',
      get y() {
        return numbers();
      },
      get sha256() {
        return hash();
      },
    };
  });
}

/** The axes of a graph's output have no names. */
function axisNames({ shape }: Tensor): string[] {
  return shape.map((_, axis) => `axis ${axis}`);
}

/** Outputs after the first, by name. */
function otherOutputs({ others }: EngineOutput): Record<string, Nested> {
  return Object.fromEntries([...(others ?? [])].map(([name, t]) => [name, nested(t)]));
}

/** Names of a layer's states: h, c; for two directions forward/h, forward/c, backward/h, backward/c */
function stateNames(layer: { kind: string; bidirectional: unknown }): string[] {
  const { states } = getCell(layer.kind);
  return layer.bidirectional === null ? [...states] : ['forward', 'backward'].flatMap(way => states.map(s => `${way}/${s}`));
}

/** Every gate and state of every step by name: `lstm_1/gates/i` [N, T, M], `lstm_1/h` [N, T, M]; `lstm_1/backward/h` for two directions. */
function traceOf(model: ModelSpec, output: EngineOutput): { trace: ReadonlyMap<string, TensorData>; traceLayers: readonly TraceLayer[] } {
  const trace = new Map<string, TensorData>();
  const traceLayers: TraceLayer[] = [];
  for (const layer of model.layers.filter(isRecurrent)) {
    const cell = getCell(layer.kind);
    output.layers.get(layer.name)?.traces?.forEach(({ gates, states }, way) => {
      const direction = way === 0 ? 'forward' : 'backward';
      const prefix = layer.bidirectional ? `${layer.name}/${direction}` : layer.name;
      traceLayers.push({
        layer: layer.name,
        cell: cell.name,
        direction,
        gateNames: cell.gates,
        stateNames: cell.states,
        equations: equationsOf(layer, layer.goBackwards !== (way === 1)),
      });
      cell.gates.forEach((gate, g) => {
        trace.set(`${prefix}/gates/${gate}`, sliceLast(gates, g * layer.units, (g + 1) * layer.units));
      });
      cell.states.forEach((state, s) => {
        trace.set(`${prefix}/${state}`, states[s]);
      });
    });
  }
  return { trace, traceLayers };
}

/** A tensor as nested arrays, for JSON. */
export function nested({ shape, data }: TensorData): Nested {
  const build = (axis: number, offset: number, size: number): Nested => {
    if (axis === shape.length) return data[offset];
    const step = size / (shape[axis] || 1);
    return Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, offset + i * step, step));
  };
  return build(0, 0, data.length);
}
