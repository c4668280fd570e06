import type { Finding } from '../../diagnosis/ranking.js';
import { type Outcome, runScenario } from '../../diagnosis/run.js';
import { RnnError } from '../../errors.js';
import { isRecurrent } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Compared } from '../compare.js';
import { dimsJson } from '../network/shapesResult.js';
import type { CompareResult } from '../result.js';
import { VERSION } from '../version.js';
import type { ComparePage, PageLoops } from './pageData.js';
import { checkSize, packed, pageNetwork } from './pageNetwork.js';

/** The data of the page of `compare --html`. @throws RnnError E_PAGE_SIZE */
export function comparePage(result: CompareResult, compared: Compared, command: string): ComparePage {
  const { request, prepared, expected, actual, allowance } = compared;
  checkSize([expected, actual]);
  const { shapes, graph } = prepared.network;
  const known = shapes.output.length === expected.shape.length;
  const allowed = Float64Array.from(expected.data, (e, k) => (allowance.decides(k) ? allowance.of(k, e) : Number.POSITIVE_INFINITY));
  return {
    kind: 'compare',
    version: VERSION,
    command,
    result,
    network: prepared.graphInputs || graph ? null : pageNetwork(prepared, request),
    expected: packed(expected),
    actual: packed(actual),
    allowed: packed({ shape: expected.shape, data: allowed }),
    loops: result.firstDifference ? pageLoops(compared, result.firstDifference.sample) : [],
    dims: known ? dimsJson(shapes.output).dims : expected.shape.map((_, axis) => `axis ${axis + 1}`),
  };
}

/** Two models, or two files of arrays, have tables of their own, but no page. @throws RnnError E_PAGE_FILES */
export function noPageOfFiles(): never {
  const message = 'a page of compare shows two outputs of one network, and these files hold something else';
  throw new RnnError('unsupported', 'E_PAGE_FILES', message, {
    where: '--html',
    fix: 'drop --html, or compare an output: rnn-cli compare --model A -i x.npy --against y.npy --html FILE',
  });
}

/** Most mistakes whose states are shown: enough for any tie worth looking at. */
const MOST_MISTAKES = 4;
/** Samples shown, beginning with the one before the first difference. */
const MOST_SAMPLES = 8;
const MOST_NUMBERS = 1_000_000;

/**
 * h of every recurrent layer, correct and with each accepted mistake, for some samples around the first difference.
 * @param first sample of the first difference
 */
function pageLoops({ prepared, subject, diagnosis }: Compared, first: number): PageLoops[] {
  // for a large input, the diagnosis has only run a part
  if (!subject || !diagnosis || subject.scenario.input.x.shape[0] !== prepared.input.x.shape[0]) return [];
  const accepted = diagnosis.findings.filter(({ verdict, change }) => verdict !== 'rejected' && change).slice(0, MOST_MISTAKES);
  if (accepted.length === 0) return [];
  const right = runScenario(subject.scenario, { trace: true, exact: true });
  return accepted.flatMap(finding => (right ? (loopsOf(right, finding, subject.scenario, first) ?? []) : []));
}

function loopsOf(
  right: Outcome,
  { code, change }: Finding,
  scenario: NonNullable<Compared['subject']>['scenario'],
  first: number,
): PageLoops | undefined {
  const changed = change!(scenario);
  const wrong = changed && runScenario(changed, { trace: true, exact: true });
  if (!wrong) return undefined;
  const layers = scenario.model.layers.filter(isRecurrent).flatMap(({ name }) => {
    const [a, b] = [right, wrong].map(outcome => outcome.layers.get(name)?.result.traces ?? []);
    return a.flatMap((trace, way) =>
      b[way] ? [{ name, way: a.length > 1 ? way : null, right: trace.states[0], wrong: b[way].states[0] }] : [],
    );
  });
  const N = scenario.input.x.shape[0];
  const perSample = layers.reduce((sum, { right: h }) => sum + (2 * h.data.length) / N, 0);
  const from = Math.max(0, first - 1);
  const count = Math.min(N - from, MOST_SAMPLES, Math.max(2, Math.floor(MOST_NUMBERS / Math.max(1, perSample))));
  return {
    code,
    from,
    layers: layers.map(layer => ({
      ...layer,
      right: packed(samples(layer.right, from, count)),
      wrong: packed(samples(layer.wrong, from, count)),
    })),
  };
}

/** Slices [N, T, M] -> [count, T, M]; the axes differ if the mistake is to swap them. */
function samples({ shape, data }: Tensor, from: number, count: number): Tensor {
  const size = data.length / shape[0];
  const to = Math.min(shape[0], from + count);
  return { shape: [Math.max(0, to - from), ...shape.slice(1)], data: data.slice(from * size, to * size) };
}
