import { escapeText } from '../escape.js';
import type { ForwardResult, TensorData } from '../run/result.js';
import { type Scale, scaleOf } from './palette.js';

/** One heat map: a gate or state of a layer for one sample, units down, steps across. */
export interface Panel {
  /** 'lstm_1 h', 'bigru_1 backward z' */
  readonly title: string;
  readonly T: number;
  readonly M: number;
  readonly scale: Scale;
  /** t and m count from 0 */
  value(t: number, m: number): number;
}

/** All gates and states of the trace, in the order of the equations; the gate of a plain RNN is its h, and not shown twice. */
export function panelsOf({ tensors }: ForwardResult, sample: number): Panel[] {
  const { trace, traceLayers = [] } = tensors;
  return traceLayers.flatMap(({ layer, direction, gateNames, stateNames }) => {
    const both = traceLayers.some(other => other.layer === layer && other.direction === 'backward');
    const prefix = both ? `${layer}/${direction}` : layer;
    const title = escapeText(layer, 60) + (both ? ` ${direction}` : '');
    const gates = gateNames.length > 1 ? gateNames.map(gate => ({ key: `${prefix}/gates/${gate}`, letter: gate })) : [];
    // h comes last, as in the equations
    const states = [...stateNames].reverse().map(state => ({ key: `${prefix}/${state}`, letter: state }));
    return [...gates, ...states].map(({ key, letter }) => panelOf(trace!.get(key)!, sample, `${title}  ${letter}`));
  });
}

/** @param t [N, T, M] @param sample counted from 1 */
function panelOf({ shape: [, T, M], data }: TensorData, sample: number, title: string): Panel {
  const from = (sample - 1) * T * M;
  return { title, T, M, scale: scaleOf(data.subarray(from, from + T * M)), value: (t, m) => data[from + t * M + m] };
}

/** Reduces a panel to at most `columns` × `rows` cells: each is the mean of a block. */
export function gathered(panel: Panel, columns: number, rows: number): { panel: Panel; steps: number; units: number } {
  const steps = Math.ceil(panel.T / Math.max(1, columns));
  const units = Math.ceil(panel.M / Math.max(1, rows));
  if (steps === 1 && units === 1) return { panel, steps, units };
  const mean = (t: number, m: number): number => {
    let sum = 0;
    let count = 0;
    for (let s = t * steps; s < Math.min(panel.T, (t + 1) * steps); s++) {
      for (let u = m * units; u < Math.min(panel.M, (m + 1) * units); u++) {
        sum += panel.value(s, u);
        count++;
      }
    }
    return sum / count;
  };
  return { panel: { ...panel, T: Math.ceil(panel.T / steps), M: Math.ceil(panel.M / units), value: mean }, steps, units };
}
