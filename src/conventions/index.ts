import { RnnError } from '../errors.js';
import { escapeNames } from '../escape.js';
import { byName } from '../registry.js';
import * as all from './all.js';
import { EXPORT } from './assumed.js';
import type { Convention, WritableConvention } from './convention.js';
import { fixForTextbookNames } from './textbookNames.js';
import { torchScript } from './torch/spec.js';

/** The conventions; those whose names another one would also accept come first. */
export const CONVENTIONS: readonly Convention[] = Object.values(all).sort(
  (a: Convention, b: Convention) => Number(b.special ?? false) - Number(a.special ?? false),
);

const WRITABLE = Object.fromEntries(
  Object.entries(all).filter((entry): entry is [string, WritableConvention] => 'fromWeights' in entry[1]),
);

/** Returns a convention for writing. @throws RnnError E_UNKNOWN_CONVENTION */
export function getConvention(name: string): WritableConvention {
  return byName('convention', WRITABLE, name);
}

/**
 * Returns the convention that tensor names belong to; undefined if none recognises them.
 * @param described whether the network is known: PyTorch's names are then recognised even without a recurrent module
 */
export function conventionOf(names: readonly string[], metadata?: ReadonlyMap<string, string>, described = false): Convention | undefined {
  return detected(names, metadata) ?? (described && isTorch(names) ? all.torch : undefined);
}

/** Caches the convention of the last names, by the file's metadata: several parts of a command ask, and a file may have a million names. */
const known = new WeakMap<object, { readonly names: readonly string[]; readonly convention: Convention | undefined }>();

function detected(names: readonly string[], metadata: ReadonlyMap<string, string> = new Map()): Convention | undefined {
  const before = known.get(metadata);
  if (before?.names.length === names.length && names.every((name, i) => name === before.names[i])) return before.convention;
  const convention = CONVENTIONS.find(c => c.detect(names, metadata));
  known.set(metadata, { names, convention });
  return convention;
}

/** State that torch.optim keeps for each parameter, such as averages of its gradient and of its square. */
const OPTIMIZER = /(^|\.)state\.\d+\.(exp_avg(_sq)?|momentum_buffer|square_avg|sum)$/;

/** Whether it is the single array of a format without names, in which case the name is that of the format. */
export function isUnnamedArray(names: readonly string[]): boolean {
  return names.length === 1 && ['npy', 'csv', 'json', 'jsonl', 'printed'].includes(names[0]);
}

/** Whether some of the names belong to the state of an optimizer. */
export function isOptimizerState(names: readonly string[]): boolean {
  return names.some(name => OPTIMIZER.test(name));
}

function isTorch(names: readonly string[]): boolean {
  return names.some(name => /(^|\.)weight$/.test(name));
}

/**
 * The same for weights that must belong to a convention.
 * @throws RnnError E_NAMES, which lists the supported names; E_PT_TORCHSCRIPT for a program without recurrent modules
 */
export function detectConvention(names: readonly string[], metadata?: ReadonlyMap<string, string>, described = false): Convention {
  const found = conventionOf(names, metadata, described);
  if (found) return found;
  if (metadata?.get('torchscript')) throw torchScript();
  if (metadata?.get('savedmodel')) throw savedGraph();
  const shown = escapeNames(names.slice(0, 4), 60) || 'no tensors';
  const message = `cannot tell whose weights these are: ${shown}${names.length > 4 ? ' …' : ''}`;
  if (names.length === 0)
    throw new RnnError('convention', 'E_NAMES', 'it holds no tensors, so it is neither a network nor its weights', {
      expected: 'the weights of a network',
      found: shown,
      fix: SAVE,
    });
  if (isUnnamedArray(names))
    throw new RnnError('convention', 'E_NAMES', 'this is an array, not the weights of a network', {
      expected: 'weights by name, or in the order of get_weights()',
      found: 'one array without a name',
      fix: 'x is given with -i, an output with --against',
    });
  if (isOptimizerState(names))
    throw new RnnError('convention', 'E_NAMES', 'this is the state of an optimizer, not the weights of a network', {
      expected: 'weight_ih_l0, weight_hh_l0 …, or a checkpoint that also holds them',
      found: shown,
      fix: 'in Python: torch.save(net.state_dict(), "net.pt")',
    });
  throw new RnnError('convention', 'E_NAMES', message, {
    expected:
      'arr_0, arr_1 … (Keras get_weights), weight_ih_l0 … (PyTorch), params/LSTMCell_0/hi/kernel … (Flax), rnn/lstm_cell/kernel … (TensorFlow 1), Wx, Wh, bh, Wo, bo',
    found: shown,
    fix:
      fixForTextbookNames(names) ??
      (isTorch(names) ? `give a file that says how they are used, ${EXPORT}; or describe the network with --layers` : SAVE),
  });
}

const SAVE = 'in Python: model.save("net.keras"), np.savez("w.npz", *model.get_weights()), or torch.save(net.state_dict(), "net.pt")';

/** The error for a file of model.export() or tf.saved_model.save: numbered variables next to a graph. */
function savedGraph(): RnnError {
  const message =
    'a SavedModel that does not describe its layers: its graph of TensorFlow is not read, and its variables are not named by layers';
  return new RnnError('unsupported', 'E_SAVEDMODEL', message, {
    expected: 'a model written by model.save',
    found: 'a model written by model.export or tf.saved_model.save',
    fix: 'in Python: model.save("net.keras"), or np.savez("w.npz", *model.get_weights()) for --layers or a spec',
  });
}
