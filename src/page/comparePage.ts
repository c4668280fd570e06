import type { ComparePage } from '../run/page/pageData.js';
import type { Explanation } from '../run/result.js';
import { codeBlock } from './copyButton.js';
import { type Differences, differences } from './differences.js';
import { button, el, replace, section } from './dom.js';
import { explanationsTable } from './explanationsTable.js';
import { explorer } from './explorer.js';
import { loopSection } from './loopSection.js';
import { computeFrom, type Model, settingsOf } from './model.js';
import { pageFoot, pageHead } from './pageParts.js';
import { numberText, shownName } from './text.js';
import { unpack } from './unpack.js';

/** `compare --html`: both outputs side by side, where they differ, what explains it, and the loop with and without the mistake. */
export function comparePage(root: HTMLElement, data: ComparePage): void {
  const { result } = data;
  const sides = result.shape.equal ? sidesOf(data, choose) : undefined;
  const loops = loopSection(data);
  const inside = el('details', { class: 'inside' }, el('summary', {}, 'Look inside the network'));
  let model: Promise<Model> | undefined;
  const networkOf = () => {
    model ??= computeFrom(data.network!, 'batched', 'f32')(settingsOf(data.network!));
    return model;
  };
  let chosen = result.explanations.find(({ verdict }) => verdict !== 'rejected');

  function choose(sample: number): void {
    sides?.choose(sample);
    loops.choose(sample);
  }
  const pick = (explanation: Explanation) => {
    chosen = explanation;
    drawTable();
    loops.show(explanation);
  };
  const table = section('explanations', null);
  const drawTable = () => replace(table, ...explanationsTable(data, chosen, pick));

  const verdict = el('h1', { class: `verdict ${result.status.toLowerCase()}` }, result.status);
  const flag = el('span', { class: 'flag', 'aria-hidden': true }, '⚑');
  const first = result.firstDifference && el('p', { class: 'first' }, flag, ` First difference: ${firstText(data)}`);
  const bySide = sides && section('side by side', 'Side by side', first, sides.node);
  root.append(
    pageHead(data, 'compare', verdict, el('p', { class: 'verdict-line' }, verdictText(data))),
    el('main', { id: 'main' }, ...because(data), bySide, loops.node, table, hiddenFaults(data), data.network && inside),
    pageFoot(data, result.notes, result.assumptions, []),
  );
  drawTable();
  if (chosen) loops.show(chosen);
  else loops.node.hidden = true;
  if (data.network) {
    const { at } = placeOf(data);
    inside.addEventListener('toggle', () => inside.childElementCount === 1 && void openInside(inside, networkOf(), at));
  }
  root.dataset.ready = '';
}

function sidesOf(data: ComparePage, onSample: (sample: number) => void): Differences {
  const [expected, actual, allowed] = [data.expected, data.actual, data.allowed].map(unpack);
  const { sides: names, firstDifference: first } = data.result;
  return differences({ expected, actual, allowed, dims: data.dims, names, first, onSample });
}

async function openInside(inside: HTMLElement, model: Promise<Model>, at: { sample?: number; step?: number }): Promise<void> {
  const view = explorer({ engine: 'batched', dtype: 'f32', at });
  inside.append(...view.nodes);
  await view.use(await model);
}

function placeOf({ result: { firstDifference: first } }: ComparePage): { at: { sample?: number; step?: number } } {
  return { at: first ? { sample: first.sample + 1, step: first.step === null ? undefined : first.step + 1 } : {} };
}

function verdictText({ result }: ComparePage): string {
  const { status, mismatched, total, perSample, max, sides, undecided, shape } = result;
  const names = `${sides.expected} and ${sides.actual}`;
  if (status === 'SAME')
    return `${total} of ${total} values of ${names} are equal within what is allowed; the largest difference is ${numberText(Number(max?.abs ?? 0), 2)}.`;
  if (status === 'UNDECIDED') return `${undecided!.reason}. What would decide: ${undecided!.decide}.`;
  if (!shape.equal) return `${sides.expected} has the shape [${shape.expected.join(', ')}], ${sides.actual} [${shape.actual.join(', ')}].`;
  const wrong = perSample.filter(({ ok }) => !ok).length;
  return `${mismatched} of ${total} values of ${names}, in ${wrong} of ${perSample.length} samples. The largest difference is ${numberText(Number(max?.abs), 3)}, where ${numberText(Number(max?.allowed), 2)} is allowed.`;
}

function firstText({ result: { firstDifference } }: ComparePage): string {
  const { sample, step, layer } = firstDifference!;
  return [`sample ${sample + 1}`, step === null ? '' : `step ${step + 1}`, layer === null ? '' : shownName(layer)]
    .filter(Boolean)
    .join(', ');
}

/** WHY and FIX of the accepted explanation; of all of them in a tie. */
function because({ result: { explanations, evidence, verdict, tellApart } }: ComparePage): HTMLElement[] {
  const accepted = explanations.filter(e => e.verdict !== 'rejected');
  const blocks = (verdict === 'tie' ? accepted : accepted.slice(0, 1)).map(explanation => whyBlock(explanation, verdict));
  const found =
    evidence.length > 0 && accepted.length === 0
      ? [
          el(
            'section',
            { class: 'why', 'aria-label': 'what the numbers say' },
            el('h2', {}, 'What the numbers say'),
            ...evidence.map(line => el('p', {}, line)),
          ),
        ]
      : [];
  const apart = tellApart ? [el('p', { class: 'note' }, `These give the same y here. An input on which they differ: ${tellApart}`)] : [];
  return [...blocks, ...apart, ...found];
}

const WORDS = { fits: 'it fits', tie: 'it fits, and so do others', likely: 'likely', unexplained: '' } as const;

function whyBlock({ code, why, fix, fixes }: Explanation, verdict: ComparePage['result']['verdict']): HTMLElement {
  const kinds = Object.entries({ NumPy: fixes.numpy, Keras: fixes.keras, PyTorch: fixes.torch }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const all = kinds.length > 0 ? kinds : [['', fix] as [string, string]];
  const box = el('div', {});
  const tabs = el('div', { class: 'tabs', role: 'group', 'aria-label': 'the fix for' });
  const choose = (name: string) => {
    replace(
      tabs,
      ...(all.length > 1 ? all : []).map(([kind]) =>
        button({ class: 'tab', 'aria-pressed': kind === name, 'data-key': `fix-${kind}` }, () => choose(kind), kind),
      ),
    );
    replace(box, codeBlock(all.find(([kind]) => kind === name)![1], 'right'));
  };
  choose(all[0][0]);
  return el(
    'section',
    { class: 'why', 'aria-label': `why: ${code}` },
    el('h2', {}, 'Why: ', el('code', {}, code), el('small', {}, ` ${WORDS[verdict ?? 'unexplained']}`)),
    el('p', { class: 'reason' }, why),
    el('div', { class: 'fix-head' }, el('h3', {}, 'Fix'), tabs),
    box,
  );
}

function hiddenFaults({ result: { cannotDetect, cannotName } }: ComparePage): HTMLElement | false {
  if (cannotDetect.length + cannotName.length === 0) return false;
  const list = (codes: readonly string[]) => codes.flatMap((code, i) => [i > 0 ? ', ' : '', el('code', {}, code)]);
  return section(
    'what this input cannot show',
    'What this input cannot show',
    cannotDetect.length > 0 && el('p', {}, 'It leaves y as it is: ', ...list(cannotDetect), '.'),
    cannotName.length > 0 && el('p', {}, 'It moves y by too little to be named: ', ...list(cannotName), '.'),
  );
}
