import { CELLS, getCell, isCellName } from '../../cells/index.js';
import { RECURRENT_OPS } from '../../conventions/onnx/recurrentNode.js';
import type { FileTensor } from '../../formats/format.js';
import { graphsIn, type OnnxModel } from '../../formats/onnx/graph.js';
import { weightShapesByLayer } from '../../model/shapes.js';
import { sizeOf } from '../../tensor/tensor.js';
import { weightKeys } from '../../weights/weights.js';
import type { InspectTensor } from '../result.js';
import type { Network } from './network.js';

/** The role of each tensor in a file, from its name, its position in get_weights(), or the node that reads it. */

interface Role {
  readonly role: string;
  readonly gates: readonly string[] | null;
}

const NAMES: readonly [RegExp, string][] = [
  [/(weight_ih(_l\d+(_reverse)?)?|\/Wx)$/, 'kernel'],
  [/(weight_hh(_l\d+(_reverse)?)?|recurrent_kernel(:0)?|\/Wh)$/, 'recurrentKernel'],
  [/(bias_[ih]h(_l\d+(_reverse)?)?|(^|[./])bias(:0)?|\/b[ho])$/, 'bias'],
  [/(weight_hr_l\d+(_reverse)?|\/Wp)$/, 'projection'],
  [/(embeddings(:0)?|\/E)$/, 'embeddings'],
  [/\/p$/, 'peepholes'],
  [/((^|[./])weight|(^|\/)kernel(:0)?|\/Wo)$/, 'kernel'],
];

export function describeTensors(
  tensors: ReadonlyMap<string, FileTensor>,
  network: Network | null,
  graph: OnnxModel | null,
  framework = network?.framework,
): InspectTensor[] {
  const known = graph ? rolesOfGraph(graph) : network ? rolesInOrder(tensors, network) : new Map<string, Role>();
  return [...tensors].map(([name, { shape, dtype }]) => {
    const role = known.get(name) ?? roleOfName(name, tensors, framework ?? null);
    return { name, shape, dtype, count: sizeOf(shape), role: role?.role ?? null, gates: role?.gates ?? null };
  });
}

/** Roles of arr_0 … and `vars/0` …, which are in the order of get_weights(); the network says which weight that is. */
function rolesInOrder(tensors: ReadonlyMap<string, FileTensor>, { shapes, framework }: Network): Map<string, Role> {
  const roles = new Map<string, Role>();
  const names = [...tensors.keys()].filter(name => /^arr_\d+$/.test(name)).sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
  weightKeys(weightShapesByLayer(shapes)).forEach(({ shape, layer }, i) => {
    if (names[i] === undefined) return;
    const kind = shapes.layers.find(l => l.layer.name === layer)!.layer.kind;
    roles.set(names[i], { role: shape.role, gates: shape.gates && gatesOf(kind, framework) });
  });
  return roles;
}

/** `layers/lstm/cell/vars/1`: 0 kernel, 1 recurrent kernel, 2 bias of a cell; 0 kernel, 1 bias elsewhere. */
function roleOfPath(name: string): string | null {
  const match = /(cell\/)?vars\/(\d+)$/.exec(name);
  if (!match || /^optimizer|seed_generator/.test(name)) return null;
  if (/\/embedding(_\d+)?\/vars/.test(name)) return 'embeddings';
  return (match[1] ? ['kernel', 'recurrentKernel', 'bias'] : ['kernel', 'bias'])[Number(match[2])] ?? null;
}

function roleOfName(name: string, tensors: ReadonlyMap<string, FileTensor>, framework: string | null): Role | null {
  const role = roleOfPath(name) ?? NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
  if (role === null) return null;
  const recurrent = siblingOf(name, tensors);
  if (!recurrent) return { role, gates: null };
  const [rows, columns] = recurrent.shape;
  const G = framework === 'torch' ? rows / columns : columns / rows;
  const cells = CELLS.filter(cell => cell.gates.length === G && G > 1);
  const kind = cells.length === 1 ? cells[0].name : undefined;
  return { role, gates: kind === undefined || role === 'projection' || role === 'peepholes' ? null : gatesOf(kind, framework) };
}

/** The recurrent matrix that belongs to a tensor; its width identifies the cell. */
function siblingOf(name: string, tensors: ReadonlyMap<string, FileTensor>): FileTensor | undefined {
  const candidates = [
    name.replace(/(weight|bias)_(ih|hh|hr)(_l|$)/, 'weight_hh$3'),
    name.replace(/cell\/vars\/\d+$/, 'cell/vars/1'),
    name.replace(/(kernel|bias)(:0)?$/, 'recurrent_kernel$2').replace('recurrent_recurrent_', 'recurrent_'),
    name.replace(/\/(Wx|bh)$/, '/Wh'),
  ];
  const isRecurrent = /(weight_hh(_l\d+(_reverse)?)?|cell\/vars\/1|recurrent_kernel(:0)?|\/Wh)$/;
  return candidates
    .filter(c => isRecurrent.test(c))
    .map(c => tensors.get(c))
    .find(t => t?.shape.length === 2);
}

function gatesOf(kind: string, framework: string | null): readonly string[] | null {
  const cell = isCellName(kind) ? getCell(kind) : undefined;
  if (!cell || cell.gates.length === 1) return null;
  return (framework === 'torch' ? cell.torch : framework === 'onnx' ? cell.onnx : cell.keras)?.gates ?? cell.gates;
}

const INPUT_ROLES = ['x', 'kernel', 'recurrentKernel', 'bias', 'lengths', 'initialState', 'initialState', 'peepholes'];

function rolesOfGraph({ graph }: OnnxModel): Map<string, Role> {
  const roles = new Map<string, Role>();
  for (const node of graphsIn(graph).flatMap(g => g.nodes)) {
    const kind = Object.hasOwn(RECURRENT_OPS, node.opType) ? RECURRENT_OPS[node.opType] : undefined;
    node.inputs.forEach((name, i) => {
      if (kind) {
        const gated = i >= 1 && i <= 3;
        roles.set(name, { role: INPUT_ROLES[i] ?? 'input', gates: gated ? gatesOf(kind, 'onnx') : i === 7 ? ['i', 'o', 'f'] : null });
      } else if ((node.opType === 'MatMul' || node.opType === 'Gemm') && i > 0)
        roles.set(name, { role: i === 1 ? 'kernel' : 'bias', gates: null });
      else if (!roles.has(name) && node.opType === 'Add') roles.set(name, { role: 'bias', gates: null });
    });
  }
  return roles;
}
