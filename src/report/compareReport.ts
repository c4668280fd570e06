import { escapeText, plural, shownPath } from '../escape.js';
import type { CompareResult, Explanation } from '../run/result.js';
import { alignPoints, smallText, smallTexts, valueText } from './numbers.js';
import { drawTable, type Layout } from './table.js';
import { wrapCode, wrapText } from './text.js';

/** Options of the text report of `rnn-cli compare`. */
export interface CompareTextOptions {
  readonly digits: number;
  /** most rows of the table */
  readonly rows: number;
}

/** The text of `compare`: verdict, table of differences, explanation and assumptions, as far as they apply. */
export async function compareText(result: CompareResult, layout: Layout, options: CompareTextOptions): Promise<string> {
  // CSV contains only the row of each sample
  if (layout.style === 'csv') return samplesTable(result, layout, { ...options, rows: Number.POSITIVE_INFINITY });
  if (result.equal) return sameText(result, layout);
  if (result.status === 'UNDECIDED') return undecidedText(result, layout);
  // correct numbers with their axes in another order
  if (result.shape.equal && result.mismatched === 0)
    return `${layout.paint.bad('DIFFERENT')}   the numbers are equal, their axes are not\n\n${becauseText(result, layout)}`;
  const parts = result.shape.equal
    ? [differentLine(result, layout), await samplesTable(result, layout, options), firstLine(result)]
    : [shapesLine(result, layout)];
  parts.push(triedText(result, layout), becauseText(result, layout));
  return parts.filter(part => part !== '').join('\n');
}

function sameText(result: CompareResult, { paint, width }: Layout): string {
  const { total, max, tolerance, cannotDetect, sides, written } = result;
  const largest = smallText(max?.abs ?? 0);
  const digits =
    written === null ? '' : `equal to ${/^\d/.test(written) ? 'the ' : ''}${written}${/^\d/.test(written) ? ' written' : ''}, `;
  const line = wrapText(
    `${paint.good('SAME')}   ${total} of ${total} values, ${digits}largest ${largest}, ${allowedText(tolerance, max)}   ${shownPath(sides.expected, 60)} and ${shownPath(sides.actual, 60)}\n`,
    width,
    7,
  );
  return cannotDetect.length === 0
    ? line
    : line +
        wrapText(`       this input cannot show: ${escapeText(byCode(cannotDetect).join(', '), Number.POSITIVE_INFINITY)}\n`, width, 9);
}

/**
 * Groups codes by mistake: 'bias-missing@gru_2', 'bias-missing@dense_1' -> 'bias-missing (gru_2, dense_1)'; more than two layers are
 * counted.
 */
function byCode(codes: readonly string[]): string[] {
  const layers = new Map<string, string[]>();
  for (const code of codes) {
    const [name, layer] = code.split('@');
    layers.set(name, [...(layers.get(name) ?? []), ...(layer ? [layer] : [])]);
  }
  return [...layers].map(([name, own]) =>
    own.length === 0 ? name : `${name} (${own.length > 2 ? `${own.length} layers` : own.join(', ')})`,
  );
}

/** Why rounding alone may explain the differences here, and what would decide. */
function undecidedText({ undecided, total, max, sides }: CompareResult, { paint, width }: Layout): string {
  const { reason, values, decide } = undecided!;
  const line = `${paint.bad('UNDECIDED')}   ${values} of ${total} values, largest difference ${smallText(max?.abs ?? 0, 3)}   ${shownPath(sides.expected, 60)} and ${shownPath(sides.actual, 60)}\n`;
  const rest = [wrapText(`  why      ${reason}\n`, width, 11), wrapText(`  decide   ${decide}\n`, width, 11)];
  return wrapText(line, width, 12) + rest.join('');
}

/** The tolerance; in mode auto, the one at the largest difference. */
function allowedText({ mode, atol, rtol }: CompareResult['tolerance'], max: CompareResult['max']): string {
  if (mode === 'auto') return `allowed ${smallText(max?.allowed ?? atol)} (auto)`;
  return rtol === 0 ? `allowed ${smallText(atol)}` : `allowed ${smallText(atol)} + ${smallText(rtol)}·|e|`;
}

function differentLine({ mismatched, total, perSample, max, tolerance }: CompareResult, { paint, width }: Layout): string {
  const wrong = perSample.filter(sample => !sample.ok).length;
  const isLarger = max !== null && perSample.some(sample => sample.ok && sample.maxAbs > max.abs);
  const where = max ? `     largest${isLarger ? ' of them' : ''} ${smallText(max.abs, 3)} at ${placeText(max.index)}` : '';
  const line = `${paint.bad('DIFFERENT')}   ${mismatched} of ${total} values, ${wrong} of ${plural(perSample.length, 'sample')}${where}   ${allowedText(tolerance, max)}\n`;
  return wrapText(line, width, 12);
}

/** Position in words: [3, 1] -> 'sample 4, y2'; [3, 6, 1] -> 'sample 4, step 7, y2'. Counted from 1, as in the tables. */
function placeText([sample, ...rest]: readonly number[]): string {
  return [`sample ${sample + 1}`, ...withinSample(rest)].join(', ');
}

function withinSample(index: readonly number[]): string[] {
  if (index.length === 0) return [];
  const steps = index.slice(0, -1).map((at, axis) => (axis === 0 && index.length === 2 ? `step ${at + 1}` : `axis ${axis + 2}: ${at + 1}`));
  return [...steps, `y${index[index.length - 1] + 1}`];
}

/** Whether the table needs the tolerances to explain the verdicts, since each value has its own. */
function needsAllowed(perSample: CompareResult['perSample']): boolean {
  const same = Math.max(...perSample.map(({ ok, maxAbs }) => (ok ? maxAbs : 0)));
  return perSample.some(({ ok, maxAbs }) => !ok && maxAbs <= same);
}

async function samplesTable({ perSample, sides }: CompareResult, layout: Layout, { digits, rows }: CompareTextOptions): Promise<string> {
  const shown = perSample.slice(0, rows);
  // a narrow table has fewer digits, because a number that is cut off would be wrong
  const value = (x: number): string => valueText(x, layout.width < 72 ? Math.min(digits, 6) : digits, false);
  const largest = smallTexts(shown.map(({ maxAbs }) => maxAbs));
  const allowed = needsAllowed(shown) ? smallTexts(shown.map(sample => sample.allowed)) : null;
  const [expected, actual] = [shown.map(sample => sample.expected), shown.map(sample => sample.actual)].map(column =>
    alignPoints(column.map(value)),
  );
  const table = await drawTable(
    {
      columns: [
        { title: 'sample', align: 'right', whole: true },
        { title: 'largest', whole: true, gap: 3 },
        ...(allowed ? [{ title: 'allowed', whole: true, gap: 3 }] : []),
        { title: 'at', whole: true, gap: 3 },
        { title: shownPath(sides.expected, 60), align: 'right', gap: 3 },
        { title: shownPath(sides.actual, 60), align: 'right', gap: 3 },
        { title: 'verdict', gap: 3, paint: cell => (cell === 'same' ? 'good' : cell === 'different' ? 'bad' : 'warn') },
      ],
      rows: shown.map((sample, i) => [
        String(sample.n + 1),
        largest[i],
        ...(allowed ? [allowed[i]] : []),
        withinSample(sample.index).join(', '),
        expected[i],
        actual[i],
        sample.undecided ? 'undecided' : sample.ok ? 'same' : 'different',
      ]),
    },
    layout,
  );
  const left = perSample.length - shown.length;
  return left > 0 ? `${table} … ${plural(left, 'more sample')} (--full prints all)\n` : table;
}

function firstLine({ firstDifference }: CompareResult): string {
  if (!firstDifference) return '';
  const { sample, step, layer } = firstDifference;
  const place = [`sample ${sample + 1}`, step === null ? '' : `step ${step + 1}`, layer === null ? '' : escapeText(layer, 60)].filter(
    Boolean,
  );
  return ` first difference: ${place.join(', ')}\n`;
}

/** 'DIFFERENT   yours (10,2), right (1,2): …  [head-on-input]' */
function shapesLine({ shape, explanations }: CompareResult, { paint, width }: Layout): string {
  const best = explanations.find(({ verdict }) => verdict !== 'rejected');
  const shapes = `yours (${shape.actual.join(',')}), right (${shape.expected.join(',')})`;
  const why = best ? `: ${best.why.split('\n')[0].replace(/^yours .*?: /, '')}  [${best.code}]` : '';
  return wrapText(`${paint.bad('DIFFERENT')}   ${shapes}${why}\n`, width, 12);
}

const MOST_TRIED = 5;

/** The accepted explanations, or those with the smallest residuals, with the residual of the network as specified. */
function triedText({ explanations, tried: count, asSpecified, shape }: CompareResult, { paint }: Layout): string {
  if (explanations.length === 0 || !shape.equal) return '';
  const named = explanations.filter(({ verdict }) => verdict !== 'rejected');
  const best = [...(named.length > 0 ? named : explanations)].sort((a, b) => a.residual - b.residual).slice(0, MOST_TRIED);
  const rows = best.map(({ code, residual, verdict }) => ({
    code,
    residual,
    mark: verdict === 'rejected' ? '' : `   ${paint.good(`← ${verdict}`)}`,
  }));
  if (asSpecified !== null) rows.push({ code: 'as specified', residual: asSpecified, mark: '' });
  const tried = ` tested ${plural(count, 'explanation')}`;
  const width = Math.max(20, tried.length - 4, ...rows.map(row => row.code.length)) + 3;
  rows.sort((a, b) => a.residual - b.residual);
  const residuals = smallTexts(rows.map(({ residual }) => residual));
  const lines = rows.map(({ code, mark }, i) => `   ${code.padEnd(width)}${residuals[i]}${mark}\n`);
  return `${tried.padEnd(width + 3)}residual\n${lines.join('')}`;
}

/** What is known of the cause: the explanation that fits, or all that fit equally well, each with its fix, or what the numbers show. */
function becauseText(result: CompareResult, { paint, width }: Layout): string {
  const { explanations, shape, evidence, verdict, tellApart } = result;
  const accepted = explanations.filter(e => e.verdict !== 'rejected');
  const [best] = accepted;
  const [why, fix] = [` ${paint.strong('WHY')}  `, ` ${paint.strong('FIX')}  `];
  const say = (start: string, text: string) => wrapText(`${start}${hanging(text)}\n`, width, 6);
  const instead = (e: Explanation) => (e.call === null ? '' : say('      ', `or, if that is what is meant: the same call with ${e.call}`));
  const repair = (e: Explanation) => (e.fix === '' ? '' : `${fix}${hanging(wrapCode(e.fix, width - 6))}\n`) + instead(e);
  if (!best) {
    if (explanations.length === 0 && evidence.length === 0) return '';
    const tested = explanations.length === 0 ? '' : `: no known mistake gives your y${shape.equal ? '' : ', and the shapes differ'}`;
    return say(why, [`unexplained${tested}`, ...evidence].join('\n'));
  }
  if (accepted.length > 1) {
    const start = verdict === 'tie' ? `${accepted.length} explanations give the same y on this input:` : 'likely, one of:';
    const each = accepted.slice(0, MOST_TIED).map(e => `\n ${paint.strong(e.code)}\n${say('      ', e.why)}${repair(e)}`);
    const left =
      accepted.length > MOST_TIED
        ? `\n … ${accepted.length - MOST_TIED} more: ${accepted
            .slice(MOST_TIED)
            .map(e => e.code)
            .join(', ')}\n`
        : '';
    return say(why, start) + (tellApart ? say('      ', tellApart) : '') + each.join('') + left;
  }
  const likely = best.verdict === 'likely' ? `${best.code}, likely: ` : '';
  return (shape.equal ? say(why, likely + best.why) : '') + repair(best);
}

/** Explanations of a tie that are printed in full. */
const MOST_TIED = 4;

/** Indents further lines to the start of the first. */
function hanging(text: string): string {
  return text.replaceAll('\n', '\n      ');
}
