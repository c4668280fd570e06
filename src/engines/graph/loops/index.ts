import { activations } from '../../../activations/index.js';
import { RnnError } from '../../../errors.js';
import { type Attributes, floats, type GraphBuilder, int, ints, newBuilder, text, texts } from '../../../formats/onnx/builder.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode, readsOf } from '../../../formats/onnx/graph.js';
import type { FloatArray } from '../../../tensor/tensor.js';
import { manualKernels } from '../../manual.js';
import { notExpressible } from '../notExpressible.js';
import { Around } from './around.js';
import type { FoundCell } from './cells.js';
import { type Output, type Recurrence, recurrenceOf } from './recurrences.js';

/**
 * Replaces every Loop and Scan whose body is one step of an RNN, LSTM or GRU by that operator (tf2onnx writes such loops for Keras layers it
 * does not recognise). Loops with any other body stay as they are.
 */
export function withCells(model: OnnxModel): OnnxModel {
  const isLoop = ({ domain, opType }: OnnxNode) => domain === '' && (opType === 'Loop' || opType === 'Scan');
  const opset = model.opsets.get('') ?? 1;
  let { graph } = model;
  if (!graph.nodes.some(isLoop) || opset < 9) return model;
  const precision = [...graph.initializers.values()].some(t => t.dtype === 'f64') ? 'f64' : 'f32';
  const outputs = graph.outputs.map(o => o.name);
  for (const node of graph.nodes.filter(isLoop)) {
    const around = new Around(graph, opset, manualKernels(precision));
    const builder = newBuilder(graphsIn(graph).flatMap(namesIn));
    try {
      write(builder, node, recurrenceOf(node, around), around, isRead(graph.nodes, outputs));
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      continue;
    }
    const nodes = graph.nodes.flatMap(n => (n === node ? builder.nodes : [n]));
    graph = { ...graph, nodes, initializers: new Map([...graph.initializers, ...builder.initializers]) };
  }
  return graph === model.graph ? model : { ...model, graph: { ...graph, nodes: needed(graph.nodes, outputs) } };
}

function namesIn({ initializers, inputs, nodes }: OnnxGraph): string[] {
  return [...initializers.keys(), ...inputs.map(i => i.name), ...nodes.flatMap(n => n.outputs)];
}

function isRead(nodes: readonly OnnxNode[], outputs: readonly string[]): (name: string) => boolean {
  const read = new Set([...nodes.flatMap(readsOf), ...outputs]);
  return name => read.has(name);
}

/** Returns the nodes that the outputs depend on. */
function needed(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const wanted = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some(name => wanted.has(name))) continue;
    kept.unshift(node);
    for (const name of readsOf(node)) wanted.add(name);
  }
  return kept;
}

/** Writes the operator, and the nodes that convert its axes to those of the loop. */
function write(builder: GraphBuilder, node: OnnxNode, found: Recurrence, around: Around, isRead: (name: string) => boolean): void {
  const { cell, sequence, initial } = found;
  const name = node.name || cell.opType.toLowerCase();
  const dims = around.dims(sequence.name);
  if (dims?.length !== 3 || (typeof dims[2] === 'number' && dims[2] !== cell.features))
    throw notExpressible('the sequence is not [N, T, D] or [T, N, D]');
  if (sequence.axis !== 0 && sequence.axis !== 1) throw notExpressible('the loop runs along the features');
  const axes = (values: readonly number[]): [Attributes, string[]] =>
    around.opset < 13 ? [{ axes: ints(...values) }, []] : [{}, [builder.integers(values)]];
  const moved = (opType: string, from: string, axis: number): string => {
    const [attributes, more] = axes([axis]);
    return builder.add(opType, [from, ...more], attributes);
  };
  const x = sequence.axis === 0 ? sequence.name : builder.add('Transpose', [sequence.name], { perm: ints(1, 0, 2) });
  const known = initial.map(state => around.constant(state));
  const zero = known.every(state => state?.data.every(v => v === 0));
  if (!zero && known.some(state => state && state.shape[0] !== dims[1 - sequence.axis]))
    throw notExpressible('all samples share one initial state');
  const states = initial.map(state => (zero ? '' : moved('Unsqueeze', state, 0)));
  const P = peepholes(builder, cell, name);
  const inputs = [x, ...weights(builder, cell, name), '', ...states, ...(P ? [P] : [])];
  const back: Attributes = sequence.back ? { direction: text('reverse') } : {};
  const [Y, ...last] = builder.addMany(cell.opType, inputs, 1 + states.length, { ...attributesOf(cell), ...back }, name);
  const steps = (output: Output & { is: 'steps' }): string => {
    const plain = moved('Squeeze', Y, 1);
    const turned = output.back
      ? builder.add('Slice', [plain, ...[[-1], [Number.MIN_SAFE_INTEGER], [0], [-1]].map(v => builder.integers(v))])
      : plain;
    if (output.axis === 0) return turned;
    return builder.add('Transpose', [turned], { perm: output.axis === 1 ? ints(1, 0, 2) : ints(1, 2, 0) });
  };
  found.outputs.forEach((output, i) => {
    const own = node.outputs[i];
    if (own === '' || !isRead(own)) return;
    if (output.is === 'none') throw notExpressible('an output of the loop other than h is used');
    const from = output.is === 'given' ? output.name : output.is === 'state' ? moved('Squeeze', last[output.state], 0) : steps(output);
    builder.nodes.push({ name: '', opType: 'Identity', domain: '', inputs: [from], outputs: [own], attributes: new Map() });
  });
}

/** Writes W [1, G·M, D], R [1, G·M, M] and, if there is a bias, B [1, 2·G·M]. */
function weights(builder: GraphBuilder, { opType, gates, units: M, features: D }: FoundCell, name: string): string[] {
  const G = gates.length;
  const stacked = (pick: (gate: FoundCell['gates'][number]) => FloatArray, rows: number) => {
    const data = newLike(pick(gates[0]), G * M * rows);
    gates.forEach((gate, g) => {
      const from = pick(gate);
      for (let r = 0; r < rows; r++) for (let m = 0; m < M; m++) data[(g * M + m) * rows + r] = from[r * M + m];
    });
    return { shape: [1, G * M, rows], dtype: dtypeOf(data), data };
  };
  const vector = (values: readonly (FloatArray | null)[]) => values.flatMap(v => Array.from(v ?? new Float64Array(M)));
  const W = stacked(gate => gate.W, D);
  const B = [...vector(gates.map(gate => gate.bw)), ...vector(gates.map(gate => gate.br))];
  const hasBias = gates.some(gate => gate.bw || gate.br);
  const data = newLike(W.data, B.length);
  data.set(B);
  return [
    builder.tensor(`${name}.${opType}.W`, W),
    builder.tensor(
      `${name}.${opType}.R`,
      stacked(gate => gate.R, M),
    ),
    hasBias ? builder.tensor(`${name}.${opType}.B`, { shape: [1, B.length], dtype: W.dtype, data }) : '',
  ];
}

/** Writes P [1, 3·M], in the order i, o, f; undefined without peepholes. */
function peepholes(builder: GraphBuilder, { gates, units: M }: FoundCell, name: string): string | undefined {
  if (!gates.some(gate => gate.p)) return undefined;
  const data = newLike(gates[0].W, 3 * M);
  gates.slice(0, 3).forEach((gate, g) => {
    if (gate.p) data.set(gate.p, g * M);
  });
  return builder.tensor(`${name}.P`, { shape: [1, 3 * M], dtype: dtypeOf(data), data });
}

function newLike(data: FloatArray, length: number): FloatArray {
  return data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

function dtypeOf(data: FloatArray): 'f32' | 'f64' {
  return data instanceof Float32Array ? 'f32' : 'f64';
}

/** Returns the attributes of the operator. Alpha and beta are lists, from which the functions with such a parameter take numbers in order. */
function attributesOf({ opType, units, functions, linearBeforeReset }: FoundCell): Attributes {
  const taken = functions.map(({ name, parameters }) => {
    const count = activations.find(a => a.onnx === name)?.onnxParameters?.length ?? 0;
    return parameters.slice(0, count);
  });
  const list = (i: number) => taken.flatMap(parameters => parameters.slice(i, i + 1));
  return {
    hidden_size: int(units),
    activations: texts(functions.map(f => f.name)),
    ...(list(0).length > 0 ? { activation_alpha: floats(list(0)) } : {}),
    ...(list(1).length > 0 ? { activation_beta: floats(list(1)) } : {}),
    ...(opType === 'GRU' && linearBeforeReset ? { linear_before_reset: int(1) } : {}),
  };
}
