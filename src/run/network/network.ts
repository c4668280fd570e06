import { getCell } from '../../cells/index.js';
import { RnnError, within } from '../../errors.js';
import type { TensorFile } from '../../formats/format.js';
import type { OnnxModel } from '../../formats/onnx/graph.js';
import { readAll } from '../../formats/source.js';
import { type Assumption, checkAssumptions } from '../../model/assumptions.js';
import { checkSpec } from '../../model/check.js';
import type { FrameworkName } from '../../model/frameworks.js';
import { layersLineOf } from '../../model/layersLine.js';
import { inferShapes, type ModelShapes, weightShapesByLayer } from '../../model/shapes.js';
import { isRecurrent, type ModelSpec, SPEC_SCHEMA } from '../../model/spec.js';
import { checkWeights, type Weights } from '../../weights/weights.js';
import type { ModelFile } from '../files/describedFile.js';
import type { InputRequest, NetworkRequest } from '../request.js';
import { checkRules } from '../requestRules.js';
import { backendAssumptions } from './backend.js';
import { describe, fromDimensions } from './description.js';
import { withExcerpt } from './excerpt.js';
import { specFromWeights, weightsOf } from './heldWeights.js';
import { checkSizesHeld, type KnownShape, noSize, shownPath, withSizes } from './networkSizes.js';
import { checkNoDimensions } from './oneForm.js';

/** A network made from a request in one of its four forms, and checked; weights come from a file if one is named. */
export interface Network {
  readonly framework: FrameworkName;
  readonly model: ModelSpec;
  readonly shapes: ModelShapes;
  /** from a file; absent: to be drawn */
  readonly weights?: Weights;
  readonly weightsSource: string | null;
  /** why a file that should contain weights does not */
  readonly withoutWeights?: string;
  readonly notes: readonly string[];
  /** facts that can change y and that neither the file nor a flag states */
  readonly assumptions: readonly Assumption[];
  /** the file that describes the network */
  readonly described?: ModelFile;
  /** E_ASK: the numbers depend on something that is not known; the shapes do not */
  readonly ask?: RnnError;
  /** names of tensors in the weights file that do not belong to the network */
  readonly skipped?: readonly string[];
  /** an ONNX graph; if `exact` is false, model and shapes only show its layers: what is run is `networkOfGraph`, or the graph itself */
  readonly graph?: { readonly model: OnnxModel; readonly bytes: Uint8Array | null; readonly exact: boolean };
  /** names of inputs that are time-major in the file, and batch-major here */
  readonly stepsFirst?: ReadonlySet<string>;
  /** names of inputs that are integers in the file: tokens, lengths, positions */
  readonly wholeInputs?: ReadonlySet<string>;
}

/**
 * @param opened the file named by `--model`, if it has already been read
 * @throws RnnError of any kind that a description can cause
 */
export async function loadNetwork(request: NetworkRequest, known?: KnownShape, opened?: ModelFile): Promise<Network> {
  const network = await loadDescription(request, known, opened);
  if (network.ask) throw network.ask;
  const ofBackend = backendAssumptions(network);
  checkAssumptions(ofBackend, request.strict);
  return { ...network, assumptions: [...network.assumptions, ...ofBackend] };
}

/** `loadNetwork` for shapes and counts only: does not ask for facts that only affect numbers. */
export async function loadDescription(request: NetworkRequest, known?: KnownShape, opened?: ModelFile): Promise<Network> {
  const read = await readNetwork(request, known, opened).catch(async error => {
    if (!(error instanceof RnnError) || error.code !== 'E_FEATURES') throw error;
    // errors that do not depend on the number of features come first
    if (request.model === undefined) await readNetwork({ ...request, weights: undefined, D: 1 }, known);
    throw noSize('D', 'how many features a step has');
  });
  const { h0, c0 } = request as InputRequest;
  // a state that is given was not omitted
  const network = (h0 ?? c0) ? { ...read, assumptions: read.assumptions.filter(({ fact }) => fact !== 'state') } : read;
  if (network.model.layers.length > 0) checkSizesHeld(network, request);
  checkAssumptions(network.assumptions, request.strict, () => layersLineOf(network.model, network.framework));
  return network;
}

/**
 * Assigns a file its role in a request: weights if `--layers` is given, else the model.
 * @throws RnnError E_CONFLICT if `--weights` names a second file of weights
 */
export function placedFile(path: string, opened: ModelFile, hints: NetworkRequest): [NetworkRequest, undefined, ModelFile | undefined] {
  if (hints.layers === undefined || opened.spec || opened.graph || opened.problem) return [{ ...hints, model: path }, undefined, opened];
  if (hints.weights === undefined) return [{ ...hints, weights: path }, undefined, undefined];
  throw new RnnError('usage', 'E_CONFLICT', `${shownPath(path)} and --weights both hold the weights of --layers`, {
    fix: 'drop --weights',
  });
}

async function readNetwork(request: NetworkRequest, known?: KnownShape, opened?: ModelFile): Promise<Network> {
  checkRules(request);
  const described = opened ?? (await openModel(request));
  const problem = described?.problem;
  if (problem)
    within(shownPath(request.model!), () => {
      throw problem;
    });
  if (described?.graph) return graphNetwork(described.graph, described, request);
  if (described && !described.spec) return fromWeightsAlone(request, known, described);
  if (described) checkNoDimensions(request);
  if (described?.weights && request.weights === undefined) return readyNetwork(described, described.weights, request);
  const program = described?.withTensors && (await programOf(described, request));
  if (program) return program;
  const own = described && holdsWeights(described.file) ? described.file : undefined;
  const source = request.weights ?? (own ? request.model! : null);
  const file = request.weights === undefined ? own : await (await import('../files/modelFile.js')).readTensorFile(request.weights);
  const readWeights = async () => weightsOf(source!, described?.unpack?.(file!) ?? file!, request.layers !== undefined);
  // an empty file only matters if the network turns out to have weights
  const isEmpty = file?.tensors.size === 0 && described?.spec !== undefined;
  const held = file && !isEmpty ? await readWeights() : undefined;
  const framework = described?.framework ?? request.framework ?? held?.convention.framework ?? 'keras';
  const draft = await describe(request, known, described?.spec, held);
  const check = () => {
    const model = checkSpec(draft.spec, framework);
    return { model, shapes: inferShapes(model) };
  };
  const { model, shapes } = withExcerpt(draft, () => (request.model === undefined ? check() : within(shownPath(request.model), check)));
  const hasWeights = shapes.layers.some(l => l.weights.length > 0);
  if (isEmpty && hasWeights) await readWeights();
  const weights = held && within(shownPath(source!), () => held.convention.toWeights(shapes, held.tensors, held.metadata));
  const notes = [...(described && own !== file ? described.file.notes : []), ...(file?.notes ?? []), ...frameworkNotes(request, described)];
  const unbuilt = described && !file && hasWeights && WHOLE_MODELS.has(described.file.format) ? { withoutWeights: UNBUILT } : {};
  const { ask } = draft;
  const fitted = draft.assumptions ?? held?.convention.assumed?.(shapes, held.tensors) ?? [];
  const assumptions = [...(described?.assumptions ?? []), ...(held?.assumptions ?? []), ...fitted];
  const asked = ask ? { ask: placed(ask, source!) } : {};
  const skipped = held?.skipped ?? [];
  return { framework, model, shapes, weights, weightsSource: source, ...unbuilt, notes, assumptions, ...asked, skipped, described };
}

/** A program with other weights, from which all its numbers are taken, including those of operators. Undefined if it has only layers. */
async function programOf(described: ModelFile, request: NetworkRequest): Promise<Network | undefined> {
  const given = await (await import('../files/modelFile.js')).readTensorFile(request.weights!);
  const other = within(shownPath(request.weights!), () => described.withTensors!(given.tensors));
  if (!other) return undefined;
  const network = readyNetwork({ ...described, ...other }, other.weights, request);
  return { ...network, weightsSource: request.weights!, notes: [...network.notes, ...given.notes] };
}

/** The network of a file whose description says which tensor is which weight. */
function readyNetwork(opened: ModelFile, weights: Weights, request: NetworkRequest): Network {
  const { file, spec, framework, stepsFirst, wholeInputs } = opened;
  const path = shownPath(request.model!);
  return within(path, () => {
    const model = checkSpec(withSizes(spec!, request, undefined), framework);
    const shapes = inferShapes(model);
    checkWeights(weightShapesByLayer(shapes), weights);
    const source = { weights, weightsSource: request.model!, stepsFirst, wholeInputs };
    const notes = [...file.notes, ...frameworkNotes(request, opened)];
    return { framework: framework ?? 'keras', model, shapes, ...source, notes, assumptions: [], described: opened };
  });
}

/** Formats in which Keras stores a description together with its weights. */
const WHOLE_MODELS: ReadonlySet<string> = new Set(['keras', 'h5']);
const UNBUILT = 'the model was saved before it was built: the file describes it and holds no weights';

/** Whether a file contains any weight of the network: the state of an optimizer or of a random layer is none. */
function holdsWeights({ tensors }: TensorFile): boolean {
  return [...tensors.keys()].some(name => !NO_WEIGHT.test(name));
}

export const NO_WEIGHT = /^optimizer|(^|\/)seed_generator\//;

/**
 * Reads the file that describes the network; undefined if flags describe it. The readers are only loaded if there is a file.
 * @throws RnnError kinds 'io', 'format', 'limit', 'convention', 'unsupported'
 */
export async function openModel({ model }: { model?: string }): Promise<ModelFile | undefined> {
  if (model === undefined) return undefined;
  const { readNetworkFile } = await import('../files/modelFile.js');
  return readNetworkFile(model);
}

/** `--model` with a file of weights: they describe the network as far as possible, and flags the rest. */
async function fromWeightsAlone(request: NetworkRequest, known: KnownShape, { file, framework }: ModelFile): Promise<Network> {
  const path = request.model!;
  if (request.layers !== undefined || request.weights !== undefined) {
    throw new RnnError('usage', 'E_CONFLICT', `${shownPath(path)} holds weights but does not describe a network`, {
      expected: 'a model file, or a spec',
      found: 'weights only',
      fix: `use --weights ${shownPath(path)} together with a description`,
    });
  }
  const held = await weightsOf(path, file);
  const rules = request.framework ?? framework ?? held.convention.framework;
  const own = { ...request, model: undefined, weights: path };
  const draft = within(shownPath(path), () => specFromWeights(own, known, held)) ?? { spec: fromDimensions(own, known) };
  const { ask } = draft;
  const assumptions = [...held.assumptions, ...(draft.assumptions ?? [])];
  const model = checkSpec(draft.spec, rules);
  const shapes = inferShapes(model);
  const weights = within(shownPath(path), () => held.convention.toWeights(shapes, held.tensors, held.metadata));
  const asked = ask ? { ask: placed(ask, path) } : {};
  const { skipped } = held;
  return { framework: rules, model, shapes, weights, weightsSource: path, notes: file.notes, assumptions, ...asked, skipped };
}

/** Adds the name of the file to a question about it. */
function placed(ask: RnnError, path: string): RnnError {
  ask.where ??= shownPath(path);
  return ask;
}

function graphNetwork({ model: graph, layers }: NonNullable<ModelFile['graph']>, opened: ModelFile, request: NetworkRequest): Network {
  const { file, source, assumptions = [] } = opened;
  checkNoDimensions(request);
  if (request.weights !== undefined)
    throw new RnnError('usage', 'E_CONFLICT', `${shownPath(request.model!)} and --weights both hold the weights of the graph`, {
      fix: 'drop --weights',
    });
  const found = 'model' in layers ? layers : undefined;
  const sized = found && { ...found.model, input: withSizes({ ...found.model }, request, undefined).input as ModelSpec['input'] };
  const { model, shapes } = sized ? { model: sized, shapes: inferShapes(sized) } : emptyNetwork(graph.graph.name);
  return {
    framework: 'onnx',
    model,
    shapes,
    weights: found?.weights ?? file.tensors,
    weightsSource: request.model!,
    notes: [...file.notes, ...frameworkNotes(request, opened)],
    assumptions,
    graph: {
      model: graph,
      exact: found?.exact ?? false,
      get bytes() {
        return graph.external ? null : readAll(source);
      },
    },
  };
}

/** The empty layer list of a graph that is not a chain of layers. */
function emptyNetwork(name = ''): Pick<Network, 'model' | 'shapes'> {
  const input = { name: 'input', batch: null, timesteps: null, features: null };
  return {
    model: { schema: SPEC_SCHEMA, name: name || 'graph', functional: true, input, layers: [], output: 'input' },
    shapes: { input: [], layers: [], output: [], values: new Map() },
  };
}

/** A note if the file's framework overrides --framework, or the framework that --rng implies (prepare.ts). */
function frameworkNotes({ framework, rng }: NetworkRequest & Pick<InputRequest, 'rng'>, described: ModelFile | undefined): string[] {
  if (!described?.framework || framework === undefined || framework === described.framework) return [];
  const without = rng === framework ? `--rng ${rng} draws, and changes nothing else` : `--framework ${framework} changes nothing`;
  return [`the file follows the rules of ${described.framework}: ${without}`];
}

/** 'SimpleRNN, many to one': cell and task in words, for the heading of a report. */
export function titleOf({ model, shapes }: Pick<Network, 'model' | 'shapes'>): string {
  const recurrent = model.layers.filter(isRecurrent);
  const kinds = [...new Set(recurrent.map(l => `${l.bidirectional ? 'bidirectional ' : ''}${getCell(l.kind).title}`))];
  const name = kinds.length === 0 ? 'no recurrent layer' : kinds.join(' + ');
  return `${name}, many to ${shapes.output.length === 3 ? 'many' : 'one'}`;
}
