import { getCell, rowOf } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { concatFirst, transpose } from '../../tensor/layout.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { toCanonicalGates } from '../gateOrder.js';
import type { Argument, Size } from './program.js';
import { sizesOf } from './rule.js';
import { arg, type Call, isTensor, type Operand, type Value, type Wiring } from './wiring.js';

/** aten.lstm.input, gru.input, rnn_tanh.input, rnn_relu.input: a module of several layers and directions as layers of ours. */

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

/** Which recurrent operator of ATen it is; undefined: none. */
export function recurrentKind(target: string): Kind | undefined {
  const [, name] = /^aten\.(lstm|gru|rnn_tanh|rnn_relu)(?:_cell)?\./.exec(target) ?? [];
  return name === undefined ? undefined : KINDS[name];
}

/** Weights of one layer and direction, as the call lists them. */
interface Set {
  readonly prefix: string;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly projection: boolean;
  readonly biased: boolean;
}

/** A whole sequence. @throws RnnError E_PT2_GRAPH */
export function sequence(call: Call, { cell, activation }: Kind): void {
  const { wiring, node } = call;
  const flag = (name: string) => arg(call, name) === true;
  if (flag('train') && Number(arg(call, 'dropout') ?? 0) > 0) throw trainingMode();
  const [layers, directions] = [Number(arg(call, 'num_layers') ?? 1), flag('bidirectional') ? 2 : 1];
  const params = (arg(call, 'params') as readonly Argument[]) ?? [];
  const perSet = params.length / (layers * directions);
  const sets = Array.from({ length: layers * directions }, (_, i) =>
    readSet(wiring, params.slice(i * perSet, (i + 1) * perSet), flag('has_biases'), cell),
  );
  const timeMajor = !flag('batch_first');
  let x = wiring.input(arg(call, 'input'));
  if (timeMajor) x = wiring.samplesFirst(x);
  const samples = sizesOf(call, 'input')[timeMajor ? 1 : 0];
  const initial = initialStates(wiring, arg(call, 'hx'), getCell(cell).states.length, layers * directions, samples);
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
    const { name, first } = wiring.layer(prefix, spec);
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

/** One step: lstm_cell, gru_cell, rnn_tanh_cell: the layer over a sequence of one. */
export function singleStep(call: Call, { cell, activation }: Kind): void {
  const { wiring, node } = call;
  const params = ['w_ih', 'w_hh', 'b_ih', 'b_hh'].map(name => arg(call, name)).filter((a): a is Argument => a !== undefined && a !== null);
  const set = readSet(wiring, params, params.length === 4, cell);
  const x = wiring.op(`${set.prefix}_x`, 'Unsqueeze', [wiring.input(arg(call, 'input')), { type: 'int', value: [1] }]);
  const hx = arg(call, 'hx');
  const given = (Array.isArray(hx) ? hx : [hx]) as Argument[];
  const isZero = given.every(h => isTensor(h) && 'zeros' in wiring.get(h.tensor));
  const states = isZero ? [] : given.map(h => wiring.input(h));
  const spec = { ...cellSpec(cell, set, activation), inputs: [x], ...(states.length > 0 ? { states } : {}) };
  const { name, first } = wiring.layer(set.prefix, spec);
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

/** [G·M, D], [G·M, P], biases [G·M], projection [P, M] -> canonical weights. */
function readSet(wiring: Wiring, params: readonly Argument[], biased: boolean, cellName: string): Set {
  const cell = getCell(cellName);
  const read = params.map(p => wiring.tensor(p, 'a weight of the recurrent module'));
  const canonical = (t: Tensor) => toCanonicalGates(t, cell, rowOf(cell, 'torch'));
  const weights = new Map<string, Tensor>([
    ['Wx', canonical(transpose(read[0].tensor))],
    ['Wh', canonical(transpose(read[1].tensor))],
  ]);
  if (biased) weights.set('bh', concatFirst([read[2], read[3]].map(({ tensor }) => reshape(canonical(tensor), [1, tensor.shape[0]]))));
  const projection = read[biased ? 4 : 2];
  if (projection) weights.set('Wp', transpose(projection.tensor));
  return { prefix: read[0].name.replace(/\.?weight_ih.*$/, '') || 'rnn', weights, projection: projection !== undefined, biased };
}

/** Zeros [layers·directions, N, …] are left out; those of another shape PyTorch refuses. @throws RnnError E_PT2_GRAPH */
function checkZeros(zeros: readonly Size[], slots: number, samples: Size): void {
  const other = typeof zeros[1] === 'number' && typeof samples === 'number' && zeros[1] !== samples;
  if (zeros.length === 3 && zeros[0] === slots && !other) return;
  throw new RnnError('shape', 'E_PT2_GRAPH', 'the first states do not fit the module and its input', {
    where: 'hx',
    expected: `[${slots}, ${samples}, …]`,
    found: `[${zeros.join(', ')}]`,
  });
}

/** hx: h_0 and c_0 [layers·directions, N, M]; undefined where all are zeros. @returns the states of layer·directions + direction */
function initialStates(
  wiring: Wiring,
  hx: Argument | undefined,
  count: number,
  slots: number,
  samples: Size,
): ((i: number) => Operand[]) | undefined {
  const given = (Array.isArray(hx) ? hx : [hx]).slice(0, count) as Argument[];
  const values = given.map((h): Value | undefined => (isTensor(h) ? wiring.get(h.tensor) : undefined));
  if (values.every(v => v !== undefined && 'zeros' in v)) {
    for (const value of values) checkZeros((value as { zeros: readonly Size[] }).zeros, slots, samples);
    return undefined;
  }
  return i =>
    given.map((h, s) => {
      const value = values[s];
      if (value && 'stacked' in value) return value.stacked[i];
      return wiring.op(`state_${i}`, 'Gather', [wiring.input(h), { type: 'int', value: i }], { axis: 0 });
    });
}
