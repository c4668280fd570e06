import type { ActivationSpec } from '../../activations/activation.js';
import type { Line, StepWriter } from '../../cells/handCalculation.js';
import { getCell } from '../../cells/index.js';
import { int, ints } from '../../formats/onnx/builder.js';
import type { OnnxCall } from '../../layers/facets.js';
import { flipped, lifted, number, zeroedOutside } from '../../layers/onnxSteps.js';
import { cellOptions } from '../../layers/recurrentSpec.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { sliceLast } from '../../tensor/layout.js';
import { sliceRow } from '../../tensor/tensor.js';

/**
 * Writes a recurrent layer that is no ONNX operator (other activations, a projection, another cell) as a Scan for each direction, whose body is
 * generated from the cell's own equations.
 */
export interface Recurrence {
  /** the states at the end, each [dirs, N, M] */
  readonly final: readonly string[];
  /** returns the outputs of all steps in time order [N, T, dirs, P] */
  steps(): string;
  /** returns the output of the last processed step [dirs, N, P] */
  last(): string;
}

/** @param states initial states, each [dirs, N, M]; '' for zeros @param ways 'forward/', 'backward/' or '', and whether each runs backwards */
export function asScan(
  layer: RecurrentSpec,
  call: OnnxCall,
  states: readonly string[],
  ways: readonly { readonly way: string; readonly back: boolean }[],
): Recurrence {
  const { builder } = call;
  const [mask] = call.masks;
  const { name } = layer;
  const each = ways.map(({ way, back }, i) => {
    const start = states.map((state, s) => startOf(layer, call, state, i, s === 0));
    return scan(layer, call, start, way, back);
  });
  const together = (values: readonly string[], axis: number) => {
    const lifts = values.map(v => builder.add('Unsqueeze', [v, builder.integers([axis])], {}, `${name}/ways`));
    return lifts.length === 1 ? lifts[0] : builder.add('Concat', lifts, { axis: int(axis) }, `${name}/ways`);
  };
  const zeroes = layer.zeroOutputForMask && mask !== undefined;
  return {
    final: getCell(layer.kind).states.map((_, s) => {
      const ends = each.map(found => found.states[s]);
      return together(ends, 0);
    }),
    steps: () => {
      const sequences = each.map(({ steps }, i) => {
        if (!zeroes) return steps;
        // an unrolled loop reads the mask in forward order, whichever direction it runs in
        const shown = layer.unroll === true && ways[i].back ? flipped(builder, mask, name) : mask;
        return zeroedOutside(builder, lifted(builder, shown, 3, name), steps, name);
      });
      return together(sequences, 2);
    },
    last: () => {
      const ends = each.map(({ shown }, i) => {
        if (!zeroes) return shown;
        const [from, to] = ways[i].back ? [0, 1] : [-1, 2 ** 31 - 1];
        const end = builder.add('Slice', [mask, ...[from, to, 1].map(n => builder.integers([n]))], {}, `${name}/end`);
        return zeroedOutside(builder, end, shown, name);
      });
      return together(ends, 0);
    },
  };
}

/** Returns the initial state of one direction [N, M]; zeros for each sample of x by default. @param shown whether it is h, which a projection makes narrower */
function startOf(layer: RecurrentSpec, { builder, inputs: [x] }: OnnxCall, state: string, way: number, shown: boolean): string {
  const { name } = layer;
  const units = shown ? (layer.projection ?? layer.units) : layer.units;
  if (state !== '') return builder.add('Gather', [state, builder.scalar(way)], { axis: int(0) }, `${name}/start`);
  const N = builder.add('Shape', [x], { start: int(0), end: int(1) }, `${name}/start`);
  const shape = builder.add('Concat', [N, builder.integers([units])], { axis: int(0) }, `${name}/start`);
  return builder.add('ConstantOfShape', [shape], {}, `${name}/start`);
}

function scan(layer: RecurrentSpec, call: OnnxCall, starts: readonly string[], way: string, back: boolean) {
  const { builder, inputs, masks } = call;
  const [x, mask] = [inputs[0], masks[0]];
  const cell = getCell(layer.kind);
  const own = `${layer.name}/${way}step`;
  const before = cell.states.map(s => `${own}/${s}`);
  const [xt, real, shown] = ['x', 'real', 'shown'].map(part => `${own}/${part}`);
  const value = (part: string) => ({ name: part, dtype: part === real ? ('bool' as const) : ('f32' as const), shape: null });
  const masked = mask !== undefined;
  const axis = masked ? builder.integers([1]) : '';
  const nothing = masked ? startOf(layer, call, '', 0, true) : '';
  const body = builder.inside(own, [...before, ...(masked ? [shown] : []), xt, ...(masked ? [real] : [])].map(value), () => {
    const after = new Map<string, string>();
    cell.handCalculation(nodesOf(layer, call, way, own, { xt, before, after }));
    const next = cell.states.map(s => after.get(`${s}_t`)!);
    if (!masked) return [...next, builder.add('Identity', [next[0]], {}, own)];
    const isReal = builder.add('Unsqueeze', [real, axis], {}, own);
    const kept = [...next.map((v, s) => [v, before[s]]), [next[0], shown]].map(([v, old]) =>
      builder.add('Where', [isReal, v, old], {}, own),
    );
    return [...kept, builder.add('Identity', [kept[kept.length - 1]], {}, own)];
  });
  const scanned = masked ? [x, mask] : [x];
  const attributes = {
    body,
    num_scan_inputs: int(scanned.length),
    scan_input_axes: ints(...scanned.map(() => 1)),
    scan_output_axes: ints(1),
    ...(back ? { scan_input_directions: ints(...scanned.map(() => 1)), scan_output_directions: ints(1) } : {}),
  };
  const count = starts.length + (masked ? 2 : 1);
  // a projected h is narrower than c
  const found = builder.addMany(
    'Scan',
    [...starts, ...(masked ? [nothing] : []), ...scanned],
    count,
    attributes,
    `${layer.name}/${way}scan`,
  );
  return { states: found.slice(0, starts.length), shown: found[masked ? starts.length : 0], steps: found[count - 1] };
}

interface NodeLine extends Line {
  readonly value: string;
}

/** A writer that turns the cell's equations into nodes, one for every sum, product and function. */
function nodesOf(
  layer: RecurrentSpec,
  { builder, weight, activation }: OnnxCall,
  way: string,
  own: string,
  { xt, before, after }: { readonly xt: string; readonly before: readonly string[]; readonly after: Map<string, string> },
): StepWriter<NodeLine> {
  const cell = getCell(layer.kind);
  const add = (op: string, inputs: readonly string[]) => builder.add(op, inputs, {}, own);
  const line = (label: string, value: string): NodeLine => {
    after.set(label, value);
    return { label, value };
  };
  const gateOf = (name: string, gate: string, row = 0) => {
    const t = weight(`${way}${name}`)!;
    const all = name === 'bh' && t.shape.length === 2 ? sliceRow(t, row) : t;
    const [g, M] = [cell.gates.indexOf(gate), all.shape[all.shape.length - 1] / cell.gates.length];
    return builder.constant(`${layer.name}.${way}${name}_${gate}`, sliceLast(all, g * M, (g + 1) * M));
  };
  const function_ = (name: string, spec: ActivationSpec | null) => ({ name, f: Number, spec: spec ?? 'linear' });
  const act = function_('act', layer.activation);
  const rowsOfBias = layer.useBias ? (weight(`${way}bh`)!.shape.length === 2 ? 2 : 1) : 0;
  const given = (state: string) => ({ label: state, value: before[cell.states.indexOf(state)] });
  return {
    options: cellOptions(layer),
    act,
    sig: function_('sig', layer.recurrentActivation),
    actOut: layer.outputActivation === null ? act : function_('actOut', layer.outputActivation),
    given,
    input: gate => line('', add('MatMul', [xt, gateOf('Wx', gate)])),
    recurrent: (gate, h = given('h')) => line('', add('MatMul', [h.value, gateOf('Wh', gate)])),
    bias: (gate, row) => (row < rowsOfBias ? [line('', gateOf('bh', gate, row))] : []),
    peephole: (_, row, c) =>
      layer.peepholes
        ? [line('', add('Mul', [builder.constant(`${layer.name}.${way}p_${row}`, sliceRow(weight(`${way}p`)!, row)), c.value]))]
        : [],
    sum(label, addends, role = 'sum', clipped = role === 'sum') {
      const total = addends.map(a => a.value).reduce((a, b) => add('Add', [a, b]));
      if (!clipped || layer.clip === null) return line(label, total);
      return line(label, add('Clip', [total, number(builder, -layer.clip, own), number(builder, layer.clip, own)]));
    },
    apply: (label, fn, { value }) =>
      line(label, 'spec' in fn ? activation((fn as typeof act).spec, value) : add('Sub', [number(builder, 1, own), value])),
    times: (label, a, b) => line(label, add('Mul', [a.value, b.value])),
    projected: (label, { value }) => line(label, add('MatMul', [value, builder.constant(`${layer.name}.${way}Wp`, weight(`${way}Wp`)!)])),
  };
}
