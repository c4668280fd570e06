import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type OnnxAttribute, type OnnxGraph, type OnnxNode, withBodies } from './graph.js';

/** A function defined in a model: the nodes that replace a call of it. */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  /** attributes that a call may leave out */
  readonly defaults: ReadonlyMap<string, OnnxAttribute>;
  readonly opsets: ReadonlyMap<string, number>;
}

type Functions = ReadonlyMap<string, OnnxFunction>;

export function functionKey({ domain, name, overload }: Pick<OnnxFunction, 'domain' | 'name' | 'overload'>): string {
  return [domain, name, overload].join('::');
}

/** Most nodes after expansion: functions that each call the next one twice double the number at every level. */
const MOST_NODES = 200_000;
const MOST_DEPTH = 32;

interface State {
  readonly functions: Functions;
  calls: number;
  nodes: number;
}

/**
 * Replaces every call of a function by the function's nodes, whose values are named after the call.
 * @throws RnnError E_LIMIT_FUNCTIONS (limit) if functions call each other endlessly or expand to too many nodes
 */
export function expandFunctions(graph: OnnxGraph, functions: Functions): OnnxGraph {
  return functions.size === 0 ? graph : expandGraph(graph, { functions, calls: 0, nodes: 0 }, 0);
}

function expandGraph(graph: OnnxGraph, state: State, depth: number): OnnxGraph {
  return { ...graph, nodes: graph.nodes.flatMap(node => expandNode(node, state, depth)) };
}

function expandNode(node: OnnxNode, state: State, depth: number): OnnxNode[] {
  const called = state.functions.get(functionKey({ domain: node.domain, name: node.opType, overload: node.overload ?? '' }));
  if (depth > MOST_DEPTH || ++state.nodes > MOST_NODES) {
    throw new RnnError(
      'limit',
      'E_LIMIT_FUNCTIONS',
      `the functions of the model expand to more than ${MOST_NODES} nodes, or call themselves`,
      {
        where: escapeText(node.opType, 60),
        expected: `at most ${MOST_NODES} nodes, ${MOST_DEPTH} nested calls`,
      },
    );
  }
  if (!called) return [withBodies(node, graph => expandGraph(graph, state, depth))];
  const rename = namesOf(node, called, ++state.calls);
  return called.nodes.flatMap(inner => expandNode(placed(inner, rename, node, called), state, depth + 1));
}

/** Returns how names in the body are renamed: inputs and outputs become the caller's values, other names are prefixed with the call's. */
function namesOf(call: OnnxNode, { inputs, outputs }: OnnxFunction, number: number): (name: string) => string {
  const given = new Map(inputs.map((name, i) => [name, call.inputs[i] ?? '']));
  outputs.forEach((name, i) => {
    if (call.outputs[i]) given.set(name, call.outputs[i]);
  });
  const prefix = `${call.name || call.opType}#${number}/`;
  return name => (name === '' ? '' : (given.get(name) ?? prefix + name));
}

/** Copies a node of a body, with the caller's names and attributes and the function's operator set. */
function placed(node: OnnxNode, rename: (name: string) => string, call: OnnxNode, called: OnnxFunction): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>();
  for (const [name, attribute] of node.attributes) {
    const value =
      attribute.type === 'reference' ? (call.attributes.get(attribute.value) ?? called.defaults.get(attribute.value)) : attribute;
    if (value) attributes.set(name, value);
  }
  const opset = called.opsets.get('');
  const named = {
    ...node,
    name: rename(node.name),
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes,
    ...(opset === undefined ? {} : { opset }),
  };
  return withBodies(named, graph => ({
    name: graph.name,
    inputs: graph.inputs.map(value => ({ ...value, name: rename(value.name) })),
    outputs: graph.outputs.map(value => ({ ...value, name: rename(value.name) })),
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
    nodes: graph.nodes.map(inner => placed(inner, rename, call, called)),
  }));
}
