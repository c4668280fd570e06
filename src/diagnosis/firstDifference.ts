import { samplesAreIndependent } from '../model/samples.js';
import { distance } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { differBeyondNoise, type Noise } from './noise.js';
import type { OutputReading } from './outputReadings.js';
import type { Finding } from './ranking.js';
import { runScenario } from './run.js';
import { partOf } from './runCache.js';

/** Where two computations first differ; sample and step count from 0. */
export interface FirstDifference {
  readonly sample: number;
  readonly step: number | null;
  readonly layer: string | null;
}

/**
 * The first sample, step and layer in which the hidden states differ between the correct run and the run with the mistake that was found.
 */
export function firstDifferenceOf(view: OutputReading, finding: Finding, noise: Noise): FirstDifference | null {
  const { scenario, right, other } = view;
  const size = other.data.length / other.shape[0];
  const sample = Array.from({ length: other.shape[0] }, (_, n) => n).find(n =>
    differBeyondNoise(right.y.data, other.data, noise.data, n * size, (n + 1) * size),
  );
  if (sample === undefined) return null;
  const layerOf = finding.layers.find(l => l !== null) ?? null;
  // later samples cannot affect this one, unless the mistake mixes samples
  const whole = finding.needsAll || other.shape[0] !== scenario.input.x.shape[0] || !samplesAreIndependent(scenario.model);
  const part = whole ? { scenario, right } : partOf(scenario, 0, sample + 1);
  const changed = finding.change?.(part.scenario);
  const after = changed && runScenario(changed, { like: part.right });
  if (!after) return { sample, step: null, layer: layerOf };
  for (const layer of scenario.model.layers) {
    const a = part.right.layers.get(layer.name)?.result;
    const b = after.layers.get(layer.name)?.result;
    if (!a || !b) continue;
    const step = a.sequence && b.sequence ? firstStep(a.sequence, b.sequence, sample) : undefined;
    if (step !== undefined) return { sample, step, layer: layer.name };
    if (differs(a.tensor, b.tensor, sample)) return { sample, step: null, layer: layer.name };
  }
  return { sample, step: null, layer: layerOf };
}

/** First step at which sample n of two sequences [N, T, M] differs; if one is shorter, its first missing step. */
function firstStep(a: Tensor, b: Tensor, n: number): number | undefined {
  if (a.shape[0] !== b.shape[0] || a.shape[2] !== b.shape[2]) return undefined;
  const M = a.shape[2];
  const T = Math.min(a.shape[1], b.shape[1]);
  for (let t = 0; t < T; t++) {
    for (let m = 0; m < M; m++) if (apart(a.data[(n * a.shape[1] + t) * M + m], b.data[(n * b.shape[1] + t) * M + m])) return t;
  }
  return a.shape[1] === b.shape[1] ? undefined : T;
}

function differs(a: Tensor, b: Tensor, n: number): boolean {
  if (!sameShape(a.shape, b.shape)) return true;
  const size = a.data.length / a.shape[0];
  for (let k = n * size; k < (n + 1) * size; k++) if (apart(a.data[k], b.data[k])) return true;
  return false;
}

/** Whether two numbers differ by more than float64 rounding. */
function apart(a: number, b: number): boolean {
  return distance(a, b) > 1e-12 * Math.max(1, Math.abs(a));
}
