import { runScenario, scenarioOf } from '../../diagnosis/index.js';
import { RnnError } from '../../errors.js';
import { escapeNames, escapeText, shownPath } from '../../escape.js';
import { merge } from '../../layers/bidirectional.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import { formatShape, sameShape, type Tensor } from '../../tensor/tensor.js';
import { MODEL_FORMATS, OUTPUT_NAMES, type ReadArrays, readArrays } from '../input/input.js';
import type { Prepared } from '../prepare.js';
import type { CompareResult } from '../result.js';
import { indexOfDifference } from './layerDifference.js';
import { type Written, writtenAs } from './written.js';

/**
 * The other side of a comparison: y, or the hidden states of several layers with or without y, as `forward --trace FILE.npz` writes them
 * (`rnn_1/h`, `rnn_1/forward/h`). They may be named after the layers, be called h1, h2 …, or have no names and be in the order of the
 * layers.
 */
export interface OtherSide {
  /** y, or the states of the first layer that differs */
  readonly tensor: Tensor;
  /** the layer whose states these are; null: y, or to be recognised by shape */
  readonly layer: string | null;
  /** the first sample and step at which that layer differs */
  readonly firstDifference: CompareResult['firstDifference'];
  readonly notes: readonly string[];
  /** of the file */
  readonly format: string;
  /** precision of the numbers, if they were written with few digits */
  readonly written: Written | null;
}

/**
 * @param asked the number of decimals that --decimals gives for a binary file
 * @throws RnnError E_KEY: the file contains neither y nor hidden states; E_INPUT_SHAPE: states under a layer's name have another shape
 */
export async function readOtherSide(path: string, prepared: Prepared, asked: number | undefined): Promise<OtherSide> {
  const { only, tensors, notes, format, decimals = asked } = await readArrays(path, OUTPUT_NAMES);
  const hidden = only && tensors.size < 2 ? [] : hiddenOf(tensors, prepared);
  const written = writtenAs(decimals, (only ?? [...tensors.values()][0])?.dtype ?? 'f32');
  if (hidden.length === 0)
    return { tensor: chosen(only, tensors, format, path), layer: null, firstDifference: null, notes, format, written };
  const y = OUTPUT_NAMES.filter(name => !hidden.some(h => h.key === name)).flatMap(name => tensors.get(name) ?? [])[0];
  const compared = firstDifferenceOf(hidden, prepared);
  const first = compared.find(c => c.firstDifference !== null);
  const words = wordsOf(compared, first, y !== undefined);
  if (first)
    return { tensor: first.states, layer: first.layer, firstDifference: first.firstDifference, notes: [...notes, words], format, written };
  const last = compared[compared.length - 1];
  return { tensor: y ?? last.states, layer: y ? null : last.layer, firstDifference: null, notes: [...notes, words], format, written };
}

function chosen(only: Tensor | undefined, tensors: ReadArrays['tensors'], format: string, path: string): Tensor {
  if (only) return only;
  const names = [...tensors.keys()];
  throw new RnnError('format', 'E_KEY', `holds ${tensors.size} arrays`, {
    expected: `one array, one called ${OUTPUT_NAMES.join(' or ')}, or hidden states by layer (rnn_1/h, h1, h2 …)`,
    found: escapeNames(names.slice(0, 8)) || 'nothing',
    where: shownPath(path),
    fix: MODEL_FORMATS.has(format)
      ? 'two networks are given without flags: rnn-cli compare A B'
      : `name one: FILE:${escapeText(names[0] ?? 'key', 40)}`,
  });
}

interface Hidden {
  readonly layer: string;
  readonly key: string;
  readonly states: Tensor;
}

function hiddenOf(tensors: ReadArrays['tensors'], { network, input }: Prepared): Hidden[] {
  const layers = network.model.layers.filter(isRecurrent);
  const [N, T] = input.x.shape;
  const named = layers.flatMap((layer, i): Hidden[] => {
    const found = namedStates(tensors, layer, i + 1);
    if (!found) return [];
    const expected = [N, T, widthOf(layer)];
    if (sameShape(found.states.shape, expected)) return [{ layer: layer.name, ...found }];
    // an array 'y' may share a layer's name, and 'h' may be the last state only: these are recognised by shape
    if (!/[/\d]/.test(found.key)) return [];
    throw new RnnError(
      'shape',
      'E_INPUT_SHAPE',
      `the shape of the hidden states ${escapeText(found.key, 40)} is not that of ${layer.name}`,
      {
        where: '--against',
        expected: `[N, T, M] = ${formatShape(expected)}`,
        found: formatShape(found.states.shape),
      },
    );
  });
  if (named.length > 0) return named;
  const sequences = [...tensors].filter(([, t]) => t.shape.length === 3 && t.shape[0] === N && t.shape[1] === T);
  const inOrder =
    layers.length > 1 && sequences.length === layers.length && layers.every((l, i) => sequences[i][1].shape[2] === widthOf(l));
  return inOrder ? layers.map((l, i) => ({ layer: l.name, key: sequences[i][0], states: sequences[i][1] })) : [];
}

function widthOf(layer: RecurrentSpec): number {
  return (layer.projection ?? layer.units) * (layer.bidirectional === 'concat' ? 2 : 1);
}

/** @param number of the recurrent layer, counted from 1 */
function namedStates(tensors: ReadArrays['tensors'], layer: RecurrentSpec, number: number): Omit<Hidden, 'layer'> | undefined {
  const [forward, backward] = ['forward', 'backward'].map(way => tensors.get(`${layer.name}/${way}/h`));
  if (layer.bidirectional && forward && backward && sameShape(forward.shape, backward.shape)) {
    return { key: `${layer.name}/forward/h`, states: merge(layer.bidirectional, forward, backward) };
  }
  const names = [`${layer.name}/h`, layer.name, `${layer.name}_h`, `h${number}`, `h_${number}`, `hs${number}`, `hs_${number}`];
  const key = [...names, ...(number === 1 ? ['h', 'hs'] : [])].find(name => tensors.has(name));
  return key === undefined ? undefined : { key, states: tensors.get(key)! };
}

interface Compared extends Hidden {
  readonly firstDifference: CompareResult['firstDifference'];
}

/** Compares each layer's states with the correct ones and finds the first difference, in order of samples and steps. */
function firstDifferenceOf(hidden: readonly Hidden[], { network, weights, input }: Prepared): Compared[] {
  const scenario = scenarioOf(network.model, weights, input);
  const [exact, rounded] = [runScenario(scenario), runScenario(scenario, { precision: 'f32' })];
  return hidden.map(h => {
    const [right, noisy] = [exact, rounded].map(o => o?.layers.get(h.layer)?.result.sequence);
    if (!right || !noisy) return { ...h, firstDifference: null };
    const at = indexOfDifference(right, noisy, h.states);
    const [, T, width] = right.shape;
    return {
      ...h,
      firstDifference: at < 0 ? null : { sample: Math.floor(at / (T * width)), step: Math.floor(at / width) % T, layer: h.layer },
    };
  });
}

function wordsOf(compared: readonly Compared[], first: Compared | undefined, hasY: boolean): string {
  const names = (list: readonly Compared[]) => list.map(c => c.layer).join(', ');
  const start = `the other side gives the hidden states of ${names(compared)}${hasY ? ' and y' : ''}`;
  if (!first) return `${start}: the states are equal${hasY ? `; where y differs, it is after ${compared[compared.length - 1].layer}` : ''}`;
  const before = compared.slice(0, compared.indexOf(first));
  return `${start}: ${before.length > 0 ? `${names(before)} ${before.length > 1 ? 'are' : 'is'} equal, ` : ''}${first.layer} is the first that differs and is compared here`;
}
