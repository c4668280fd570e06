import type { Line, StepWriter } from '../../cells/handCalculation.js';
import { getCell } from '../../cells/index.js';
import type { RecurrentSpec } from '../../layers/recurrentSpec.js';
import { cellOptions } from '../../layers/recurrentSpec.js';
import { bracketed } from './text.js';

/** A recurrent layer as a NumPy function `name(x, Wx, Wh, …)` from x [N, T, D] to all h_t [N, T, M], and the names of its parameters. */
export interface NumpyCell {
  readonly name: string;
  readonly text: string;
  /** a subset of Wx, Wh, b, b2, Wp, p, act, sig, act_out, in the order of the function's parameters */
  readonly parameters: readonly string[];
}

/** A piece of Python: a variable, or an expression to be inlined. */
interface Piece extends Line {
  readonly text: string;
}

/**
 * The loop over the steps, written from the cell's own equations, with only the parameters they use. `withStates`: it takes initial states
 * and also returns the last ones. `masked`: it takes the mask after x, and repeats the previous output (or zeros) at a masked step.
 */
export function numpyCell(layer: RecurrentSpec, twoBiases: boolean, withStates: boolean, masked: boolean): NumpyCell {
  const cell = getCell(layer.kind);
  const lines: string[] = [];
  cell.handCalculation(textOf(layer, twoBiases, lines));
  const uses = (name: string) => lines.some(line => new RegExp(`\\b${name}(_|\\b)`).test(line));
  const parameters = ['Wx', 'Wh', 'b', 'b2', 'Wp', 'p', 'act', 'sig', 'act_out'].filter(uses);
  const blocks: [name: string, gates: readonly string[]][] = [
    ...['Wx', 'Wh', 'b', 'b2'].map((name): [string, readonly string[]] => [name, cell.gates.length > 1 ? cell.gates : []]),
    ['p', ['i', 'o', 'f']],
  ];
  const splits = blocks
    .filter(([name, gates]) => parameters.includes(name) && gates.length > 0)
    .map(
      ([name, gates]) =>
        `    ${gates.map(g => `${name}_${g}`).join(', ')} = ${name === 'p' ? 'p' : `np.split(${name}, ${gates.length}, -1)`}`,
    );
  const zeros = cell.states.map(s => `np.zeros((len(x), ${s === 'h' ? 'Wh.shape[0]' : `Wh.shape[1] // ${cell.gates.length}`}))`);
  const text = [
    `def ${layer.kind}(x, ${masked ? 'mask, ' : ''}${[...parameters, ...(withStates ? cell.states.map(s => `${s}=None`) : [])].join(', ')}):`,
    ...splits,
    ...(withStates
      ? [...cell.states.map((s, i) => `    ${s} = ${zeros[i]} if ${s} is None else ${s}`), '    out = []']
      : [`    ${cell.states.join(', ')}, out = ${zeros.join(', ')}, []`]),
    ...(masked ? ['    shown = 0'] : []),
    '    for t in range(x.shape[1]):',
    '        x_t = x[:, t]',
    ...lines.map(line => `        ${line}`),
    ...(masked
      ? [
          '        m = mask[:, t, None]',
          `        shown = np.where(m, h_t, ${layer.zeroOutputForMask ? '0' : 'shown'})`,
          `        ${cell.states.join(', ')} = ${cell.states.map(s => `np.where(m, ${s}_t, ${s})`).join(', ')}`,
          '        out.append(shown)',
        ]
      : [`        ${cell.states.join(', ')} = ${cell.states.map(s => `${s}_t`).join(', ')}`, '        out.append(h)']),
    `    return np.stack(out, 1)${withStates ? `, ${cell.states.join(', ')}` : ''}`,
  ];
  return { name: layer.kind, text: text.join('\n'), parameters };
}

/** Inlines sums and products; each quantity that the equations name gets a line of its own. */
function textOf(layer: RecurrentSpec, twoBiases: boolean, lines: string[]): StepWriter<Piece> {
  const cell = getCell(layer.kind);
  const of = (name: string, gate: string) => (cell.gates.length > 1 ? `${name}_${gate}` : name);
  const piece = (label: string, text: string): Piece => ({ label, text });
  const write = (label: string, text: string, role: string): Piece => {
    if (role !== 'result') return piece(label, text);
    lines.push(`${label} = ${text}`);
    return piece(label, label);
  };
  const [sig, act, actOut] = ['sig', 'act', layer.outputActivation === null ? 'act' : 'act_out'].map(name => ({ name, f: Number }));
  const given = (state: string) => piece(state, state);
  return {
    options: cellOptions(layer),
    sig,
    act,
    actOut,
    given,
    input: gate => piece('', `x_t @ ${of('Wx', gate)}`),
    recurrent: (gate, h = given('h')) => piece('', `${bracketed(h.text)} @ ${of('Wh', gate)}`),
    bias: (gate, row) => (!layer.useBias || (row === 1 && !twoBiases) ? [] : [piece('', of(row === 1 ? 'b2' : 'b', gate))]),
    peephole: (gate, _, c) => (layer.peepholes ? [piece('', `p_${gate} * ${c.text}`)] : []),
    sum(label, addends, role = 'sum', clipped = role === 'sum') {
      const text = addends.map(a => a.text).join(' + ');
      return write(label, clipped && layer.clip !== null ? `np.clip(${text}, -${layer.clip}, ${layer.clip})` : text, role);
    },
    apply: (label, { name }, line, role = 'result') =>
      write(label, /\w$/.test(name) ? `${name}(${line.text})` : `${name.replace('−', '-')}${line.text}`, role),
    times: (label, a, b, role = 'part') => write(label, `${bracketed(a.text)} * ${bracketed(b.text)}`, role),
    projected: (label, line) => write(label, `${bracketed(line.text)} @ Wp`, 'result'),
  };
}
