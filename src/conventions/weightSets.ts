import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { TensorFile } from '../formats/format.js';
import type { TorchModule } from '../formats/torch/module.js';
import type { Assumption } from '../model/assumptions.js';
import { formatShape, type Tensor } from '../tensor/tensor.js';
import { whyAssumed } from './assumed.js';
import type { NamedTensors } from './convention.js';
import { hasRecurrentNames, isOfLoss, isStateName } from './torch/modules.js';
import { namedParameters } from './torch/parameterList.js';
import { isDynamicallyQuantised } from './torch/reparametrised.js';
import { torchScript } from './torch/spec.js';

/** The tensors of a file that are the network's weights. */
export interface WeightSet {
  /** by their names within the set: a state dict's */
  readonly tensors: NamedTensors;
  /** names in the file of all other tensors: optimizer states, losses, other copies */
  readonly skipped: readonly string[];
  /** the assumption `copy`, if the file has the same network twice */
  readonly assumptions: readonly Assumption[];
  /** the whole module that these tensors belong to, if the file has it */
  readonly module?: TorchModule;
  /** whether the names were made from the shapes, because the file is a list of parameters without names */
  readonly unnamed?: boolean;
}

interface Candidate {
  readonly path: string;
  /** name in the set -> name in the file */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Finds the dict of a checkpoint that holds the network; of several copies, one whose name is not that of an average.
 * @param key the set that the user requests with `FILE:KEY`
 * @param path of the file, for the fix in errors
 * @throws RnnError E_KEY (usage) if there is no such set; E_ASK if sets hold different networks; E_PT_TORCHSCRIPT for a program with packed weights
 */
export function weightSetOf(file: TensorFile, key: string | undefined, path: string): WeightSet {
  if (file.metadata.get('torchscript') && isDynamicallyQuantised(file.tensors.keys())) throw torchScript();
  const all = setsIn(file);
  const modules = file.architecture instanceof Map ? (file.architecture as ReadonlyMap<string, TorchModule>) : undefined;
  const asked = key === undefined ? undefined : all.filter(set => set.path === key || set.path.startsWith(`${key}.`));
  if (asked?.length === 0) throw unknownKey(key!, all);
  const candidates = (asked ?? all).filter(set => hasRecurrentNames([...set.names.keys()]));
  const ranked = [...candidates].sort((a, b) => isCopy(a.path) - isCopy(b.path) || rank(a.path) - rank(b.path));
  const best = ranked[0] ?? (asked?.[0] && asked.length === 1 ? asked[0] : undefined);
  if (!best) return withoutSets(file, all, asked?.[0]);
  const { kept, copies } = withoutCopies(best, file);
  const others = ranked.slice(1);
  const foreign = others.find(set => signature(withoutCopies(set, file).kept, file) !== signature(kept, file));
  if (foreign) throw askForSet(best, foreign, path);
  const used = new Set(kept.names.values());
  return {
    tensors: new Map([...kept.names].map(([name, full]): [string, Tensor] => [name, file.tensors.get(full)!])),
    skipped: [...file.tensors.keys()].filter(name => !used.has(name)),
    assumptions: [
      ...copyAssumption(kept, others.length > 0 ? others : copies, key, path),
      ...stateAssumptions(kept, path),
      ...lossAssumptions(kept, file),
    ],
    module: modules?.get(best.path),
  };
}

/** Returns the sets of a checkpoint, or everything as one set. A dict that only contains sets, and no tensors itself, is not a set. */
function setsIn({ sets, tensors }: TensorFile): Candidate[] {
  if (!sets) return [{ path: '', names: new Map([...tensors.keys()].map(name => [name, name])) }];
  return [...sets].map(([path, names]) => ({
    path,
    names: new Map(names.map(name => [path === '' ? name : name.slice(path.length + 1), name])),
  }));
}

/** Handles a file in which no dict has the names of a recurrent module: names of another convention, or tensors without names. */
function withoutSets({ tensors }: TensorFile, all: readonly Candidate[], asked: Candidate | undefined): WeightSet {
  // a packed module consists of nested lists, not dicts
  if (!asked && isDynamicallyQuantised(tensors.keys())) return { tensors, skipped: [], assumptions: [] };
  const list = [asked ?? all[0]].find(set => set && set.names.size > 0 && [...set.names.keys()].every((name, i) => name === String(i)));
  if (!list) return { tensors, skipped: [], assumptions: [] };
  const parameters = [...list.names.values()].map(name => tensors.get(name)!);
  const named = namedParameters(parameters);
  const used = new Set(list.names.values());
  const skipped = [...tensors.keys()].filter(name => !used.has(name));
  return named ? { tensors: named, skipped, assumptions: [], unnamed: true } : { tensors, skipped: [], assumptions: [] };
}

const COPY = /(^|[._])(s?ema|swa|avg|average[ds]?|averaging|shadow|teacher|target|momentum|best|old|previous)([._]|$)/i;

function isCopy(path: string): number {
  return COPY.test(path) ? 1 : 0;
}

/** The names under which networks are saved, most usual first. */
const USUAL = [/(^|\.)(model_)?state_dict$/i, /(^|\.)model$/i, /state_dict$/i, /(^|\.)(net|network|module|weights|params)$/i, /^$/];

function rank(path: string): number {
  const found = USUAL.findIndex(pattern => pattern.test(path));
  return found < 0 ? USUAL.length : found;
}

/** Removes copies of the network in the same dict: `ema_model.lstm.weight_ih_l0` next to `model.lstm.weight_ih_l0`. */
function withoutCopies(set: Candidate, file: TensorFile): { kept: Candidate; copies: Candidate[] } {
  const apart = [...set.names].filter(([name]) => COPY.test(ownerOf(name)));
  if (apart.length === 0 || apart.length === set.names.size) return { kept: set, copies: [] };
  const rest = new Map([...set.names].filter(([name]) => !COPY.test(ownerOf(name))));
  const kept = { path: set.path, names: rest };
  const copy = { path: ownerOf(apart[0][0]).split('.')[0], names: new Map(apart) };
  return signature(copy, file) === signature(kept, file) ? { kept, copies: [copy] } : { kept: set, copies: [] };
}

/** The module a tensor is in: 'ema_model.lstm' */
function ownerOf(name: string): string {
  return name.split('.').slice(0, -1).join('.');
}

/** Names and shapes of a network's tensors without the common prefix, which are equal for two copies of one network. */
function signature({ names }: Candidate, { tensors }: TensorFile): string {
  const all = [...names]
    .map(([name, full]) => [name, formatShape(tensors.get(full)!.shape)])
    .filter(([name]) => !/num_batches_tracked|n_averaged/.test(name));
  const weights = all.filter(([name]) => name.includes('.'));
  const paths = weights.map(([name]) => name.split('.'));
  let same = 0;
  while (paths.length > 0 && paths.every(path => path.length > same + 2 && path[same] === paths[0][same])) same++;
  return weights
    .map(([name, shape]) => `${name.split('.').slice(same).join('.')} ${shape}`)
    .sort()
    .join('\n');
}

function copyAssumption(kept: Candidate, others: readonly Candidate[], key: string | undefined, path: string): Assumption[] {
  if (others.length === 0 || key === kept.path) return [];
  const [name, other] = [nameOf(kept), nameOf(others[0])];
  return [
    {
      fact: 'copy',
      what: `the weights are those of ${name}, not of ${others.map(nameOf).join(', ')}`,
      value: kept.path,
      why: 'the file holds the network more than once',
      say: others[0].path === '' || kept.names.size === 0 ? null : `--weights ${escapeText(path)}:${escapeText(other, 80)}`,
    },
  ];
}

/** Assumptions about parameters with the name of an initial state: only the forward pass shows whether they are, and of which module. */
function stateAssumptions({ names }: Candidate, path: string): Assumption[] {
  return [...names]
    .filter(([name]) => isStateName(name))
    .map(([name, full]): Assumption => {
      const flag = /(^|[._])(c|cx|cell)/i.test(name) ? '--c0' : '--h0';
      return {
        fact: 'state',
        what: `${escapeText(name, 60)} is not used: states start at zero`,
        value: 'zero',
        why: whyAssumed('torch'),
        say: `${flag} ${escapeText(path)}:${escapeText(full, 80)}`,
      };
    });
}

/** Assumptions about class weights of a loss, which are used in training only and do not affect y. */
function lossAssumptions({ names }: Candidate, { tensors }: TensorFile): Assumption[] {
  return [...names]
    .filter(([name, full]) => isOfLoss(name, tensors.get(full)!))
    .map(([name]) => {
      const what = `${escapeText(name, 60)} is not used: it is called as the weights of a loss are`;
      return { fact: 'wiring', what, value: 'loss', why: whyAssumed('torch'), say: null };
    });
}

function nameOf({ path, names }: Candidate): string {
  return escapeText(path === '' ? ([...names.keys()][0]?.split('.')[0] ?? 'the file') : path, 80);
}

function unknownKey(key: string, all: readonly Candidate[]): RnnError {
  const known = all.map(nameOf).slice(0, 12).join(', ');
  return new RnnError('usage', 'E_KEY', `the file has no weights under '${escapeText(key, 80)}'`, {
    expected: known,
    found: escapeText(key, 80),
    fix: `one of: ${known}`,
  });
}

function askForSet(best: Candidate, other: Candidate, path: string): RnnError {
  const [a, b] = [nameOf(best), nameOf(other)];
  return new RnnError('convention', 'E_ASK', `the file holds two networks, ${a} and ${b}, and does not say which one to run`, {
    expected: 'one network',
    found: `${a}, ${b}`,
    fix: `name it: --weights ${escapeText(path)}:${a}`,
  });
}
