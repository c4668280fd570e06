import type { FloatArray } from '../../tensor/tensor.js';
import type { Inspected } from '../inspect.js';
import type { InspectResult } from '../result.js';
import { VERSION } from '../version.js';
import type { InspectPage, TensorFigures } from './pageData.js';
import { packed } from './pageNetwork.js';

/** A tensor with more numbers is only shown by figures. */
const MOST_NUMBERS = 20_000;
/** Most numbers of all tensors together that are written into the page. */
const MOST_IN_ALL = 1_000_000;
const BINS = 32;

/** The data of the page of `inspect --html`: numbers of small tensors, figures about all of them. */
export function inspectPage(result: InspectResult, { opened, network }: Inspected, command: string): InspectPage {
  let left = MOST_IN_ALL;
  const tensors = [...opened.file.tensors.values()].map(tensor => {
    const whole = tensor.data;
    const shown = whole.length <= Math.min(MOST_NUMBERS, left);
    if (shown) left -= whole.length;
    return { values: shown ? packed({ shape: tensor.shape, data: whole }) : null, figures: figuresOf(whole) };
  });
  const spec = network && network.model.layers.length > 0 ? network.model : null;
  return { kind: 'inspect', version: VERSION, command, result, spec, framework: network?.framework ?? 'keras', tensors };
}

export function figuresOf(data: FloatArray): TensorFigures {
  let [least, greatest, sum, zeros, notFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let k = 0; k < data.length; k++) {
    const v = data[k];
    if (!Number.isFinite(v)) {
      notFinite++;
      continue;
    }
    if (v < least) least = v;
    if (v > greatest) greatest = v;
    if (v === 0) zeros++;
    sum += v;
  }
  const count = data.length - notFinite;
  if (count === 0) return { least: 0, greatest: 0, mean: 0, deviation: 0, zeros, notFinite, histogram: [] };
  const mean = sum / count;
  const histogram = new Array<number>(BINS).fill(0);
  const width = (greatest - least) / BINS || 1;
  let squares = 0;
  for (let k = 0; k < data.length; k++) {
    const v = data[k];
    if (!Number.isFinite(v)) continue;
    squares += (v - mean) ** 2;
    histogram[Math.min(BINS - 1, Math.floor((v - least) / width))]++;
  }
  return { least, greatest, mean, deviation: Math.sqrt(squares / count), zeros, notFinite, histogram };
}
