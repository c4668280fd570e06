import { applyTo, clampTo } from '../../src/cells/apply.js';
import type { CellOptions } from '../../src/cells/cell.js';
import { type HandArgs, type HandLine, startHandCalculation } from '../../src/cells/handCalculation.js';
import { getCell } from '../../src/cells/index.js';
import { quickSigmoid, quickTanh } from '../../src/numerics/quick.js';
import { sigmoid } from '../../src/numerics/sigmoid.js';
import { tanh } from '../../src/numerics/tanh.js';

const plain: CellOptions = {
  useBias: true,
  twoBiases: false,
  resetAfter: false,
  projection: null,
  peepholes: false,
  clip: null,
  inputForget: false,
};
/** values 0.01, 0.02 … */
const t = (start: number, ...shape: number[]) => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => start + k / 100),
});

function linesOf(name: string, more: Partial<CellOptions> = {}, bias?: ReturnType<typeof t>): readonly HandLine[] {
  const cell = getCell(name);
  const options = { ...plain, ...more };
  const G = cell.gates.length;
  const M = 2;
  const P = options.projection ?? M;
  const args: HandArgs = {
    gates: cell.gates,
    states: cell.states,
    units: M,
    options,
    x: Float64Array.of(0.5, -1),
    state: cell.states.map((_, s) => t(0.3, s === 0 ? P : M).data),
    weights: {
      kernel: t(0.1, 2, G * M),
      recurrentKernel: t(-0.2, P, G * M),
      bias,
      ...(options.peepholes ? { peepholes: t(0.4, 3, M) } : {}),
      ...(options.projection ? { projection: t(0.6, M, P) } : {}),
    },
    sig: { name: 'σ', f: v => v / 2 },
    act: { name: 'tanh', f: v => v / 3 },
    actOut: { name: 'relu', f: v => v / 5 },
    before: 't−1',
  };
  const handCalculation = startHandCalculation(args);
  cell.handCalculation(handCalculation);
  // a column that is none would give NaN
  for (const line of handCalculation.lines) expect([line.label, line.values.every(Number.isFinite)]).toEqual([line.label, true]);
  return handCalculation.lines;
}

/** what the hand calculation writes: label [role] = formula */
function written(...given: Parameters<typeof linesOf>): string[] {
  return linesOf(...given).map(line => `${line.label} [${line.role}]${line.formula && ` = ${line.formula}`}`);
}

const gate = (name: string, sum: string[]) => [
  ...sum.filter(label => !/^p_/.test(label)).map(label => `${label} [part]`),
  `sum_${name} [sum] = ${sum.join(' + ')}`,
  `${name} [result] = σ(sum_${name})`,
];

/** The names under which `forward --trace` and `explain` write a step; the numbers are held to the engines' elsewhere. */
describe('the hand calculation names', () => {
  it('the sum and the result of a simple recurrence', () => {
    expect(written('rnn', {}, t(0, 2, 2))).toEqual([
      'x_t·Wx [part]',
      'h_{t−1}·Wh [part]',
      'bh [part]',
      "b'h [part]",
      "sum [sum] = x_t·Wx + h_{t−1}·Wh + bh + b'h",
      'h_t [result] = tanh(sum)',
    ]);
  });

  it('the numbers of both biases', () => {
    const lines = linesOf('rnn', {}, t(0, 2, 2));
    const of = (label: string) => [...lines.find(line => line.label === label)!.values];
    expect([of('bh'), of("b'h")]).toEqual([
      [0, 0.01],
      [0.02, 0.03],
    ]);
    const total = (m: number) => ['x_t·Wx', 'h_{t−1}·Wh', 'bh', "b'h"].reduce((sum, label) => sum + of(label)[m], 0);
    expect(of('sum')).toEqual([total(0), total(1)]);
  });

  it('every gate of an LSTM, its peepholes and its projection', () => {
    const sum = (g: string) => [`x_t·Wx_${g}`, `h_{t−1}·Wh_${g}`, `b_${g}`];
    const candidate = gate('g', sum('g')).map(line => line.replace('σ', 'tanh'));
    expect(written('lstm', {}, t(0, 8))).toEqual([
      ...gate('i', sum('i')),
      ...gate('f', sum('f')),
      ...candidate,
      'f⊙c_{t−1} [part] = f⊙c_{t−1}',
      'i⊙g [part] = i⊙g',
      'c_t [result] = f⊙c_{t−1} + i⊙g',
      ...gate('o', sum('o')),
      'relu(c_t) [part] = relu(c_t)',
      'h_t [result] = o⊙relu(c_t)',
    ]);
    const lines = written('lstm', { peepholes: true, inputForget: true, projection: 1 });
    const peep = (g: string, c: string) => `p_${g}⊙${c}`;
    expect(lines).toEqual([
      `${peep('i', 'c_{t−1}')} [part] = ${peep('i', 'c_{t−1}')}`,
      'x_t·Wx_i [part]',
      'h_{t−1}·Wh_i [part]',
      'sum_i [sum] = x_t·Wx_i + h_{t−1}·Wh_i + p_i⊙c_{t−1}',
      'i [result] = σ(sum_i)',
      'f [result] = 1 − i',
      'x_t·Wx_g [part]',
      'h_{t−1}·Wh_g [part]',
      'sum_g [sum] = x_t·Wx_g + h_{t−1}·Wh_g',
      'g [result] = tanh(sum_g)',
      'f⊙c_{t−1} [part] = f⊙c_{t−1}',
      'i⊙g [part] = i⊙g',
      'c_t [result] = f⊙c_{t−1} + i⊙g',
      `${peep('o', 'c_t')} [part] = ${peep('o', 'c_t')}`,
      'x_t·Wx_o [part]',
      'h_{t−1}·Wh_o [part]',
      'sum_o [sum] = x_t·Wx_o + h_{t−1}·Wh_o + p_o⊙c_t',
      'o [result] = σ(sum_o)',
      'relu(c_t) [part] = relu(c_t)',
      'o⊙relu(c_t) [part] = o⊙relu(c_t)',
      'h_t [result]',
    ]);
    expect(written('lstm', { peepholes: true })[5]).toBe('p_f⊙c_{t−1} [part] = p_f⊙c_{t−1}');
  });

  it('both forms of a GRU, with and without the bias inside', () => {
    const gates = (...biases: string[]) =>
      ['z', 'r'].flatMap(g => gate(g, [`x_t·Wx_${g}`, `h_{t−1}·Wh_${g}`, ...biases.map(b => `${b}_${g}`)]));
    const end = [
      '1 − z [part] = 1 − z',
      'z⊙h_{t−1} [part] = z⊙h_{t−1}',
      '(1 − z)⊙g [part] = (1 − z)⊙g',
      'h_t [result] = z⊙h_{t−1} + (1 − z)⊙g',
    ];
    const both = written('gru', { resetAfter: true }, t(0, 2, 6));
    expect(both).toEqual([
      ...gates('b', "b'"),
      'x_t·Wx_g [part]',
      'b_g [part]',
      'h_{t−1}·Wh_g [part]',
      "b'_g [part]",
      "h_{t−1}·Wh_g + b'_g [part] = h_{t−1}·Wh_g + b'_g",
      "r⊙(h_{t−1}·Wh_g + b'_g) [part] = r⊙(h_{t−1}·Wh_g + b'_g)",
      "sum_g [sum] = x_t·Wx_g + b_g + r⊙(h_{t−1}·Wh_g + b'_g)",
      'g [result] = tanh(sum_g)',
      ...end,
    ]);
    expect(written('gru', { resetAfter: true })).toEqual([
      ...gates(),
      'x_t·Wx_g [part]',
      'h_{t−1}·Wh_g [part]',
      'r⊙h_{t−1}·Wh_g [part] = r⊙h_{t−1}·Wh_g',
      'sum_g [sum] = x_t·Wx_g + r⊙h_{t−1}·Wh_g',
      'g [result] = tanh(sum_g)',
      ...end,
    ]);
    expect(written('gru', {}, t(0, 6))).toEqual([
      ...gates('b'),
      'x_t·Wx_g [part]',
      'b_g [part]',
      'r⊙h_{t−1} [part] = r⊙h_{t−1}',
      '(r⊙h_{t−1})·Wh_g [part]',
      'sum_g [sum] = x_t·Wx_g + b_g + (r⊙h_{t−1})·Wh_g',
      'g [result] = tanh(sum_g)',
      ...end,
    ]);
    expect(written('gru', {}, t(0, 2, 6)).filter(line => /sum_g/.test(line))[0]).toBe(
      "sum_g [sum] = x_t·Wx_g + b_g + (r⊙h_{t−1})·Wh_g + b'_g",
    );
  });
});

it('one minus a gate is that', () => {
  const values = (lines: readonly HandLine[], label: string) => [...lines.find(line => line.label === label)!.values];
  const gru = linesOf('gru', {}, t(0, 6));
  expect(values(gru, '1 − z')).toEqual(values(gru, 'z').map(z => 1 - z));
  const lstm = linesOf('lstm', { inputForget: true });
  expect(values(lstm, 'f')).toEqual(values(lstm, 'i').map(i => 1 - i));
});

it.each([
  ['sigmoid', sigmoid],
  ['tanh', tanh],
  ['quickSigmoid', quickSigmoid],
  ['quickTanh', quickTanh],
  ['another', (v: number) => v * v],
])('%s is applied to a part of a row, in place', (_, f) => {
  const row = Float64Array.of(-3, -0.5, 0.25, 2, 30);
  const expected = row.map((v, k) => (k >= 1 && k < 4 ? f(v) : v));
  applyTo(f, row, 1, 4, 3);
  expect([...row]).toEqual([...expected]);
});

it('a part of a row is clipped, and NaN passes', () => {
  const row = Float64Array.of(-3, -3, 0.25, 3, Number.NaN, 3);
  clampTo(null, row, 0, 6);
  expect([...row]).toEqual([-3, -3, 0.25, 3, Number.NaN, 3]);
  clampTo(1, row, 1, 5);
  expect([...row]).toEqual([-3, -1, 0.25, 1, Number.NaN, 3]);
});

describe('a cell', () => {
  it('has its equations for every option', () => {
    const of = (name: string, more: Partial<CellOptions> = {}) => getCell(name).equations({ ...plain, ...more });
    expect(of('rnn')).toEqual(['h_t = tanh(x_t·Wx + h_{t−1}·Wh + bh)']);
    const [z, r, h] = ['z = σ(x_t·Wx_z + h_{t−1}·Wh_z + b_z)', 'r = σ(x_t·Wx_r + h_{t−1}·Wh_r + b_r)', 'h_t = z⊙h_{t−1} + (1 − z)⊙g'];
    expect(of('gru')).toEqual([z, r, 'g = tanh(x_t·Wx_g + (r⊙h_{t−1})·Wh_g + b_g)', h]);
    expect(of('gru', { resetAfter: true })).toEqual([z, r, "g = tanh(x_t·Wx_g + b_g + r⊙(h_{t−1}·Wh_g + b'_g))", h]);
    expect(of('lstm')).toEqual([
      'i = σ(x_t·Wx_i + h_{t−1}·Wh_i + b_i)',
      'f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f)',
      'g = tanh(x_t·Wx_g + h_{t−1}·Wh_g + b_g)',
      'o = σ(x_t·Wx_o + h_{t−1}·Wh_o + b_o)',
      'c_t = f⊙c_{t−1} + i⊙g',
      'h_t = o⊙tanh(c_t)',
    ]);
    expect(of('lstm', { peepholes: true, projection: 3 })).toEqual([
      'i = σ(x_t·Wx_i + h_{t−1}·Wh_i + b_i + p_i⊙c_{t−1})',
      'f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f + p_f⊙c_{t−1})',
      'g = tanh(x_t·Wx_g + h_{t−1}·Wh_g + b_g)',
      'o = σ(x_t·Wx_o + h_{t−1}·Wh_o + b_o + p_o⊙c_t)',
      'c_t = f⊙c_{t−1} + i⊙g',
      'h_t = (o⊙tanh(c_t))·Wp',
    ]);
    expect(of('lstm', { inputForget: true })[1]).toBe('f = 1 − i');
  });

  it('counts what it does beside the products', () => {
    const of = (name: string, more: Partial<CellOptions> = {}) => getCell(name).elementwise(10, { ...plain, ...more });
    expect([of('rnn'), of('gru'), of('lstm'), of('lstm', { peepholes: true, inputForget: true })]).toEqual([
      { multiplyAdds: 0, activations: 10 },
      { multiplyAdds: 30, activations: 30 },
      { multiplyAdds: 30, activations: 50 },
      { multiplyAdds: 60, activations: 40 },
    ]);
  });

  it("has states, gates and each framework's order of them", () => {
    const of = (name: string) => {
      const { gates, states, keras, torch, onnx, equations } = getCell(name);
      // every state and gate is the left side of an equation
      const left = equations(plain).map(line => line.split(' = ')[0]);
      expect(left).toEqual(expect.arrayContaining([...states.map(state => `${state}_t`), ...(name === 'rnn' ? [] : gates)]));
      return [gates, keras!.gates, torch!.gates, onnx!.gates].map(order => order.join(''));
    };
    expect([of('rnn'), of('lstm'), of('gru')]).toEqual([
      ['h', 'h', 'h', 'h'],
      ['ifgo', 'ifgo', 'ifgo', 'iofg'],
      ['zrg', 'zrg', 'rzg', 'zrg'],
    ]);
  });

  it('has weights of these shapes, in these letters unless others are given', () => {
    const of = (name: string, more: Partial<CellOptions> = {}, symbols?: { D: string; M: string; P: string }) =>
      getCell(name)
        .weightShapes(3, 2, { ...plain, ...more }, symbols)
        .map(w => `${w.name} ${w.role} [${w.dims}] [${w.shape}] ${w.gates?.join('') ?? '-'} ${w.formula}`);
    expect(of('rnn')).toEqual(['Wx kernel [D,M] [3,2] - D*M', 'Wh recurrentKernel [M,M] [2,2] - M*M', 'bh bias [M] [2] - M']);
    expect(of('rnn', { twoBiases: true }).slice(2)).toEqual(['bh bias [2,M] [2,2] - 2*M']);
    expect(of('gru', { useBias: false, resetAfter: true })).toEqual([
      'Wx kernel [D,3M] [3,6] zrg D*3*M',
      'Wh recurrentKernel [M,3M] [2,6] zrg M*3*M',
    ]);
    expect([of('gru', { resetAfter: true })[2], of('gru')[2], of('gru', { twoBiases: true })[2]]).toEqual([
      'bh bias [2,3M] [2,6] zrg 2*3*M',
      'bh bias [3M] [6] zrg 3*M',
      'bh bias [2,3M] [2,6] zrg 2*3*M',
    ]);
    expect(of('lstm').map(w => w.split(' ')[0])).toEqual(['Wx', 'Wh', 'bh']);
    expect(of('lstm', { projection: 1, peepholes: true })).toEqual([
      'Wx kernel [D,4M] [3,8] ifgo D*4*M',
      'Wh recurrentKernel [P,4M] [1,8] ifgo P*4*M',
      'bh bias [4M] [8] ifgo 4*M',
      'Wp projection [M,P] [2,1] - M*P',
      'p peepholes [3,M] [3,2] - 3*M',
    ]);
    expect(of('lstm', { projection: 1, peepholes: true }, { D: 'M', M: 'M2', P: 'P2' })).toEqual([
      'Wx kernel [M,4M2] [3,8] ifgo M*4*M2',
      'Wh recurrentKernel [P2,4M2] [1,8] ifgo P2*4*M2',
      'bh bias [4M2] [8] ifgo 4*M2',
      'Wp projection [M2,P2] [2,1] - M2*P2',
      'p peepholes [3,M2] [3,2] - 3*M2',
    ]);
  });
});
