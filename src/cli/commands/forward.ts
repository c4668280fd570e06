import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { engineLine, forwardDocument, forwardText, writeSamples } from '../../report/forwardReport.js';
import { type RanForward, runEmit, runForward } from '../../run/forward.js';
import { titleOf } from '../../run/network/network.js';
import type { ForwardRequest } from '../../run/request.js';
import type { ForwardResult, TensorData } from '../../run/result.js';
import { type Output, valueOptions } from '../output.js';
import { progressBar } from '../progress.js';
import { guarded } from '../signals.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

/** `rnn-cli forward`. @returns the exit code */
export async function forward(values: Values, output: Output): Promise<number> {
  if (values.emit !== undefined) {
    const { script, assumptions } = await runEmit({ ...networkRequest(values), ...inputRequest(values) }, values.emit);
    output.text(script);
    output.assumed(assumptions);
    return 0;
  }
  if (values.input !== undefined && values.out !== undefined && values.html === undefined) {
    const { forwardInPieces } = await import('./forwardInPieces.js');
    if (await forwardInPieces(values, output)) return 0;
  }
  const draw = progressBar(output, 'parts of the network');
  const request = {
    ...networkRequest(values),
    ...inputRequest(values),
    ...given(values, ['states', 'sample', 'step', 'unit', 'output']),
    trace: asksForTrace(values),
    ...(values.html === undefined ? {} : pageEngine(values)),
  };
  let ran: RanForward | undefined;
  const onProgress = (done: number, total: number) => draw({ done, total });
  const onRun = (done: RanForward) => {
    ran = done;
  };
  const result = await ofLongSample(request, values, output)
    .then(long => long ?? runForward(request, { onProgress, onRun }))
    .finally(() => output.progress(''));
  output.detail(`input ${result.inputSource}, weights ${result.weightsSource}`);
  output.detail(engineLine(result));
  const saved = await save(result, values);
  if (values.svg !== undefined) {
    const { heatMapsSvg, panelsOf, savePicture } = await import('../picture.js');
    saved.push(...(await savePicture(heatMapsSvg(panelsOf(result, values.sample ?? 1), pictureTitle(result, values)), values, output)));
  }
  if (values.html !== undefined) {
    const { forwardPage, savePage } = await import('../page.js');
    await savePage(
      `rnn-cli forward: ${titleOf(ran!.prepared.network)}`,
      forwardPage(result, ran!, request, output.command),
      values,
      output,
    );
  }
  output.notes([...result.notes, ...leftOut(result, values, output)]);
  await print(result, values, output, saved);
  output.assumed(result.assumptions);
  return 0;
}

/** Bytes from which an input may be too long to be read whole. For smaller inputs the engine is chosen as usual. */
const LONG = 2 ** 26;

/** y of one long sample, computed a few steps at a time; undefined if the input is not one, or more than y is shown. */
async function ofLongSample(request: ForwardRequest, values: Values, output: Output): Promise<ForwardResult | undefined> {
  if (values.input === undefined || values.html !== undefined || request.trace) return undefined;
  const { bytesIn } = await import('../../run/files/fileSource.js');
  if (bytesIn(values.input) < LONG) return undefined;
  const { forwardLongSample } = await import('../../run/stream.js');
  const onProgress = progressBar(output, 'samples');
  return forwardLongSample({ ...request, format: 'npy', onProgress });
}

/** A note on the outputs that are not shown, since lines of JSON and CSV contain one array. */
function leftOut({ tensors: { others }, outputs }: ForwardResult, values: Values, output: Output): string[] {
  if (!others || values.json || values.out !== undefined || !(values.jsonl || output.layout.style === 'csv')) return [];
  const [shown, ...rest] = outputs.map(({ name }) => escapeText(name, 40));
  return [`y is ${shown}, one of ${outputs.length} outputs; --output ${rest[0]} gives another one, --json or -o FILE.npz all`];
}

async function print(result: ForwardResult, values: Values, output: Output, saved: readonly string[]): Promise<void> {
  if (values.svg === '-' || values.html === '-') return;
  if (values.out?.startsWith('-')) {
    const { encodeTensors } = await import('../../run/files/save.js');
    output.bytes(await encodeTensors(values.out.slice(2) || 'npy', outputsFor(values.out, result)));
  } else if (values.json) output.json(forwardDocument(result, values));
  else if (values.jsonl) writeSamples(result, output.text);
  else if (values.out === undefined || !values.quiet) {
    // what was written to a file is not printed again; a plot replaces the numbers
    const printed = values.trace === true || values.step !== undefined || values.unit !== undefined;
    output.text(
      await forwardText(result, output.layout, {
        ...valueOptions(values, output),
        saved,
        withoutY: values.out !== undefined && !values.full,
        withoutSteps: !printed,
        unit: values.unit,
        pictures: values.plot ? await heatMaps(result, values, output) : '',
      }),
    );
  }
}

async function heatMaps(result: ForwardResult, values: Values, output: Output): Promise<string> {
  const { heatMapsText, panelsOf } = await import('../picture.js');
  const [sample, N] = [values.sample ?? 1, result.shape[0]];
  const which = N > 1 ? `sample ${sample} of ${N}${values.sample === undefined ? ' (--sample n draws another)' : ''}\n\n` : '';
  return which + heatMapsText(panelsOf(result, sample), output.picture);
}

function pictureTitle({ rng, seed, inputSource }: ForwardResult, values: Values): string {
  return `sample ${values.sample ?? 1}, ${inputSource.startsWith('seed ') ? `seed ${seed} (${rng})` : inputSource}`;
}

/** A page computes y itself, by default with the engine that gives the same bits everywhere. */
function pageEngine({ engine = 'auto' }: Values): { engine: Values['engine'] } {
  return { engine: engine === 'auto' ? 'batched' : engine };
}

/** Whether the output needs a trace: a step, a unit or a picture. */
function asksForTrace({ trace, step, unit, plot, svg }: Values): boolean {
  return [trace, step, unit, plot, svg].some(value => value !== undefined);
}

/** @returns the files that were written */
async function save(result: ForwardResult, values: Values): Promise<string[]> {
  const { tensors } = result;
  const files: [string, ReadonlyMap<string, TensorData>][] = [];
  if (values.out !== undefined && !values.out.startsWith('-')) files.push([values.out, outputsFor(values.out, result)]);
  if (typeof values.trace === 'string') files.push([values.trace, new Map([['y', tensors.y], ...(tensors.trace ?? [])])]);
  if (files.length === 0) return [];
  const { saveTensors } = await import('../../run/files/save.js');
  // only here, because listening for interrupts takes time that a small command notices
  await guarded(async () => {
    for (const [path, content] of files) await saveTensors(path, content, { force: values.force });
  });
  return files.map(([path]) => path);
}

/** y under `y`, and all outputs under their names if the file can hold several. @throws RnnError E_CONFLICT if it can hold only one */
function outputsFor(path: string, { tensors: { y, others }, outputs }: ForwardResult): ReadonlyMap<string, TensorData> {
  if (!others) return new Map([['y', y]]);
  const [first] = outputs;
  if (/\.(npz|json)$/i.test(path)) return new Map([['y', y], [first.name, y], ...others]);
  const names = outputs.map(o => escapeText(o.name, 40)).join(', ');
  throw new RnnError('usage', 'E_CONFLICT', `the network has ${outputs.length} outputs, and ${escapeText(path)} holds one array`, {
    expected: '.npz, or --output NAME',
    found: names,
    fix: `add --output ${escapeText(first.name, 40)}, or write an .npz`,
  });
}
