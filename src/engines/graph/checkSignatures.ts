import { versionsOf } from '../../conventions/onnx/attributeVersions.js';
import { type Place, signatureOf } from '../../conventions/onnx/signatures.js';
import { RnnError, within } from '../../errors.js';
import { escapeNames, escapeText } from '../../escape.js';
import type { DType } from '../../formats/format.js';
import { type OnnxAttribute, type OnnxGraph, type OnnxModel, type OnnxNode, subgraphsOf } from '../../formats/onnx/graph.js';
import { ONNX_DTYPES } from '../../formats/onnx/types.js';
import { nodePlace } from '../../ops/attributes.js';
import { checkWord } from '../../ops/words.js';

/** Types by names of values; null: unknown. */
type Types = Map<string, DType | null>;

/**
 * Checks the nodes of ONNX's own operators: numbers of inputs and outputs, required attributes, and types, which ONNX never converts implicitly.
 * A graph that breaks these rules might still be computable, but no program that follows ONNX would run it.
 * @throws RnnError E_ONNX_INPUT, E_ONNX_ATTRIBUTE, E_ONNX_TYPE (format)
 */
export function checkSignatures({ graph, opsets }: OnnxModel): void {
  checkGraph(graph, opsets.get('') ?? 1, new Map());
}

function checkGraph(graph: OnnxGraph, opset: number, around: Types): void {
  const types: Types = new Map(around);
  for (const { name, dtype } of graph.inputs) types.set(name, dtype);
  for (const [name, { dtype }] of graph.initializers) types.set(name, dtype);
  for (const node of graph.nodes) {
    const given = within(nodePlace(node), () => checkNode(node, node.opset ?? opset, types));
    for (const [, inner] of subgraphsOf(node)) checkGraph(inner, opset, types);
    node.outputs.forEach((name, i) => {
      types.set(name, given[i] ?? null);
    });
  }
  for (const output of graph.outputs) checkDeclared(output, types.get(output.name) ?? null);
}

/** @throws RnnError E_ONNX_TYPE where a graph declares its output as another type than it computes */
function checkDeclared({ name, dtype }: OnnxGraph['outputs'][number], type: DType | null): void {
  if (!type || !dtype || type === dtype) return;
  throw new RnnError('format', 'E_ONNX_TYPE', `the output '${escapeText(name, 60)}' is declared as ${dtype} and computed as ${type}`, {
    where: escapeText(name, 60),
    expected: dtype,
    found: type,
    fix: 'a Cast node before it converts the numbers',
  });
}

/** Checks one node. @returns the types of its outputs, as far as they are known */
function checkNode(node: OnnxNode, opset: number, types: Types): (DType | null)[] {
  for (const [name, attribute] of node.attributes) {
    checkSwitch(name, attribute);
    if (node.domain === '') checkAttribute(node, opset, name, attribute);
  }
  if (node.domain === '') checkPads(node);
  const signature = signatureOf(node, opset);
  if (!signature) return [];
  const missing = signature.required.find(name => !node.attributes.has(name));
  if (missing)
    throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `the node has no ${missing}`, {
      expected: `the attribute ${missing}`,
      found: escapeNames([...node.attributes.keys()]) || 'none',
    });
  const same = new Map<string, { type: DType; name: string }>();
  placesOf(node, signature.inputs, 'input').forEach((place, i) => {
    checkType(place, node.inputs[i], types.get(node.inputs[i]) ?? null, same);
  });
  const own = typeGiven(node);
  return placesOf(node, signature.outputs, 'output').map(
    ({ types: allowed, same: letter }) => same.get(letter ?? '')?.type ?? (allowed?.length === 1 ? allowed[0] : own),
  );
}

/** Attributes that are 1 or 0. */
const SWITCHES: ReadonlySet<string> = new Set(
  `align_corners allowzero antialias ceil_mode count_include_pad detect_negative detect_positive exclude_outside exclusive fmod input_forget inverse
  is_causal keepdims largest layout linear_before_reset new_axis noop_with_empty_axes normalize_variance onesided periodic reverse saturate
  scan_input_directions scan_output_directions select_last_index sorted spatial storage_order training_mode transA transB transBatchA
  transBatchB upper`.split(/\s+/),
);

/** Checks that a switch is 0 or 1; programs disagree on what other numbers mean. @throws RnnError E_ONNX_ATTRIBUTE */
function checkSwitch(name: string, attribute: OnnxAttribute): void {
  if (!SWITCHES.has(name) || (attribute.type !== 'int' && attribute.type !== 'ints')) return;
  const other = [attribute.value].flat().find(value => value !== 0n && value !== 1n);
  if (other === undefined) return;
  throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `${name} is ${other}`, { where: name, expected: '0 or 1', found: String(other) });
}

/** Checks that the operator set has the attribute, and that the attribute is a word that it knows. @throws RnnError E_ONNX_ATTRIBUTE */
function checkAttribute({ opType }: OnnxNode, opset: number, name: string, attribute: OnnxAttribute): void {
  const versions = versionsOf(opType, name);
  const [first, last] = versions?.split('-') ?? [];
  if (versions !== undefined && (opset < Number(first) || (last && opset > Number(last))))
    throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `${opType} of operator set ${opset} has no attribute ${name}`, {
      where: name,
      expected: `operator set ${versions.replace(/^-/, 'up to ').replace(/-$/, ' or newer').replace('-', ' to ')}`,
      found: String(opset),
    });
  if (attribute.type === 'string') checkWord(opType, name, attribute.value);
}

/** Checks that a window has either pads or a rule for them. @throws RnnError E_ONNX_ATTRIBUTE */
function checkPads({ attributes }: OnnxNode): void {
  const [auto, pads] = ['auto_pad', 'pads'].map(name => attributes.get(name));
  if (auto?.type !== 'string' || auto.value === 'NOTSET' || pads?.type !== 'ints' || pads.value.every(n => n === 0n)) return;
  throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `the node has pads, and auto_pad = ${escapeText(auto.value, 40)} as well`, {
    where: 'pads',
    expected: 'one of them',
    found: `[${pads.value.join(', ')}]`,
  });
}

/** Returns the signature's place of each value of the node. @throws RnnError E_ONNX_INPUT if there are too few or too many, or a required one is left out */
function placesOf(node: OnnxNode, places: readonly Place[], what: 'input' | 'output'): Place[] {
  const names = what === 'input' ? node.inputs : node.outputs;
  const last = places.at(-1);
  const fewest = places.findLastIndex(place => !place.optional) + 1;
  const most = last?.repeated ? Number.POSITIVE_INFINITY : places.length;
  const given = names.findLastIndex(name => name !== '') + 1;
  const left = what === 'input' ? places.findIndex((place, i) => !place.optional && !place.repeated && !names[i]) : -1;
  if (given > most || left >= 0 || (what === 'input' && given < fewest)) {
    const expected = fewest === most ? String(most) : most === Number.POSITIVE_INFINITY ? `${fewest} or more` : `${fewest} to ${most}`;
    throw new RnnError('format', 'E_ONNX_INPUT', `the node has ${left >= 0 ? `no ${what} ${left}` : `${given} ${what}s`}`, {
      expected: `${expected} ${expected === '1' ? what : `${what}s`}`,
      found: String(given),
    });
  }
  return names.map((_, i) => places[i] ?? last!);
}

/** @param same types of the earlier inputs, by the type variable they share @throws RnnError E_ONNX_TYPE */
function checkType(
  { types, same: letter }: Place,
  name: string,
  type: DType | null,
  same: Map<string, { type: DType; name: string }>,
): void {
  if (!type || !types) return;
  const before = letter ? same.get(letter) : undefined;
  if (letter && !before) same.set(letter, { type, name });
  if (types.includes(type) && (!before || before.type === type)) return;
  const beside = before && types.includes(type) ? ` beside '${escapeText(before.name, 60)}' of ${before.type}` : '';
  throw new RnnError('format', 'E_ONNX_TYPE', `it reads '${escapeText(name, 60)}' of type ${type}${beside}`, {
    expected: before ? before.type : types.join(', '),
    found: type,
    fix: 'a Cast node before it converts the numbers',
  });
}

const CONSTANTS: Readonly<Record<string, DType>> = { value_float: 'f32', value_floats: 'f32', value_int: 'i64', value_ints: 'i64' };

/** Returns the output type that attributes alone determine; null: unknown. */
function typeGiven({ opType, attributes }: OnnxNode): DType | null {
  const asked = attributes.get(opType === 'Cast' ? 'to' : 'dtype');
  if (asked?.type === 'int') return ONNX_DTYPES.get(Number(asked.value)) ?? null;
  const value = attributes.get('value');
  if (value?.type === 'tensor') return value.value.dtype;
  if (opType === 'ConstantOfShape') return 'f32';
  return Object.entries(CONSTANTS).find(([name]) => attributes.has(name))?.[1] ?? null;
}
