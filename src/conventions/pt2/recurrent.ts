import { getCell, rowOf } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { concatFirst, transpose } from '../../tensor/layout.js';
import { formatShape, reshape, sameShape, type Tensor } from '../../tensor/tensor.js';
import { toCanonicalGates } from '../gateOrder.js';
import type { Call } from './call.js';
import type { Argument, Size } from './program.js';
import { canBeEqual, checkFeatures, sizeText } from './rule.js';
import { isTensor, type Operand, type Value, type Wiring } from './wiring.js';

/** aten.lstm.input, gru.input, rnn_tanh.input, rnn_relu.input: a module with several layers and directions becomes several layers. */

interface Kind {
  readonly cell: 'rnn' | 'lstm' | 'gru';
  readonly activation?: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  lstm: { cell: 'lstm' },
  gru: { cell: 'gru' },
  rnn_tanh: { cell: 'rnn' },
  rnn_relu: { cell: 'rnn', activation: 'relu' },
};

/** Returns the kind of a recurrent ATen operator; undefined for any other operator. */
export function recurrentKind(target: string): Kind | undefined {
  const [, name] = /^aten\.(lstm|gru|rnn_tanh|rnn_relu)(?:_cell)?\./.exec(target) ?? [];
  return name === undefined ? undefined : KINDS[name];
}

/** Weights of one layer and direction, in the order of the call. */
interface Set {
  readonly prefix: string;
  /** names of its parameters in the file */
  readonly names: readonly string[];
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly projection: boolean;
  readonly biased: boolean;
}

/** Adds the layers for an operator over a whole sequence. @throws RnnError E_PT2_GRAPH */
export function sequence(call: Call, { cell, activation }: Kind): void {
  const { wiring, node } = call;
  const flag = (name: string) => call.arg(name) === true;
  if (flag('train') && Number(call.arg('dropout') ?? 0) > 0) throw trainingMode();
  const [layers, directions] = [Number(call.arg('num_layers') ?? 1), flag('bidirectional') ? 2 : 1];
  const params = (call.arg('params') as readonly Argument[]) ?? [];
  const perSet = params.length / (layers * directions);
  const biased = flag('has_biases');
  const plain = biased ? 4 : 2;
  if (perSet !== plain && !(cell === 'lstm' && perSet === plain + 1)) throw otherParams(params.length, layers * directions, plain);
  const sets = Array.from({ length: layers * directions }, (_, i) =>
    readSet(wiring, params.slice(i * perSet, (i + 1) * perSet), biased, cell),
  );
  checkFeatures(call, sets[0].weights.get('Wx')!.shape[0]);
  const timeMajor = !flag('batch_first');
  let x = wiring.input(call.arg('input'));
  if (timeMajor) x = wiring.samplesFirst(x);
  const samples = call.sizes('input')[timeMajor ? 1 : 0];
  const initial = initialStates(call, cell, { slots: layers * directions, samples, weights: sets[0].weights });
  const states: string[][] = getCell(cell).states.map(() => []);
  for (let l = 0; l < layers; l++) {
    const own = sets.slice(l * directions, (l + 1) * directions);
    const given = own.flatMap((_, d) => initial?.(l * directions + d) ?? []);
    const spec = {
      ...cellSpec(cell, own[0], activation),
      ...(directions === 2 ? { bidirectional: 'concat' } : {}),
      inputs: [x],
      returnSequences: true,
      ...(given.length > 0 ? { states: given } : {}),
    };
    const prefix = layers > 1 ? `${own[0].prefix}.l${l}` : own[0].prefix;
    const { name, first } = wiring.layer(
      prefix,
      spec,
      own.flatMap(set => set.names),
    );
    if (first)
      own.forEach((set, d) => {
        for (const [key, t] of set.weights)
          wiring.weights.set(`${name}/${directions === 2 ? (d === 0 ? 'forward/' : 'backward/') : ''}${key}`, t);
      });
    getCell(cell).states.forEach((state, s) => {
      if (directions === 1) states[s].push(`${name}/${state}`);
      else states[s].push(`${name}/forward/${state}`, `${name}/backward/${state}`);
    });
    x = name;
  }
  if (timeMajor) x = wiring.op('time_first', 'Transpose', [x], { perm: [1, 0, 2] });
  wiring.set(node.outputs[0], { value: x });
  states.forEach((stacked, s) => {
    wiring.set(node.outputs[s + 1], { stacked });
  });
}

/** One step (lstm_cell, gru_cell, rnn_tanh_cell): the layer applied to a sequence of length 1. */
export function singleStep(call: Call, { cell, activation }: Kind): void {
  const { wiring, node } = call;
  const params = ['w_ih', 'w_hh', 'b_ih', 'b_hh'].map(name => call.arg(name)).filter((a): a is Argument => a !== undefined && a !== null);
  const set = readSet(wiring, params, params.length === 4, cell);
  checkFeatures(call, set.weights.get('Wx')!.shape[0]);
  const x = wiring.op(`${set.prefix}_x`, 'Unsqueeze', [wiring.input(call.arg('input')), { type: 'int', value: [1] }]);
  const hx = call.arg('hx');
  const given = (Array.isArray(hx) ? hx : [hx]) as Argument[];
  const M = set.weights.get('Wh')!.shape[0];
  checkStates(
    wiring,
    given,
    getCell(cell).states.map(() => [call.sizes('input')[0], M]),
  );
  const isZero = given.every(h => isTensor(h) && 'zeros' in wiring.get(h.tensor));
  const states = isZero ? [] : given.map(h => wiring.input(h));
  const spec = { ...cellSpec(cell, set, activation), inputs: [x], ...(states.length > 0 ? { states } : {}) };
  const { name, first } = wiring.layer(set.prefix, spec, set.names);
  if (first) for (const [key, t] of set.weights) wiring.weights.set(`${name}/${key}`, t);
  getCell(cell).states.forEach((state, s) => {
    wiring.set(node.outputs[s], { value: `${name}/${state}` });
  });
}

function trainingMode(): RnnError {
  return new RnnError('unsupported', 'E_PT2_GRAPH', 'the program was exported in training mode: its dropout is random', {
    where: 'train',
    expected: 'a program in evaluation mode',
    fix: 'in Python: model.eval() before torch.export.export',
  });
}

function cellSpec(cell: string, { weights, biased, projection }: Set, activation: string | undefined) {
  return {
    kind: cell,
    units: weights.get('Wh')!.shape[1] / getCell(cell).gates.length,
    useBias: biased,
    twoBiases: biased,
    ...(projection ? { projection: weights.get('Wp')!.shape[1] } : {}),
    ...(cell === 'gru' ? { resetAfter: true } : {}),
    ...(activation ? { activation } : {}),
  };
}

/**
 * Converts kernel [G·M, D], recurrent kernel [G·M, P], biases [G·M] and projection [P, M] to canonical weights. @throws RnnError
 * E_PT2_GRAPH
 */
function readSet(wiring: Wiring, params: readonly Argument[], biased: boolean, cellName: string): Set {
  const cell = getCell(cellName);
  const read = params.map(p => wiring.tensor(p, 'a weight of the recurrent module'));
  const [Wx, Wh] = read.map(({ tensor }) => tensor);
  const projection = read[biased ? 4 : 2]?.tensor;
  const rows = Wh.shape[0];
  const M = rows / cell.gates.length;
  checkParameter(read[0], [rows, Wx.shape[1] ?? 1]);
  checkParameter(read[1], [M * cell.gates.length, projection ? (projection.shape[0] ?? 1) : M]);
  for (const bias of biased ? read.slice(2, 4) : []) checkParameter(bias, [rows]);
  if (projection) checkParameter(read[biased ? 4 : 2], [projection.shape[0], M]);
  const canonical = (t: Tensor) => toCanonicalGates(t, cell, rowOf(cell, 'torch'));
  const weights = new Map<string, Tensor>([
    ['Wx', canonical(transpose(Wx))],
    ['Wh', canonical(transpose(Wh))],
  ]);
  if (biased) weights.set('bh', concatFirst([read[2], read[3]].map(({ tensor }) => reshape(canonical(tensor), [1, tensor.shape[0]]))));
  if (projection) weights.set('Wp', transpose(projection));
  return {
    prefix: read[0].name.replace(/\.?weight_ih.*$/, '') || 'rnn',
    names: read.map(({ name }) => name),
    weights,
    projection: projection !== undefined,
    biased,
  };
}

/** @throws RnnError E_PT2_GRAPH if the shapes of the parameters of a recurrent module do not match */
function checkParameter(
  { name, tensor: { shape } }: { readonly name: string; readonly tensor: Tensor },
  expected: readonly number[],
): void {
  if (sameShape(shape, expected) && expected.every(n => Number.isInteger(n))) return;
  throw new RnnError('shape', 'E_PT2_GRAPH', 'the shapes of the parameters of the recurrent module do not match', {
    where: escapeText(name, 80),
    expected: formatShape(expected),
    found: formatShape(shape),
  });
}

function otherParams(count: number, slots: number, each: number): RnnError {
  return new RnnError('shape', 'E_PT2_GRAPH', 'the number of parameters of the recurrent module does not match its layers and directions', {
    where: 'params',
    expected: `${slots * each}: ${each} for each of ${slots} (layers · directions)`,
    found: String(count),
  });
}

/** What the shape of initial states depends on: [layers·directions, N, P or M]. */
interface Fitting {
  readonly slots: number;
  readonly samples: Size;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * hx: h_0 [slots, N, P or M] and c_0 [slots, N, M]. @returns a function giving the states of slot layer·directions + direction; undefined
 * if all are zero
 */
function initialStates(call: Call, cellName: string, { slots, samples, weights }: Fitting): ((i: number) => Operand[]) | undefined {
  const { wiring } = call;
  const hx = call.arg('hx');
  const { states, gates } = getCell(cellName);
  const given = (Array.isArray(hx) ? hx : [hx]) as Argument[];
  const M = weights.get('Wh')!.shape[1] / gates.length;
  const expected = states.map((_, s): Size[] => [slots, samples, s === 0 ? (weights.get('Wp')?.shape[1] ?? M) : M]);
  checkStates(wiring, given, expected);
  const values = given.map((h): Value | undefined => (isTensor(h) ? wiring.get(h.tensor) : undefined));
  if (values.every(v => v !== undefined && 'zeros' in v)) return undefined;
  return i =>
    given.map((h, s) => {
      const value = values[s];
      if (value && 'stacked' in value) return value.stacked[i];
      return wiring.op(`state_${i}`, 'Gather', [wiring.input(h), { type: 'int', value: i }], { axis: 0 });
    });
}

/** @throws RnnError E_PT2_GRAPH */
function checkStates(wiring: Wiring, given: readonly Argument[], expected: readonly (readonly Size[])[]): void {
  const sizes = given.map(h => {
    const value = isTensor(h) ? wiring.get(h.tensor) : undefined;
    return value && 'zeros' in value ? value.zeros : isTensor(h) ? wiring.sizes(h.tensor) : [];
  });
  if (given.length === expected.length && sizes.every((own, s) => canBeEqual(own, expected[s]))) return;
  const listed = (shapes: readonly (readonly Size[])[]) => shapes.map(shape => `[${shape.map(sizeText).join(', ')}]`).join(' and ');
  throw new RnnError('shape', 'E_PT2_GRAPH', 'the initial states do not match the module and its input', {
    where: 'hx',
    expected: listed(expected),
    found: listed(sizes),
  });
}
