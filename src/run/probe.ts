import { scenarioOf } from '../diagnosis/index.js';
import { type Goal, type Separation, separationOf } from '../diagnosis/probe.js';
import { samplesOf } from '../diagnosis/scenario.js';
import { RnnError } from '../errors.js';
import { ownSamples } from '../model/samples.js';
import type { ModelSpec } from '../model/spec.js';
import { workOfSample } from './comparing/diagnosis.js';
import { loadDescription, type Network } from './network/network.js';
import { asRun } from './network/wiredGraph.js';
import { type Prepared, prepare } from './prepare.js';
import type { InputRequest, NetworkRequest } from './request.js';
import type { ProbeResult, TensorData } from './result.js';
import { VERSION } from './version.js';

/** Asks for the smallest input, with weights, that distinguishes every known mistake from every other one. */
export type ProbeRequest = NetworkRequest &
  Pick<InputRequest, 'seed' | 'init' | 'maxMemory'> & {
    /** called with the number of sizes tried, and the most that will be */
    onProgress?: (done: number, of: number) => void;
  };

/** Sizes are tried from small to large N·T. N = 1 hides what passes between samples, T = 1 hides the recurrence. */
const MOST_SAMPLES = 4;
const MOST_STEPS = 10;
/** Multiply-adds of one run of the network; in larger networks, mistakes are only tried on the first samples. */
const MOST_WORK = 2e6;
/**
 * Multiply-adds of all runs (one run per mistake and size), a few seconds. When they are used up, the best size so far is the result. Work
 * is counted instead of time, so that the same call gives the same input everywhere.
 */
const MOST_WORK_OF_ALL = 3e9;
/** Overhead of one step of a layer beside its products, in multiply-adds. */
const STEP = 5000;

interface Trial {
  readonly prepared: Prepared;
  readonly separation: Separation;
  readonly N: number;
  readonly T: number;
}

/**
 * Searches for the smallest input and weights on which every mistake gives another y. @throws RnnError E_PROBE: no input shows any mistake
 */
export async function runProbe(request: ProbeRequest): Promise<ProbeResult> {
  const asked = request.T === '?' ? undefined : request.T;
  const { onProgress: _, ...described } = request;
  const network = await loadDescription(described);
  const { weights } = network;
  const fixed = request.model === undefined ? NOT_FIXED : fixedSizes((await asRun(network)) ?? network);
  const samples = choices(request.N ?? fixed.N, 2, MOST_SAMPLES);
  const steps = choices(asked ?? fixed.T, 2, MOST_STEPS);
  // 'torch' also draws biases: zero biases hide every mistake in them
  const init = request.init ?? (weights ? undefined : 'torch');
  const trialAt = (N: number, T: number, goal?: Goal) => trialOf({ ...described, init }, N, T, goal);
  // no smaller input distinguishes more than the largest one, so that sets the goal
  const largest = await trialAt(samples[samples.length - 1], steps[steps.length - 1]);
  let best = largest;
  const sizes = bySize(samples, steps);
  let work = costOf(largest);
  const { apart, hidden, impossible, alike } = largest.separation;
  // tried first: what the largest input does not show, then what earlier sizes did not; if these already fall short of the goal, the rest
  // is skipped
  let first = [...impossible, ...hidden, ...alike.flat()];
  for (const [i, [N, T]] of sizes.entries()) {
    request.onProgress?.(i + 1, sizes.length);
    if (N * T >= best.N * best.T || work > MOST_WORK_OF_ALL) break;
    const trial = await trialAt(N, T, { apart: apart.length, hidden: hidden.length, first });
    work += costOf(trial);
    if (trial.separation.reached) {
      best = trial;
      break;
    }
    first = [...new Set([...first, ...trial.separation.hidden, ...trial.separation.alike.flat()])];
  }
  return resultOf(best);
}

function costOf({ prepared, separation, N, T }: Trial): number {
  return separation.runs * N * (workOfSample(prepared) + STEP * T * prepared.network.model.layers.length);
}

const NOT_FIXED = { N: null, T: null };

/** N and T that a file fixes; null: any. */
function fixedSizes({ model, shapes }: Network): { N: number | null; T: number | null } {
  const { timesteps, shape } = model.input;
  return { N: ownSamples(model, shapes), T: timesteps ?? shape?.[0] ?? null };
}

function choices(given: number | null, least: number, most: number): number[] {
  return given === null ? Array.from({ length: most - least + 1 }, (_, i) => least + i) : [given];
}

function bySize(samples: readonly number[], steps: readonly number[]): [number, number][] {
  return samples.flatMap(N => steps.map((T): [number, number] => [N, T])).sort((a, b) => a[0] * a[1] - b[0] * b[1] || a[1] - b[1]);
}

async function trialOf(request: ProbeRequest, N: number, T: number, goal?: Goal): Promise<Trial> {
  const prepared = await prepare({ ...request, N, T });
  if (prepared.graphInputs) {
    const message = 'mistakes are made in layers, and this graph is run node by node: compare looks for no causes in it';
    throw new RnnError('unsupported', 'E_PROBE', message, { where: 'probe', fix: 'any input with different numbers in every place' });
  }
  // every mistake is compared with every other one, for a few sizes only
  const masked = withPadding(prepared.network.model, prepared, T);
  const whole = scenarioOf(masked.network.model, masked.weights, masked.input);
  // whatever the first samples distinguish, all of them do
  const few = Math.max(MOST_SAMPLES, Math.floor(MOST_WORK / workOfSample(prepared)));
  const separation = separationOf(few < N ? samplesOf(whole, 0, few) : whole, goal, MOST_WORK_OF_ALL);
  if (!separation || (separation.reached && separation.apart.length === 0)) {
    throw new RnnError('unsupported', 'E_PROBE', 'no known mistake can be shown on this network', {
      where: 'probe',
      fix: 'it needs a recurrent layer',
    });
  }
  const notes = [
    ...masked.notes,
    ...(few < N ? [`the mistakes were tried on the first ${few} of the ${N} samples`] : []),
    ...(separation.layers
      ? [`mistakes of one layer were tried in ${separation.layers} of ${prepared.network.model.layers.length} layers`]
      : []),
  ];
  return { prepared: { ...masked, notes }, separation, N, T: masked.input.x.shape[1] };
}

/** Makes the last steps of the second sample padding if the network masks steps: otherwise the treatment of padding would not show. */
function withPadding(model: ModelSpec, prepared: Prepared, T: number): Prepared {
  const layer = model.layers.find(l => l.kind === 'masking' || (l.kind === 'embedding' && l.maskZero));
  const { x } = prepared.input;
  if (!layer || x.shape[0] < 2 || T < 2) return prepared;
  const value = layer.kind === 'masking' ? layer.value : 0;
  const width = x.shape[2] ?? 1;
  const data = x.data.slice();
  const from = (T + Math.ceil(T / 2)) * width;
  data.fill(value, from, 2 * T * width);
  return { ...prepared, input: { ...prepared.input, x: { shape: x.shape, data } } };
}

function resultOf({ prepared, separation, N, T }: Trial): ProbeResult {
  const { x } = prepared.input;
  const tensors = new Map<string, TensorData>([['x', x], ...prepared.weights]);
  return {
    schema: 'rnn-cli/probe@1',
    version: VERSION,
    dims: { N, T },
    shape: x.shape,
    seed: prepared.seed,
    init: prepared.init,
    weightsSource: prepared.weightsSource,
    shows: separation.apart,
    alike: separation.alike,
    cannotDetect: separation.hidden,
    notes: prepared.notes,
    assumptions: prepared.assumptions,
    tensors: { x, weights: prepared.weights, all: tensors },
  };
}
