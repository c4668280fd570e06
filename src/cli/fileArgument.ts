import { RnnError } from '../errors.js';
import { shownPath } from '../escape.js';
import { CELL_NAMES } from '../run/cellNames.js';
import { countArrays, roleOfFile } from '../run/files/fileArgument.js';
import { checkConflicts } from './conflicts.js';
import type { CommandName } from './flag.js';
import type { Values } from './values.js';

/**
 * Turns the positional file of `forward FILE` into --model or --weights, by its content.
 * @throws RnnError E_INPUT for an array; E_CONFLICT if the network or its weights are given twice
 */
export async function withFileArgument(given: Values, command: CommandName, note: (text: string) => void): Promise<Values> {
  const values = await withOtherSide(given, note);
  const path = command === 'compare' && values.second === undefined ? values.first : values.network;
  if (path === undefined) return values;
  const { first: _, network: __, ...rest } = values;
  const named = shownPath(path);
  if (rest.model !== undefined) throw conflict(`${named} and --model both name the network`, 'give one of them');
  const role = await roleOfFile(path, rest.layers !== undefined).catch(error => {
    throw asFlags(path, error);
  });
  if (role === 'arrays') {
    throw arrayError(path, command, await countArrays(path), rest);
  }
  if (role === 'model') {
    if (rest.layers !== undefined) throw conflict(`${named} and --layers both describe the network`, 'give one of them');
    return checked({ ...rest, model: path }, command);
  }
  if (rest.weights !== undefined)
    throw conflict(`${named} and --weights both hold weights, and neither describes a network`, 'give one of them, or --layers');
  return checked({ ...rest, weights: path }, command);
}

/** Turns `compare A B` of a network and an array into A with --against B; two networks or two arrays remain as they are. */
async function withOtherSide(values: Values, note: (text: string) => void): Promise<Values> {
  const { first, second } = values;
  if (first === undefined || second === undefined) return values;
  const areArrays = [await roleOfFile(first), await roleOfFile(second)].map(role => role === 'arrays');
  if (areArrays[0] === areArrays[1]) return values;
  if (values.against !== undefined)
    throw conflict(`${shownPath(areArrays[0] ? first : second)} and --against both are the other output`, 'give one of them');
  const [network, against] = areArrays[0] ? [second, first] : [first, second];
  if (areArrays[0]) note(`${shownPath(first)} is an array: it is compared with what ${shownPath(second)} computes`);
  return { ...values, first: network, second: undefined, against };
}

function checked(values: Values, command: CommandName): Values {
  checkConflicts(values, command);
  return values;
}

function conflict(message: string, fix: string): RnnError {
  return new RnnError('usage', 'E_CONFLICT', message, { fix });
}

/**
 * Suggests flags if the positional argument is not a file but a cell, a network or a size: `shapes lstm`, `shapes lstm:5,dense:2`, `shapes
 * 5`.
 */
function asFlags(word: string, error: unknown): unknown {
  if (!(error instanceof RnnError) || error.code !== 'E_NOT_FOUND' || error.correction) return error;
  const size = /^\d+$/.test(word);
  const flags = size ? ['--M', word] : CELL_NAMES.includes(word.toLowerCase()) ? ['--cell', word.toLowerCase()] : ['--layers', word];
  if (flags[0] === '--layers' && !/^[a-z\d]+:\d/i.test(word)) return error;
  error.fix = size ? `sizes are flags, such as --M ${word}` : `did you mean ${flags.join(' ')}?`;
  if (!size) error.correction = { word, to: flags };
  return error;
}

/** The error for arrays in place of a network. It says which flag takes them, if the command has no such array yet. */
function arrayError(path: string, command: CommandName, count: number, { input, against }: Values): RnnError {
  const found = count === 1 ? 'an array' : `${count} arrays`;
  const written = path === '-' ? path : shownPath(path);
  const use = () => {
    if (command === 'compare' && against === undefined) return `--against ${written}`;
    // two arrays can be compared directly
    if (command === 'compare' && input === undefined) return `${written} ${shownPath(against!)}`;
    return command === 'forward' && count === 1 && input === undefined ? `-i ${written}` : undefined;
  };
  return new RnnError('usage', 'E_INPUT', `${shownPath(path)} holds ${found}, neither a network nor its weights`, {
    expected: 'a model, or weights',
    found,
    fix: use() === undefined ? 'give a model, or weights' : `rnn-cli ${command} ${use()}`,
  });
}
