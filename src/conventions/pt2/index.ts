import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';
import { SPEC_SCHEMA } from '../../model/spec.js';
import { formatShape, sameShape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { applyNode } from './aten.js';
import { Call } from './call.js';
import { checkSizes } from './checkSizes.js';
import { isWhole, type Program, readProgram, type Size } from './program.js';
import { COMPLEX } from './spectrum.js';
import { unsupportedOperator, Wiring } from './wiring.js';

/**
 * Converts a program saved by torch.export to a spec and its weights. Recurrent modules, Linear and Embedding become layers with the names
 * of their modules, everything else becomes operators. The file is complete, so nothing is assumed.
 * @throws RnnError E_PT2_OPERATOR, E_PT2_GRAPH, E_PT2_SCHEMA (unsupported)
 */
export function specFromProgram(architecture: unknown, tensors: ReadonlyMap<string, Tensor>): ProgramSpec {
  const program = readProgram(architecture);
  const asItIs = specOf(program, tensors, new Set());
  return asItIs.stepsFirst.size === 0 ? asItIs : specOf(program, tensors, asItIs.stepsFirst);
}

/**
 * The same program with the weights of a state dict of its module.
 * @returns undefined if none of the names are the program's, although all numbers of the program are weights of layers
 * @throws RnnError E_WEIGHT_SHAPE; E_WEIGHT_EXTRA if operators would keep numbers of the program itself
 */
export function programWith(
  architecture: unknown,
  own: ReadonlyMap<string, Tensor>,
  given: ReadonlyMap<string, Tensor>,
): ProgramSpec | undefined {
  const saved = [...readProgram(architecture).saved];
  if (!saved.every(name => given.has(name)) || ![...given.keys()].every(name => own.has(name))) {
    const numbers = (tensors: Iterable<Tensor | undefined>) =>
      [...tensors].reduce((sum, t) => sum + (t && t.shape.length > 0 ? sizeOf(t.shape) : 0), 0);
    const ofLayers = numbers(specFromProgram(architecture, own).weights.values());
    if (numbers(saved.map(name => own.get(name))) <= ofLayers) return undefined;
    throw otherNames(saved, given);
  }
  for (const [name, { shape }] of given) {
    const expected = own.get(name)!.shape;
    if (sameShape(shape, expected)) continue;
    throw new RnnError('convention', 'E_WEIGHT_SHAPE', `expected ${formatShape(expected)}, found ${formatShape(shape)}`, {
      where: escapeText(name, 80),
      expected: formatShape(expected),
      found: formatShape(shape),
      fix: STATE_DICT,
    });
  }
  return specFromProgram(architecture, new Map([...own, ...given]));
}

const STATE_DICT = 'give the state_dict() of the module that was exported, or export it with these weights';

function otherNames(saved: readonly string[], given: ReadonlyMap<string, Tensor>): RnnError {
  const some = (names: readonly string[]) => escapeText(names.slice(0, 5).join(', '), 200);
  const message = 'its names are not those of the program, whose operators have numbers of their own';
  return new RnnError('convention', 'E_WEIGHT_EXTRA', message, {
    expected: some(saved.filter(name => !given.has(name))) || some(saved),
    found: some([...given.keys()].filter(name => !saved.includes(name))) || some([...given.keys()]),
    fix: STATE_DICT,
  });
}

export interface ProgramSpec {
  readonly spec: Json;
  readonly weights: Weights;
  /** inputs that are [T, N, …] in the program and [N, T, …] in the spec */
  readonly stepsFirst: ReadonlySet<string>;
  /** inputs of integers: token numbers, lengths, indices */
  readonly wholeInputs: ReadonlySet<string>;
}

function specOf(program: Program, tensors: ReadonlyMap<string, Tensor>, stepsFirst: ReadonlySet<string>): ProgramSpec {
  const wiring = new Wiring(program, tensors);
  for (const input of program.inputs) {
    if (stepsFirst.has(input)) wiring.turnedInput(input, program.sizes.get(input)?.length ?? 3);
    else wiring.set(input, { value: wiring.free(input) });
  }
  for (const node of program.nodes)
    within(escapeText(node.outputs.find(o => o !== null) ?? node.target, 60), () => {
      applyNode(new Call(node, wiring));
    });
  const complex = program.outputs.find(name => COMPLEX.has(program.types.get(name) ?? 0));
  if (complex !== undefined) throw unsupportedOperator(`the complex output ${complex}`);
  const outputs = program.outputs.map(tensor => ({ name: tensor, value: wiring.input({ tensor }) }));
  const used = usedLayers(
    wiring.layers,
    outputs.map(o => o.value),
  );
  const [only, ...others] = outputs;
  const spec = {
    schema: SPEC_SCHEMA,
    name: 'program',
    functional: true,
    framework: 'torch',
    inputs: program.inputs.map(name => ({ name, ...inputSizes(program.sizes.get(name) ?? [], stepsFirst.has(name)) })),
    layers: used,
    ...(others.length === 0 && only.name === only.value ? { output: only.value } : { outputs }),
  };
  checkSizes(wiring, { ...spec, layers: wiring.layers });
  return {
    spec,
    weights: new Map([...wiring.weights].filter(([key]) => used.some(l => key.startsWith(`${l.name}/`)))),
    stepsFirst: stepsFirst.size > 0 ? stepsFirst : wiring.stepsFirst,
    wholeInputs: new Set(program.inputs.filter(name => isWhole(program.types.get(name) ?? 0))),
  };
}

/** The shape of an input; sizes without a fixed value stay open. */
function inputSizes([a, b, ...others]: readonly Size[], turned: boolean): Json {
  const [first, ...rest] = (turned ? [b, a, ...others] : [a, b, ...others]).filter(n => n !== undefined);
  const batch = typeof first === 'number' ? first : null;
  const sizes = rest.map(n => (typeof n === 'number' ? n : null));
  return sizes.length === 2 && sizes[1] !== null ? { batch, timesteps: sizes[0], features: sizes[1] } : { batch, shape: sizes };
}

/** The layers that an output depends on, in their order; unused sums of weights and unused states are dropped. */
function usedLayers(layers: readonly Json[], outputs: readonly string[]): Json[] {
  const needed = new Set(outputs.map(layerOf));
  const kept: Json[] = [];
  for (const layer of [...layers].reverse()) {
    if (!needed.has(String(layer.name))) continue;
    kept.unshift(layer);
    for (const value of [...(layer.inputs as string[]), ...((layer.states as string[]) ?? [])]) needed.add(layerOf(value));
    if (layer.shares) needed.add(String(layer.shares));
  }
  return kept;

  function layerOf(value: string): string {
    return layers.find(l => l.name === value) ? value : value.replace(/(\/(forward|backward))?\/[a-z\d]$/, '');
  }
}
