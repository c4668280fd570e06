import type { RnnError } from '../errors.js';
import { type Assumption, ask } from '../model/assumptions.js';
import type { FrameworkName } from '../model/frameworks.js';
import { isCellName } from '../model/frameworks.js';
import { layersText } from '../model/layersLine.js';
import type { NetworkHints } from './convention.js';

/** How to save a file from PyTorch that states everything a state dict leaves open. */
export const EXPORT = 'in Python: torch.export.save(torch.export.export(model, (x,)), "model.pt2")';

/** The same in short, for messages that name the page of E_ASK, which has the command. */
export const SAVE_PT2 = 'save the model with torch.export: a .pt2 says it';

/**
 * Returns the start of the sentence that says why a fact is open.
 * @param whole given if the file holds the whole module: its parts, but not the code that uses them
 */
export function whyOpen(framework: FrameworkName, whole?: unknown): string {
  if (framework !== 'torch') return 'the weights do not say';
  return whole ? 'a pickled module does not say' : 'a state dict does not say';
}

/** The same, plus the kind of file that states it. */
export function whyAssumed(framework: FrameworkName, whole?: unknown): string {
  return framework === 'torch' ? `${whyOpen(framework, whole)}, a .pt2 does` : whyOpen(framework);
}

type Layer = Readonly<Record<string, unknown>>;

/**
 * Returns the assumptions behind the layers of a weights file, except their order.
 * @param layers in the order in which they run
 * @param hints facts given by flags, which need not be assumed
 */
export function assumptionsOf(layers: readonly Layer[], hints: NetworkHints, framework: FrameworkName): Assumption[] {
  const why = whyAssumed(framework, hints.module);
  const say = (changed: readonly Layer[]) => `--layers "${layersText(changed, framework)}"`;
  const assumptions: Assumption[] = [];
  const add = (fact: Assumption['fact'], what: string, value: string, changed: readonly Layer[]) =>
    assumptions.push({ fact, what, value, why, say: say(changed) });
  const lastCell = layers.findLastIndex(isCell);
  const reader = layers.slice(lastCell + 1).find(layer => layer.kind === 'dense');
  if (!hints.said?.has('task') && !hints.said?.has('pool')) addSteps(layers, lastCell, reader, add);
  if (!hints.said?.has('activation')) addCellFunctions(layers, framework, add);
  const dense = layers.flatMap((layer, i) => (layer.kind === 'dense' ? [i] : []));
  const asked = openActivations(layers);
  const plain = dense.filter(i => !asked.includes(i) && layers[i].activation === undefined);
  if (plain.length > 0) {
    const last = dense[dense.length - 1];
    const activation = Number(layers[last].units) > 1 ? 'softmax' : 'sigmoid';
    const where = asked.length === 0 ? 'before or after' : 'after';
    const what = `no activation ${where} ${plain.map(i => nameOf(layers[i])).join(', ')}`;
    add('activation', what, 'linear', withField(layers, last, { activation }));
  }
  return assumptions;
}

function addSteps(
  layers: readonly Layer[],
  at: number,
  reader: Layer | undefined,
  add: (fact: 'step' | 'shape', what: string, value: string, changed: readonly Layer[]) => void,
): void {
  const cell = layers[at];
  if (cell.returnSequences === true) return;
  const every = withField(layers, at, { returnSequences: true });
  const name = nameOf(cell);
  if (cell.bidirectional !== undefined && cell.bidirectional !== null) {
    const taken = [...every.slice(0, at + 1), { kind: 'last' }, ...every.slice(at + 1)];
    const what = `${reader ? `${nameOf(reader)} reads` : 'y is'} the last state of each direction of ${name}`;
    add(reader ? 'step' : 'shape', what, 'last', taken);
  } else if (reader) add('step', `${nameOf(reader)} reads the last step of ${name}`, 'last', every);
  else add('shape', `y is the last step of ${name}`, 'last', every);
}

/** Adds the assumed activations of cells. PyTorch's LSTM and GRU have fixed ones, its RNN a choice of two, Keras' cells may have any. */
function addCellFunctions(
  layers: readonly Layer[],
  framework: FrameworkName,
  add: (fact: 'nonlinearity' | 'activation', what: string, value: string, changed: readonly Layer[]) => void,
): void {
  const open = layers.filter(layer => isCell(layer) && layer.activation === undefined && (layer.kind === 'rnn' || framework !== 'torch'));
  if (open.length === 0) return;
  const changed = layers.map(layer => (open.includes(layer) ? { ...layer, activation: 'relu' } : layer));
  const fact = open.every(layer => layer.kind === 'rnn') ? 'nonlinearity' : 'activation';
  add(fact, `${open.map(nameOf).join(', ')} ${open.length > 1 ? 'compute' : 'computes'} tanh`, 'tanh', changed);
}

/** Returns the question (E_ASK) if one dense layer directly follows another: without an activation between them they would be a single layer. */
export function askForActivations(
  layers: readonly Layer[],
  framework: FrameworkName,
  taken: readonly Assumption[],
  whole?: unknown,
): RnnError | undefined {
  const open = openActivations(layers);
  if (open.length === 0) return undefined;
  const pairs = open.map(i => `${nameOf(layers[i])} and ${nameOf(layers[readerOf(layers, i)])}`).join(', ');
  return ask({
    what: `which activation is between ${pairs}, or whether one reads the other at all`,
    why: whyOpen(framework, whole),
    layersLine: layersText(withQuestions(layers), framework),
    taken,
    advice: framework === 'torch' ? `${sideBySide(layers, open[0], framework)}${SAVE_PT2}` : undefined,
  });
}

/** The advice for two Linears of one width, which may also be two parallel heads: choose one by its name. */
function sideBySide(layers: readonly Layer[], at: number, framework: FrameworkName): string {
  const before = layers[at - 1];
  const names = layers.slice(0, at + 1).map(({ title }) => title);
  if (!isCell(before ?? {}) || before.bidirectional || before.units !== layers[at].units || names.some(n => typeof n !== 'string'))
    return '';
  const line = layersText(
    layers.slice(0, at + 1).map(layer => ({ ...layer, name: layer.title })),
    framework,
  );
  return `if both read ${nameOf(before)}, choose one: --layers "${line}"; or `;
}

/**
 * Asks for facts without which there are no shapes: how two directions are merged (added, averaged, multiplied) if the next layer reads the width
 * of one, and how a convolution pads.
 * @throws RnnError E_ASK
 */
export function askForShape(layers: readonly Layer[], framework: FrameworkName, taken: readonly Assumption[], whole?: unknown): void {
  const merged = layers.filter(layer => layer.bidirectional === '_').map(nameOf);
  const padded = layers.filter(layer => layer.padding === '_').map(nameOf);
  if (merged.length + padded.length === 0) return;
  const several = padded.length > 1;
  const what = [
    ...(merged.length > 0 ? [`how the two directions of ${merged.join(', ')} become one (sum, ave, mul)`] : []),
    ...(padded.length > 0
      ? [
          `how ${padded.join(', ')} ${several ? 'pad their inputs' : 'pads its input'} (same, valid, causal), and what follows ${several ? 'them' : 'it'} (an activation, a pooling)`,
        ]
      : []),
  ];
  throw ask({
    what: what.join(', and '),
    why: whyOpen(framework, whole),
    layersLine: layersText(withQuestions(layers), framework),
    taken,
    advice: framework === 'torch' ? SAVE_PT2 : undefined,
  });
}

/** Layers that may be between a layer and its activation. */
const BETWEEN = new Set(['dropout', 'flatten', 'batchnorm', 'layernorm', 'groupnorm']);

function readerOf(layers: readonly Layer[], at: number): number {
  return layers.findIndex((layer, i) => i > at && !BETWEEN.has(String(layer.kind)));
}

/** Indices of layers whose activation is open: dense layers read by a dense layer, and convolutions. */
function openActivations(layers: readonly Layer[]): number[] {
  return layers.flatMap((layer, i) => {
    const reader = layers[readerOf(layers, i)];
    if (layer.activation !== undefined) return [];
    return reader && (layer.kind === 'conv1d' || (layer.kind === 'dense' && reader.kind === 'dense')) ? [i] : [];
  });
}

/** Marks open activations with `_`. If a normalisation follows the layer, the activation comes after that. */
export function withQuestions(layers: readonly Layer[]): Layer[] {
  const open = new Set(openActivations(layers));
  const behind = new Set<number>();
  const asked = layers.map((layer, i) => {
    if (!open.has(i)) return layer;
    const reader = readerOf(layers, i);
    if (!layers.slice(i + 1, reader).some(({ kind }) => String(kind).endsWith('norm'))) return { ...layer, activation: '_' };
    behind.add(reader);
    return layer;
  });
  return asked.flatMap((layer, i) => (behind.has(i) ? [{ kind: 'activation', activation: '_' }, layer] : [layer]));
}

function withField(layers: readonly Layer[], at: number, field: Layer): Layer[] {
  return layers.map((layer, i) => (i === at ? { ...layer, ...field } : layer));
}

function isCell(layer: Layer): boolean {
  return isCellName(String(layer.kind));
}

/** The name in the file, else the kind. */
function nameOf(layer: Layer): string {
  // the state dict of an nn.LSTM itself has no name before weight_ih_l0
  return String(layer.title || layer.name || layer.kind);
}
