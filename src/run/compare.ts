import type { Diagnosis } from '../diagnosis/index.js';
import { NEAR_NOISE } from '../diagnosis/thresholds.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { isRecurrent } from '../model/spec.js';
import { keep } from '../tensor/lazy.js';
import { doublesOf, sameShape, type Tensor } from '../tensor/tensor.js';
import { type DiagnosisSubject, subjectOf } from './comparing/diagnosis.js';
import { explanationsOf, roundedElsewhere } from './comparing/explanations.js';
import { type Allowance, EXITS, offIn, type Status, statusOf, TIMES_NOISE, undecidedBecause } from './comparing/judge.js';
import { judgedOutputs } from './comparing/judgedOutputs.js';
import { withSamplesFirst } from './comparing/samplesFirst.js';
import { allowanceOf, viewAllowance } from './comparing/sideAllowances.js';
import { bothSides, checkSides } from './comparing/sides.js';
import { compareValues, firstDifference, NOT_COMPARABLE } from './comparing/valueDifferences.js';
import { digitAllowance, ifCoarse, largestDigitAllowance, withDigits } from './comparing/written.js';
import { stepsForSamples } from './input/input.js';
import { type Prepared, prepare } from './prepare.js';
import type { CompareRequest } from './request.js';
import type { CompareResult } from './result.js';
import { VERSION } from './version.js';

/** Default time limit of the search for pairs of mistakes, in seconds of an average machine. */
const DEFAULT_BUDGET = 2;
/** Multiply-adds, as the search counts them. */
const WORK_OF_A_SECOND = 1e8;

/** Callbacks of `compare`. */
export interface CompareHooks {
  readonly onProgress?: (tried: number, of: number) => void;
  /** called with what was compared (with several outputs, the one in the result) before the result is returned */
  readonly onCompared?: (compared: Compared) => void;
}

/** What a comparison used, for a page that shows it. */
export interface Compared {
  readonly request: CompareRequest;
  readonly prepared: Prepared;
  readonly expected: Tensor;
  readonly actual: Tensor;
  readonly allowance: Allowance;
  readonly subject: DiagnosisSubject | null;
  readonly diagnosis: Diagnosis | null;
}

/** Compares the outputs of two engines, or of the network and another program, and says what differs and why. */
export async function runCompare(request: CompareRequest, hooks: CompareHooks = {}): Promise<CompareResult> {
  checkSides(request);
  const prepared = await prepare(request);
  keep(prepared.weights.values());
  const outputs = await judgedOutputs(prepared, request);
  const judged: { name: string | null; result: CompareResult; compared: Compared }[] = [];
  for (const { name, prepared: own, against, notes } of outputs) {
    let compared!: Compared;
    const onCompared = (of: Compared) => {
      compared = of;
    };
    const result = await compareOutput(own, { ...request, against }, { ...hooks, onCompared });
    judged.push({ name, result: { ...result, notes: [...result.notes, ...notes] }, compared });
  }
  // the worst output is reported in full, the others are listed
  const order = ['DIFFERENT', 'UNDECIDED', 'SAME'];
  const [{ result, compared }] = [...judged].sort((a, b) => order.indexOf(a.result.status) - order.indexOf(b.result.status));
  hooks.onCompared?.(compared);
  if (judged.length === 1) return result;
  const each = judged.map(({ name, result: { status } }) => `${escapeText(name ?? 'y', 40)} ${status}`).join(', ');
  return { ...result, notes: [...result.notes, `${judged.length} outputs were compared: ${each}`] };
}

async function compareOutput(given: Prepared, request: CompareRequest, hooks: CompareHooks): Promise<CompareResult> {
  const judged = await judgedSides(given, request);
  const { prepared, subject, expected, actual, allowance, status, explain } = judged;
  const findings = status === 'UNDECIDED' || !explain ? NO_FINDINGS : findingsOf(judged, subject!, request, hooks);
  hooks.onCompared?.({ request, prepared, expected, actual, allowance, subject, diagnosis: findings.diagnosis });
  return resultOf(judged, findings, request);
}

/** Two outputs in comparable form: how the other side is interpreted, the allowance of each value, and the verdict. */
type Judged = Awaited<ReturnType<typeof judgedSides>>;

async function judgedSides(given: Prepared, request: CompareRequest) {
  const isGraph = given.graphInputs !== undefined;
  const [prepared, sides] = withSamplesFirst(given, await bothSides(given, request));
  const sameKind = !sides.hidden && sameShape(sides.expected.shape, sides.actual.shape);
  if (isGraph && request.states) throw noStates();
  if (sameKind) checkStates(request, prepared);
  const explain = (request.explain ?? true) && !isGraph;
  const subject = !isGraph && (explain || !sameKind) ? await subjectOf(prepared, sides.expected, sides.actual, sides.hidden ?? null) : null;
  const view = subject?.view?.kind === 'y' ? null : (subject?.view ?? null);
  const [expected, actual] = view ? [view.right.y, view.other] : [sides.expected, sides.actual];
  const comparable = sameShape(expected.shape, actual.shape);
  const rounded = view ? viewAllowance(request, subject!.rounding, expected) : await allowanceOf(request, prepared, sides, comparable);
  const written = comparable ? ifCoarse(sides.written, rounded, expected, actual) : null;
  const allowance = written ? withDigits(rounded, written, actual) : rounded;
  const values = comparable ? compareValues(expected, actual, allowance) : NOT_COMPARABLE;
  // hidden states count as equal only if they were requested, or if the other file says that it contains them
  const isAsked = view?.code === 'head-missing' && (request.states === true || Boolean(sides.hidden));
  const right = comparable && (view === null || isAsked);
  const status: Status = right ? statusOf(allowance, expected, actual, values.mismatched) : 'DIFFERENT';
  return { isGraph, prepared, sides, explain, subject, view, expected, actual, comparable, rounded, written, allowance, values, status };
}

function resultOf(judged: Judged, { diagnosis, detectability }: Findings, request: CompareRequest): CompareResult {
  const { prepared, sides, view, expected, actual, comparable, rounded, written, allowance, status } = judged;
  const byShape = explainedByShape(diagnosis, sides.expected, actual);
  const shown = byShape ? NOT_COMPARABLE : judged.values;
  const exit = EXITS[status];
  return {
    schema: 'rnn-cli/compare@1',
    version: VERSION,
    status,
    equal: status === 'SAME',
    undecided:
      status === 'UNDECIDED'
        ? undecidedBecause(allowance, expected, request.against === undefined ? ENGINES_DECIDE : FILE_DECIDES, written, rounded)
        : null,
    written: written?.words ?? null,
    sides: sides.names,
    tolerance: { mode: allowance.mode, atol: allowance.atol, rtol: allowance.rtol, noise: allowance.noise, scale: allowance.scale },
    shape: byShape
      ? { expected: sides.expected.shape, actual: sides.actual.shape, equal: false }
      : { expected: expected.shape, actual: actual.shape, equal: comparable },
    ...shown,
    firstDifference: exit !== 1 ? null : (sides.firstDifference ?? firstDifference(expected, shown, diagnosis, view?.layer ?? null)),
    explanations: explanationsOf(diagnosis, judged.subject, prepared, request, sides.expected),
    asSpecified: shown.max?.abs ?? null,
    cannotDetect: detectability.cannotDetect,
    cannotName: detectability.cannotName,
    verdict: diagnosis?.verdict ?? null,
    codes: diagnosis?.codes ?? [],
    tellApart: diagnosis?.tellApart ?? null,
    tried: diagnosis?.tried ?? 0,
    view: view?.words ?? null,
    evidence: [...(diagnosis?.evidence ?? []), ...roundedElsewhere(diagnosis, shown.max, expected, prepared)],
    simulated: request.simulate ?? null,
    seed: prepared.seed,
    ...(request.threads === undefined ? {} : { threads: request.threads }),
    rng: prepared.rng,
    promises: prepared.promises,
    notes: notesOf(judged, { diagnosis, detectability }, byShape),
    assumptions: prepared.assumptions,
    exit,
  };
}

function notesOf({ isGraph, prepared, sides, view, status }: Judged, findings: Findings, byShape: boolean): string[] {
  return [
    ...prepared.notes,
    ...sides.notes,
    ...(isGraph ? [] : stepsForSamples(prepared, sides.actual)),
    ...(view === null || byShape ? [] : [`the other side was read as ${view.words} and compared with that`]),
    ...searchNotes(findings, prepared),
    ...(isGraph && status === 'DIFFERENT' ? ['the graph is run node by node: causes are not looked for'] : []),
  ];
}

/** Notes on how far the search for causes went. */
function searchNotes({ diagnosis, detectability }: Findings, { network }: Prepared): string[] {
  const { cannotDetect, cannotName, bounds, unchecked } = detectability;
  const tried = diagnosis?.layers;
  return [
    ...(diagnosis?.stopped ? ['not all pairs of mistakes were tried; --budget allows more of them'] : []),
    ...(tried
      ? [`mistakes of one layer were tried in ${tried} of ${network.model.layers.length} layers; --budget allows more of them`]
      : []),
    ...(bounds !== null && cannotDetect.length + cannotName.length > 0 ? [`what this input cannot show was looked for in ${bounds}`] : []),
    ...(unchecked.length > 0 ? [`not computed, for the network is large: whether this input can show ${unchecked.join(', ')}`] : []),
  ];
}

/** The findings with --no-explain: neither causes nor undetectable mistakes are searched for. */
const NO_FINDINGS: Findings = { diagnosis: null, detectability: { cannotDetect: [], cannotName: [], unchecked: [], bounds: null } };

/** Why the sides differ, and what this input cannot show. */
interface Findings {
  readonly diagnosis: Diagnosis | null;
  readonly detectability: ReturnType<DiagnosisSubject['detectability']>;
}

function findingsOf(judged: Judged, subject: DiagnosisSubject, request: CompareRequest, hooks: CompareHooks): Findings {
  const { status, allowance, rounded, written, expected, actual, view, sides } = judged;
  // values written with few digits may be off by their rounding
  const digits = largestDigitAllowance(written, actual) / NEAR_NOISE;
  if (status === 'SAME') {
    // float32 noise measured on the whole input is at least what the search would measure on part of it
    const noise = (sides.double ? Math.max(allowance.noise, subject.rounding) : allowance.noise) + digits;
    return { diagnosis: null, detectability: subject.detectability({ tolerance: allowance.atol, noise }) };
  }
  const noise = Math.max(allowance.noise, subject.rounding) + digits;
  const noiseAt = (e: number, k: number) => rounded.of(k, e) / TIMES_NOISE + digitAllowance(written, actual.data[k]) / NEAR_NOISE;
  const each = allowance.mode === 'auto' ? { shape: expected.shape, data: doublesOf(expected.data, noiseAt) } : undefined;
  const off = sameShape(expected.shape, actual.shape) ? { of: view?.words ?? null, ...offIn(allowance, expected, actual) } : undefined;
  const options = { noise, each, digits, off, work: (request.budget ?? DEFAULT_BUDGET) * WORK_OF_A_SECOND, onProgress: hooks.onProgress };
  return { diagnosis: subject.diagnose(options), detectability: subject.detectability({ tolerance: allowance.atol, noise }) };
}

const BY_SHAPE = new Set(['head-every-step', 'head-last', 'head-on-input', 'head-missing', 'cell-state-taken', 'output-layout']);

/** Whether the shapes alone explain the difference; a table of differences per step would then say less. */
function explainedByShape(diagnosis: Diagnosis | null, expected: Tensor, actual: Tensor): boolean {
  return (
    diagnosis !== null &&
    BY_SHAPE.has(diagnosis.findings[0]?.code) &&
    diagnosis.verdict !== 'unexplained' &&
    !sameShape(expected.shape, actual.shape)
  );
}

function noStates(): RnnError {
  return new RnnError('unsupported', 'E_OPERATOR', 'the graph is run node by node, so which of its values are hidden states is not known', {
    where: '--states',
    expected: 'a network of layers',
    found: 'a graph with control flow on computed values (If, Loop, Scan)',
    fix: 'compare an output instead: drop --states; --output selects one of several',
  });
}

/**
 * Checks `--states` against an other side that has the shape of y. @throws RnnError E_CONFLICT if --states is given and y is not a sequence
 * of hidden states
 */
function checkStates({ states, against }: CompareRequest, { network: { model } }: Prepared): void {
  const end = model.layers.find(({ name }) => name === model.output);
  if (!states || !end || isRecurrent(end)) return;
  throw new RnnError('usage', 'E_CONFLICT', '--states expects hidden states on the other side, but it has the shape of y', {
    where: escapeText(against ?? '', 60),
    fix: 'drop --states',
  });
}

const ENGINES_DECIDE = 'fewer steps (--T), smaller weights or inputs, --dtype f64, or a tolerance of your own (--atol)';
const FILE_DECIDES =
  'fewer steps, smaller weights or inputs, both sides in float64 (a float64 .npy and --dtype f64), or a tolerance of your own (--atol)';
