import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { ask } from '../../model/assumptions.js';
import { layersText, layerText } from '../../model/layersLine.js';
import { formatShape } from '../../tensor/tensor.js';
import { assumptionsOf, EXPORT, SAVE_PT2, whyAssumed, whyOpen, withQuestions } from '../assumed.js';
import type { NamedTensors, NetworkHints, ReadNetwork } from '../convention.js';
import { layersOf } from '../inferLayers.js';
import {
  axesAssumptions,
  normAssumptions,
  orderAssumptions,
  precisionAssumptions,
  unplacedAssumptions,
  wiringAssumptions,
} from './assumptions.js';
import { checkClasses } from './moduleFacts.js';
import { type Order, orderOf, type Placed } from './moduleOrder.js';
import { isSorted, type Module, mayBeEmbedding, modulesOf, OWN, shortNames, usedModules, widthsOf } from './modules.js';
import { groupsOf, layersIn, partsOf, type Titles } from './weightGroups.js';

/**
 * Infers a network from a state dict: modules in an order in which each reads the output of the one before. What a state dict never states (the order
 * if several fit, the step that is read, activations between modules) is assumed or asked for.
 * @throws RnnError E_UNDETERMINED for tensors of unknown modules; E_ASK if two orders fit, or none does
 */
export function specOfStateDict(tensors: NamedTensors, hints: NetworkHints, metadata?: ReadonlyMap<string, string>): ReadNetwork {
  if (metadata?.get('torchscript')) throw torchScript();
  const read = specOfModules(tensors, hints);
  return hints.unnamed ? { ...read, ask: askForNames(read.layers) } : read;
}

/** Returns D of a network that begins with this layer: the input width of the first module of its kind and size. */
export function featuresOfStateDict(
  tensors: NamedTensors,
  { kind, units, bidirectional }: Readonly<Record<string, unknown>>,
): number | undefined {
  const found = modulesOf(tensors).find(({ recurrent, layers: [{ tensors: roles }] }) => {
    const rows = roles.get(recurrent ? 'weight_ih' : 'weight')?.tensor.shape[0];
    if (!recurrent) return kind === 'dense' && rows === units;
    const gates: Record<string, number> = { rnn: 1, gru: 3, lstm: 4 };
    return rows === gates[String(kind)] * Number(units) && roles.has('weight_ih_reverse') === (bidirectional !== undefined);
  });
  return found && (widthsOf(found).input ?? undefined);
}

/** The computation of a TorchScript file is in its code. */
export function torchScript(): RnnError {
  return new RnnError('unsupported', 'E_PT_TORCHSCRIPT', 'this is a TorchScript program: its tensors are read, its code is not run', {
    fix: `give a file that says how they are used, ${EXPORT}; or describe the network with --layers`,
  });
}

function askForNames(layers: readonly Readonly<Record<string, unknown>>[]): RnnError {
  return ask({
    what: 'which parameter belongs to which module, only the order of construction',
    why: 'a list of parameters does not say',
    layersLine: layers.map(layer => layerText(layer, 'torch')).join(','),
    advice: SAVE_PT2,
  });
}

function specOfModules(tensors: NamedTensors, hints: NetworkHints): ReadNetwork {
  const modules = usedModules(tensors);
  const titles = new Map(shortNames(modules).map((title, i) => [modules[i], escapeText(title || modules[i].name, 60)]));
  checkRoles(modules, unknown => withoutThem(modules, unknown, titles, hints, isSorted(tensors)));
  const found = modules.some(({ kind }) => kind === 'attention') ? undefined : orderOf(modules, hints.features, isSorted(tensors));
  const why = whyAssumed('torch', hints.module);
  if (hints.module) checkClasses(hints.module, modules, () => found && partsOf(found.order, titles, hints.module).join(','));
  if (!found) throw askForWiring(modules, titles, whyOpen('torch', hints.module));
  if (found.undecided) throw askForOrder(found, titles, hints);
  if (!hints.module) askForNorms(found.order, titles);
  const known = [...orderAssumptions(found, titles, why, hints.module), ...wiringAssumptions(found.order, titles, why)];
  const read = layersOf(groupsOf(found.order, titles, hints.module, hints.task === 'many-to-many'), hints, 'torch', known);
  const own = hints.module
    ? [...axesAssumptions(hints.module, modules, titles, hints), ...unplacedAssumptions(hints.module, modules)]
    : normAssumptions(found.order, titles, read.layers);
  return { ...read, assumptions: [...precisionAssumptions(tensors), ...own, ...(read.assumptions ?? [])] };
}

/** @throws RnnError E_UNDETERMINED for buffers, and for parameters of modules that are neither recurrent nor Linear nor Embedding */
function checkRoles(modules: readonly Module[], without: (unknown: readonly Module[]) => string): void {
  const unknown = modules.filter(({ kind, layers }) =>
    kind === 'recurrent' ? layers.some(({ tensors }) => [...tensors.keys()].some(isOfProjection)) : kind === 'other',
  );
  if (unknown.length === 0) return;
  const found = unknown.flatMap(({ recurrent, layers }) =>
    layers.flatMap(({ name, tensors }) =>
      [...tensors].filter(([role]) => !recurrent || isOfProjection(role)).map(([, { name: entry, tensor }]) => ({ name, entry, tensor })),
    ),
  );
  // of `fc.bias` and `fc.own`, report the one that no PyTorch module has
  const { name, entry, tensor } = found.find(one => !OWN.test(one.entry)) ?? found[0];
  const shown = escapeText(entry, 80);
  const [message, fix] = /(^|\.)parametrizations\./.test(entry)
    ? [`'${shown}' becomes a weight by code that is not in the file`, BAKE]
    : /(^|\.)bias$/.test(entry)
      ? [`'${shown}' has no weight that belongs to it`, 'save the whole state dict, which lists shared weights once per module']
      : [`'${shown}' is not a weight of a recurrent module, a Linear, an Embedding, a Conv1d or a normalisation`, SAVE_WITHOUT];
  throw new RnnError('convention', 'E_UNDETERMINED', message, {
    where: name === entry || name === '' ? undefined : escapeText(name, 80),
    expected: 'weight_ih_l0 [G·M, D] …, or weight [K, in] and bias',
    found: `${shown} ${formatShape(tensor.shape)}`,
    fix: `${without(unknown)}${fix}; or give a file that says how it is used, ${EXPORT}`,
  });
}

const SAVE_WITHOUT = 'save the state dict without it, with only the modules to be run';
const BAKE = 'in Python, before saving: torch.nn.utils.parametrize.remove_parametrizations(module, "weight")';

/** Whether it is a bias of the projection, which PyTorch's LSTM lacks. */
function isOfProjection(role: string): boolean {
  return role.startsWith('bias_hr');
}

/** Asks for the meaning of a vector without a bias: γ of an RMSNorm or a LayerNorm, or α of a PReLU. @throws RnnError E_ASK */
function askForNorms(order: readonly Placed[], titles: Titles): void {
  const open = order.filter(({ module }) => module.kind === 'norm' && !module.layers[0].tensors.has('bias'));
  if (open.length === 0) return;
  const line = order.flatMap(({ module, embedding }) =>
    open.some(one => one.module === module) ? '_' : namedParts(module, titles, embedding),
  );
  throw ask({
    what: `whether ${open.map(({ module }) => titles.get(module)).join(', ')} is an RMSNorm, a PReLU, or a LayerNorm without a bias`,
    why: whyOpen('torch'),
    layersLine: line.join(','),
    advice: `an RMSNorm is rmsnorm, a LayerNorm without a bias layernorm+nobias; or ${SAVE_PT2}`,
  });
}

function askForOrder({ order, rival }: Order, titles: Titles, hints: NetworkHints): RnnError {
  const [layers, others] = [order, rival!].map(placed => layersIn(placed, titles, hints.module));
  const [line, other] = [layers, others].map(list => layersText(withQuestions(list), 'torch'));
  const why = whyOpen('torch', hints.module);
  return ask({
    what: `in which order ${order.map(({ module }) => titles.get(module)).join(', ')} are used: two fit the sizes`,
    why,
    layersLine: line,
    taken: [...wiringAssumptions(order, titles, why), ...assumptionsOf(layers, hints, 'torch')],
    advice: `the other: --layers "${other}"; or ${SAVE_PT2}`,
  });
}

/** Suggests the chain of the known modules, if the unknown tensors are not whole modules, since y may not need them; else the first recurrent module. */
function withoutThem(modules: readonly Module[], unknown: readonly Module[], titles: Titles, hints: NetworkHints, sorted: boolean): string {
  const known = modules.filter(module => !unknown.includes(module));
  const inKnown = (entry: string) => known.some(({ name }) => name !== '' && entry.startsWith(`${name}.`));
  const entries = unknown.flatMap(({ layers }) => layers.flatMap(({ tensors }) => [...tensors.values()].map(({ name }) => name)));
  const isLoose = !entries.some(entry => OWN.test(entry) || inKnown(entry));
  const isChain = isLoose && known.length > 1 && known.some(({ recurrent }) => recurrent);
  const found = isChain ? orderOf(known, hints.features, sorted) : undefined;
  if (!found || found.undecided) return alone(modules, titles);
  const names = found.order.map(({ module }) => titles.get(module)).join(', ');
  const own = found.order.flatMap(({ module: { name, layers } }) => layers.map((_, depth) => (depth === 0 && name !== '' ? { name } : {})));
  const layers = layersIn(found.order, titles).map((layer, i) => ({ ...layer, ...own[i] }));
  const said = assumptionsOf(layers, hints, 'torch').map(({ what }) => what);
  return `if y is computed without it, by ${names}: --layers "${layersText(withQuestions(layers), 'torch')}", which also says: ${said.join('; ')}; or `;
}

/** The part that can be run without more information: only the first recurrent module. */
function alone(modules: readonly Module[], titles: Titles): string {
  const first = modules.find(({ recurrent }) => recurrent);
  const isWhole = first?.layers.every(({ tensors: t }) => ['weight_ih', 'weight_hh'].every(role => t.get(role)?.tensor.shape.length === 2));
  if (!first?.name || !isWhole) return '';
  return `run ${titles.get(first)} alone: --layers "${namedParts(first, titles).join(',')}"; or `;
}

/** Writes one module as --layers has it, with the name by which it finds its weights. */
function namedParts(module: Module, titles: Titles, embedding = false): string[] {
  const [part, ...deeper] = partsOf([{ module, embedding }], titles);
  return [module.name === '' ? part : `${part}+name=${module.name}`, ...deeper];
}

/** Whether a matrix must be token vectors: another module reads the width of its rows, and none outputs the width it would read as a Linear. */
function isVectors(module: Module, modules: readonly Module[]): boolean {
  const { input, outputs } = widthsOf(module, true);
  if (input !== null || !mayBeEmbedding(module)) return false;
  const others = modules.filter(other => other !== module).map(other => widthsOf(other));
  return others.some(other => other.input === outputs[0]) && !others.some(other => other.outputs.includes(outputs[0]));
}

function askForWiring(modules: readonly Module[], titles: Titles, why: string): RnnError {
  const names = modules.map(module => titles.get(module)).join(', ');
  const parts = modules.flatMap(module => (module.kind === 'attention' ? '_' : namedParts(module, titles, isVectors(module, modules))));
  const attention = modules.some(({ kind }) => kind === 'attention');
  return ask({
    what: attention ? `how ${names} are wired, nor how many heads an attention has` : `how ${names} are wired: their sizes fit no chain`,
    why,
    layersLine: parts.join(','),
    inAnyOrder: true,
    advice: `${alone(modules, titles)}${SAVE_PT2}; or say the wiring in a spec`,
  });
}
