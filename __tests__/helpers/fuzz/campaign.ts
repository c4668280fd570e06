import { createHash } from 'node:crypto';
import { detectConvention } from '../../../src/conventions/index.js';
import { RnnError } from '../../../src/errors.js';
import { DEFAULT_LIMITS, type TensorFile } from '../../../src/formats/format.js';
import { checkSpec } from '../../../src/model/check.js';
import { inferShapes } from '../../../src/model/shapes.js';
import { digestOf, errorLine } from '../approved.js';
import { readTensors } from '../readFormat.js';
import { mutateBytes } from './mutate.js';
import { Randomness } from './randomness.js';
import type { Target } from './targets.js';

/**
 * One campaign against one reader. A mutant is refused by a typed error, read as before, or read as something else that keeps every
 * promise of TensorFile; whatever is none of these is a failure. Every 50 mutants a good file must read as it did when the golden
 * digests were written, and a bad one must be refused: a harness that tests nothing is noticed.
 */
export interface Campaign {
  readonly target: Target;
  readonly seed: number;
  /** the numbers of the first mutant, 0 unless said, and of the one behind the last; `until` may end it before */
  readonly from?: number;
  readonly cases: number;
  until?(): boolean;
  /** digest of every good file, written down earlier */
  readonly golden: Readonly<Record<string, string>>;
  /** called before each case, for a watchdog */
  onCase?(index: number): void;
  /** what became of each case, whole: the digest of what was read, or every word of the refusal */
  onAnswer?(answer: string): void;
}

export interface Report {
  readonly reader: string;
  tried: number;
  same: number;
  different: number;
  readonly refused: Map<string, number>;
  canaries: number;
  slowestMs: number;
  slowestCase: number;
  peakRssMiB: number;
  readonly failures: string[];
}

// Small enough that a reader that forgets its budget is caught long before the machine is full
const LIMITS = { ...DEFAULT_LIMITS, totalBytes: 2 ** 26 };
const CANARY_EVERY = 50;
const MOST_FAILURES = 20;
const SLOW_MS = 1000;

export async function runCampaign(campaign: Campaign): Promise<Report> {
  const { target, seed, cases } = campaign;
  const report: Report = {
    reader: target.reader,
    tried: 0,
    same: 0,
    different: 0,
    refused: new Map(),
    canaries: 0,
    slowestMs: 0,
    slowestCase: -1,
    peakRssMiB: 0,
    failures: [],
  };
  const originals = await Promise.all(target.seeds.map(([name, bytes]) => outcome(name, bytes)));
  for (let index = campaign.from ?? 0; index < cases && !campaign.until?.() && report.failures.length < MOST_FAILURES; index++) {
    campaign.onCase?.(index);
    if (index % CANARY_EVERY === 0) await canaries(campaign, index / CANARY_EVERY, report);
    const mutant = makeMutant(target, seed, index);
    const started = busyMs();
    const answer = await tryMutant(mutant, originals[mutant.origin], target, index, report);
    campaign.onAnswer?.(answer);
    let ms = busyMs() - started;
    if (ms > SLOW_MS) ms = Math.min(ms, await again(mutant));
    if (ms > report.slowestMs) [report.slowestMs, report.slowestCase] = [ms, index];
    if (ms > SLOW_MS) report.failures.push(`case ${index} (${mutant.name}): ${ms.toFixed(0)} ms`);
    report.tried++;
    if (index % 64 === 0) report.peakRssMiB = Math.max(report.peakRssMiB, process.memoryUsage.rss() / 2 ** 20);
  }
  return report;
}

export interface Mutant {
  readonly name: string;
  readonly bytes: Buffer;
  /** which seed it was made of */
  readonly origin: number;
  /** one flipped bit and nothing else */
  readonly singleFlip: boolean;
}

/** Case number `index` of a campaign; the same for the same seed, so that a failure can be looked at again. */
export function makeMutant(target: Target, seed: number, index: number): Mutant {
  const random = new Randomness(seed, index);
  const origin = random.below(target.seeds.length);
  const [name, bytes] = target.seeds[origin];
  const way = random.below(10);
  if (way === 0 && bytes.length > 0) {
    const copy = Buffer.from(bytes);
    copy[random.below(copy.length)] ^= 1 << random.below(8);
    // PyTorch's files before 1.6 are no archives, and have no checksums
    return { name, bytes: copy, origin, singleFlip: bytes.subarray(0, 2).toString() === 'PK' };
  }
  const others = target.seeds.map(([, other]) => other);
  let mutant: Buffer = Buffer.from(bytes);
  if (target.structured && way < 6) {
    try {
      mutant = target.structured(Buffer.from(bytes), random);
    } catch (error) {
      // the mutator takes honest files apart; where that fails, blind changes remain
      if (error instanceof RnnError) throw error;
      mutant = mutateBytes(mutant, random, others);
    }
    if (random.below(4) === 0) mutant = mutateBytes(mutant, random, others);
  } else mutant = mutateBytes(mutant, random, others);
  return { name, bytes: mutant, origin, singleFlip: false };
}

async function tryMutant(mutant: Mutant, original: string, target: Target, index: number, report: Report): Promise<string> {
  const fail = (what: string) => report.failures.push(`case ${index} (${mutant.name}): ${what}`);
  try {
    const file = await read(mutant.name, mutant.bytes);
    const broken = brokenPromise(file);
    if (broken) fail(broken);
    const digested = digest(file);
    const same = digested === original;
    if (same) report.same++;
    else {
      report.different++;
      if (target.checksummed && mutant.singleFlip && !sameNumbers(file, original))
        fail('one flipped bit changed tensors that are under a CRC');
    }
    return `${digested} ${file.notes.join()} ${consume(file)}`;
  } catch (error) {
    const wrong = wrongError(error);
    if (wrong) fail(wrong);
    else report.refused.set((error as RnnError).code, (report.refused.get((error as RnnError).code) ?? 0) + 1);
    return error instanceof RnnError ? errorLine(error) : 'a bug';
  }
}

/** Milliseconds of the processor: a machine that does other things too may let one read wait for seconds. */
function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Slow is what is slow twice. @returns milliseconds */
async function again({ name, bytes }: Mutant): Promise<number> {
  const started = busyMs();
  await read(name, bytes).catch(() => undefined);
  return busyMs() - started;
}

/** Metadata and notes stand outside the checksums; tensors do not. */
function sameNumbers(file: TensorFile, original: string): boolean {
  return original.startsWith(tensorDigest(file));
}

/** Goes on as `inspect` would: whose names, which network, which shapes. Only typed errors may come of it. */
function consume(file: TensorFile): string {
  try {
    const convention = detectConvention([...file.tensors.keys()]);
    const { input, layers } = convention.toSpec(file.tensors, { task: 'many-to-one', pool: 'last', timesteps: null });
    const shapes = inferShapes(checkSpec({ input: { timesteps: 4, features: input.features ?? 3 }, layers }));
    return digestOf([layers, convention.toWeights(shapes, file.tensors)]);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return errorLine(error);
  }
}

function read(name: string, bytes: Buffer): Promise<TensorFile> {
  // a copy of its own: nothing may depend on what lies around the bytes
  return readTensors(new Uint8Array(bytes), { limits: LIMITS, nameHint: name, ownName: name, readPart });
}

/** The files beside a model.json: `w24.bin` has 24 bytes. The data of a checkpoint: 4096 bytes, whose checksums the made ones have. */
function readPart(name: string): Uint8Array {
  if (name.includes('.data-')) return Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) & 63);
  return Uint8Array.from({ length: Number(/^w(\d{1,3})\.bin$/.exec(name)?.[1] ?? 0) }, (_, i) => (i * 37) & 63);
}

/** The digest of a file, or the code of its refusal: a good file may hold what we promise to refuse, such as integers beyond 2^53. */
export async function outcome(name: string, bytes: Buffer): Promise<string> {
  try {
    return digest(await read(name, bytes));
  } catch (error) {
    return error instanceof RnnError ? error.code : String(error);
  }
}

/** What a file that was accepted promises; the first promise it breaks. */
export function brokenPromise({ tensors, metadata, notes }: TensorFile): string | undefined {
  let total = 0;
  for (const [name, { shape, data, dtype }] of tensors) {
    if (name.includes('\0') || Buffer.byteLength(name) > LIMITS.nameBytes) return 'a tensor name that should have been refused';
    if (shape.length > LIMITS.rank || shape.some(n => !Number.isInteger(n) || n < 0 || n > LIMITS.dimension)) return `a shape [${shape}]`;
    if (shape.reduce((size, n) => size * n, 1) !== data.length) return `shape [${shape}] with ${data.length} numbers`;
    const narrow = ['bool', 'u8', 'i8', 'u16', 'i16', 'f16', 'bf16', 'f32'].includes(dtype);
    if (narrow !== data instanceof Float32Array) return `${dtype} in a ${data.constructor.name}`;
    total += data.byteLength;
  }
  if (total > LIMITS.totalBytes) return `${total} bytes, over the limit`;
  for (const text of [...metadata.keys(), ...metadata.values()]) if (typeof text !== 'string') return 'metadata that is no text';
  return notes.map(unsafe).find(wrong => wrong !== undefined);
}

/** What an error that comes out must be: typed, named, short, and safe for a terminal. */
export function wrongError(error: unknown): string | undefined {
  if (!(error instanceof RnnError)) return `${error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' | ') : error}`;
  if (!/^E_[A-Z0-9_]+$/.test(error.code)) return `code '${error.code}'`;
  if (error.exit !== 3 && error.exit !== 5) return `exit ${error.exit} (${error.code})`;
  if (error.message.length > 400) return `a message of ${error.message.length} characters (${error.code})`;
  for (const text of [error.message, error.where, error.expected, error.found, error.fix]) {
    const wrong = text === undefined ? undefined : unsafe(text);
    if (wrong) return `${wrong} (${error.code})`;
  }
  return undefined;
}

function unsafe(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal
  return /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text)
    ? `text that steers a terminal: ${JSON.stringify(text.slice(0, 80))}`
    : undefined;
}

async function canaries({ target, golden }: Campaign, round: number, report: Report): Promise<void> {
  const [name, bytes] = target.seeds[round % target.seeds.length];
  const found = await outcome(name, bytes);
  if (golden[name] !== found) report.failures.push(`good canary ${name}: ${found} is not the golden ${golden[name]}`);
  if (target.bad.length > 0) {
    const [badName, bad] = target.bad[round % target.bad.length];
    const wrong = await read(badName, bad).then(
      () => 'was read',
      error => wrongError(error),
    );
    if (wrong) report.failures.push(`bad canary ${badName}: ${wrong}`);
  }
  report.canaries += 2;
}

/** sha256 of everything in a file: first the tensors, then the metadata. */
export function digest(file: TensorFile): string {
  const rest = createHash('sha256');
  for (const [key, value] of file.metadata) rest.update(`${key}=${value};`);
  return `${tensorDigest(file)}${rest.digest('hex').slice(0, 8)}`;
}

function tensorDigest({ tensors }: TensorFile): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data, dtype }] of tensors) {
    hash.update(`${name}:${dtype}:${shape.join(',')};`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex').slice(0, 32);
}

/** Lines for people: what became of the mutants. */
export function reportText(report: Report): string {
  const refused = [...report.refused].sort((a, b) => b[1] - a[1]);
  const total = refused.reduce((sum, [, n]) => sum + n, 0);
  const percent = (n: number) => `${((100 * n) / Math.max(1, report.tried)).toFixed(1)} %`;
  return [
    `${report.reader}: ${report.tried} mutants, ${report.canaries} canaries, ${report.failures.length} failures`,
    `  read as before ${percent(report.same)}, read as something else ${percent(report.different)}, refused ${percent(total)}`,
    `  slowest ${report.slowestMs.toFixed(1)} ms (case ${report.slowestCase}), peak memory ${report.peakRssMiB.toFixed(0)} MiB`,
    ...refused.map(([code, n]) => `    ${code.padEnd(26)} ${n}`),
    ...report.failures.map(failure => `  FAILURE ${failure}`),
  ].join('\n');
}
