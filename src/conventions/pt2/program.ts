import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { asObject, type Json, list } from '../../layers/kerasConfig.js';
import { checkCall } from './checkCall.js';

/** The graph of a .pt2 as plain data: calls of ATen operators with typed arguments (torch.export's schema, version 8). */

/** A size or a number: fixed, or a symbol whose value is known only at run time. */
export type Size = number | { readonly symbol: string };

export type Argument = { readonly tensor: string } | readonly Argument[] | Size | string | boolean | null;

/** torch.export's numbers of dtypes: 1 to 5 are integers, 12 is bool. */
export const BOOL = 12;

/** Whether a dtype number of torch.export is an integer type. */
export function isWhole(type: number): boolean {
  return type >= 1 && type <= 5;
}

export interface AtenNode {
  /** such as 'aten.lstm.input' */
  readonly target: string;
  readonly args: ReadonlyMap<string, Argument>;
  /** names of the outputs; null for one that is neither a tensor nor a size */
  readonly outputs: readonly (string | null)[];
}

export interface Program {
  readonly nodes: readonly AtenNode[];
  /** value -> its name in the state dict, for parameters, buffers and constants */
  readonly parameters: ReadonlyMap<string, string>;
  /** the names among these that a state dict contains */
  readonly saved: ReadonlySet<string>;
  readonly inputs: readonly string[];
  /** value -> sizes, where the file states them */
  readonly sizes: ReadonlyMap<string, readonly Size[]>;
  /** value -> torch's number of its dtype */
  readonly types: ReadonlyMap<string, number>;
  readonly outputs: readonly string[];
}

const KNOWN_SCHEMA = 8;

/** Reads the graph of a program and checks its form. @throws RnnError E_PT2_SCHEMA, E_PT2_GRAPH */
export function readProgram(architecture: unknown): Program {
  const file = asObject(architecture, 'exported program');
  const version = (file.schema_version as Json | undefined)?.major;
  if (version !== KNOWN_SCHEMA) {
    const message = `the program is written in version ${escapeText(String(version))} of torch.export's schema`;
    throw new RnnError('unsupported', 'E_PT2_SCHEMA', message, {
      expected: `version ${KNOWN_SCHEMA} (PyTorch 2.7 and later)`,
      found: escapeText(String(version)),
      fix: 'save it again with a current PyTorch: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
    });
  }
  const module = asObject(file.graph_module, 'graph module');
  const graph = asObject(module.graph, 'graph');
  const signature = asObject(module.signature, 'signature');
  const parameters = new Map<string, string>();
  const saved = new Set<string>();
  const inputs: string[] = [];
  for (const spec of list(signature.input_specs)) readInputSpec(asObject(spec, 'input spec'), { parameters, saved, inputs });
  const outputs = list(signature.output_specs).flatMap(spec => {
    const user = (spec as Json).user_output as Json | undefined;
    const tensor = (user?.arg as Json | undefined)?.as_tensor as Json | undefined;
    return typeof tensor?.name === 'string' ? [tensor.name] : [];
  });
  if (outputs.length === 0)
    throw new RnnError('unsupported', 'E_PT2_GRAPH', 'the program does not return a tensor', {
      where: 'output_specs',
      expected: 'a tensor as output',
    });
  const values = Object.entries((graph.tensor_values ?? {}) as Json);
  const types = new Map(values.map(([name, meta]) => [name, Number((meta as Json | null)?.dtype)]));
  const sizes = new Map(values.map(([name, meta]) => [name, list((meta as Json).sizes).map(n => sizeOf(n))]));
  return { nodes: list(graph.nodes).map(n => readNode(asObject(n, 'node'))), parameters, saved, inputs, sizes, types, outputs };
}

interface InputSpecs {
  readonly parameters: Map<string, string>;
  readonly saved: Set<string>;
  readonly inputs: string[];
}

function readInputSpec(spec: Json, { parameters, saved, inputs }: InputSpecs): void {
  const [[kind, value]] = Object.entries(spec);
  const body = asObject(value, 'input spec');
  const arg = (body.arg ?? {}) as Json;
  if (kind === 'parameter') saved.add(String(body.parameter_name));
  if (kind === 'buffer' && body.persistent !== false) saved.add(String(body.buffer_name));
  const name = String(arg.name ?? (arg.as_tensor as Json | undefined)?.name ?? '');
  if (kind === 'user_input') {
    if (name !== '') inputs.push(name);
  } else if (kind === 'parameter') parameters.set(name, String(body.parameter_name));
  else if (kind === 'buffer') parameters.set(name, String(body.buffer_name));
  else if (kind === 'tensor_constant') parameters.set(name, String(body.tensor_constant_name));
  else
    throw new RnnError('unsupported', 'E_PT2_GRAPH', `inputs of the kind ${escapeText(kind, 40)} are not supported`, {
      expected: 'parameters, buffers and tensors',
      found: escapeText(kind, 40),
    });
}

function readNode(node: Json): AtenNode {
  const target = String(node.target).replace(/^torch\.ops\./, '');
  checkCall(target, list(node.inputs));
  const args = new Map(list(node.inputs).map(input => [String((input as Json).name), argumentOf((input as Json).arg)]));
  const outputs = list(node.outputs).flatMap((output): (string | null)[] => {
    const [[kind, value]] = Object.entries(output as Json);
    if (kind === 'as_tensors') return list(value).map(t => String((t as Json).name));
    if (kind === 'as_tensor') return [String((value as Json).name)];
    if (kind === 'as_sym_int') return [String((value as Json).as_name ?? '')];
    return [null];
  });
  return { target, args, outputs };
}

function argumentOf(arg: unknown): Argument {
  const [[kind, value]] = Object.entries(asObject(arg, 'argument'));
  switch (kind) {
    case 'as_none':
      return null;
    case 'as_tensor':
      return { tensor: String((value as Json).name) };
    case 'as_tensors':
      return list(value).map(t => ({ tensor: String((t as Json).name) }));
    case 'as_optional_tensors':
      return list(value).map(t => argumentOf(t));
    case 'as_optional_tensor':
      return argumentOf(value);
    case 'as_sym_int':
      return sizeOf(value);
    case 'as_sym_ints':
      return list(value).map(sizeOf);
    case 'as_ints':
    case 'as_bools':
      return list(value) as number[];
    case 'as_floats':
      return list(value).map(Number);
    case 'as_float':
      return Number(value);
    case 'as_int':
    case 'as_bool':
    case 'as_string':
    case 'as_scalar_type':
    case 'as_memory_format':
    case 'as_layout':
      return value as number | boolean | string;
    case 'as_device':
      return String((value as Json).type);
    default:
      throw new RnnError('unsupported', 'E_PT2_GRAPH', `arguments of the kind ${escapeText(kind, 40)} are not supported`, {
        expected: 'tensors, numbers, flags',
        found: escapeText(kind, 40),
      });
  }
}

/** {as_int}, {as_name} or {as_expr: {expr_str}} */
function sizeOf(value: unknown): Size {
  if (typeof value === 'number') return value;
  const size = (value ?? {}) as Json;
  if (typeof size.as_int === 'number') return size.as_int;
  const expr = (size.as_expr as Json | undefined)?.expr_str;
  return { symbol: String(size.as_name ?? expr ?? '?') };
}
