import { symmetric } from '../report/palette.js';
import type { ComparePage, PageLoops } from '../run/page/pageData.js';
import type { Explanation } from '../run/result.js';
import type { Tensor } from '../tensor/tensor.js';
import { codeBlock } from './copyButton.js';
import { button, el, replace, scrolling } from './dom.js';
import type { Grid, Mark } from './grid.js';
import { heatMap } from './heatMap.js';
import { drawWhenVisible, widthOf } from './inSight.js';
import { loopFigure } from './loopFigure.js';
import { TIME, valuesPanel } from './panels.js';
import { numberText, shownName } from './text.js';
import { unpack } from './unpack.js';

/** The loop with and without the mistake: a switch between the two, the h of each, and where they differ. */
export interface LoopSection {
  readonly node: HTMLElement;
  /** Hides the section if the explanation has no loop. */
  show(explanation: Explanation): void;
  choose(sample: number): void;
}

export function loopSection(data: ComparePage): LoopSection {
  const first = data.result.firstDifference;
  const node = el('section', { class: 'loops', 'aria-label': 'the loop, right and wrong' });
  const heading = el('h2', {}, 'The loop, right and wrong');
  const shown: Shown = { loops: undefined, pair: undefined, explanation: undefined, kept: true, layer: '', sample: first?.sample ?? 0 };
  const draw = (): void => {
    const { loops, pair, explanation, kept, layer, sample } = shown;
    if (!loops || !pair || !explanation) return;
    const { right, wrong } = pair;
    replace(switched, ...switchOf(explanation, kept, set));
    replace(chooser, ...tabsOf(loops.layers.map(nameOf), layer, pick));
    const text = codeText(explanation, kept);
    replace(code, text !== null && codeBlock(text, kept ? 'wrong' : 'right'));
    const row = sample - loops.from;
    const comparable = right.shape.join() === wrong.shape.join() && row >= 0 && row < right.shape[0];
    picture.hidden = !(carries(explanation) && comparable && row > 0);
    if (!picture.hidden) replace(picture, loopFigure(kept ? wrong : right, row, sample, kept, widthOf(picture) || 900));
    maps.show(comparable ? gridsOf(right, wrong, row) : null, first?.step ?? null, first?.sample === sample);
  };
  const change = (next: Partial<Shown>) => {
    Object.assign(shown, next);
    draw();
  };
  const set = (kept: boolean) => change({ kept });
  const pick = (layer: string) => change({ layer, pair: pairOf(shown.loops!, layer) });
  const maps = threeMaps(name => `h of ${shownName(shown.layer)}, ${name}, sample ${shown.sample + 1}`, draw);
  const { switched, picture, code, chooser } = partsOf();
  // redrawn if the colours or the width change
  drawWhenVisible(picture, draw);
  return {
    node,
    show(explanation) {
      const loops = data.loops.find(({ code }) => code === explanation.code);
      Object.assign(shown, { explanation, loops });
      node.hidden = !loops || loops.layers.length === 0;
      if (node.hidden) return;
      heading.replaceChildren('The loop, right and wrong: ', el('code', {}, explanation.code));
      replace(node, heading, switched, picture, code, chooser, el('div', { class: 'maps' }, ...maps.nodes));
      const names = loops!.layers.map(nameOf);
      pick(names.find(name => name.startsWith(first?.layer ?? ' ')) ?? names[0]);
    },
    choose: sample => change({ sample }),
  };
}

/** What the section shows: a layer and a sample of the loops of an explanation, with the mistake (`kept`) or without. */
interface Shown {
  loops: PageLoops | undefined;
  pair: Pair | undefined;
  explanation: Explanation | undefined;
  kept: boolean;
  layer: string;
  sample: number;
}

/** The empty parts of the section. */
function partsOf() {
  return {
    switched: el('div', { class: 'switch', role: 'group', 'aria-label': 'which loop is shown' }),
    picture: scrolling('figure-scroll', 'two samples unrolled'),
    code: el('div', {}),
    chooser: el('div', { class: 'tabs', role: 'group', 'aria-label': 'layers' }),
  };
}

function pairOf({ layers }: PageLoops, layer: string): Pair {
  const { right, wrong } = layers.find(l => nameOf(l) === layer)!;
  return { right: unpack(right), wrong: unpack(wrong) };
}

/** Buttons for the loop with and without the mistake. */
function switchOf(explanation: Explanation, kept: boolean, set: (kept: boolean) => void): HTMLElement[] {
  const words = carries(explanation) ? ['h kept (wrong)', 'h reset (right)'] : ['with the mistake', 'as it should be'];
  return [true, false].map((value, i) =>
    button({ class: value ? 'wrong' : 'right', 'aria-pressed': kept === value, 'data-key': `loop-${value}` }, () => set(value), words[i]),
  );
}

/** One tab per layer; none if there is only one layer. */
function tabsOf(names: readonly string[], chosen: string, pick: (name: string) => void): HTMLElement[] {
  if (names.length < 2) return [];
  return names.map(name =>
    button({ class: 'tab', 'aria-pressed': name === chosen, 'data-key': `loop-${name}` }, () => pick(name), shownName(name, 24)),
  );
}

type Grids = ReturnType<typeof gridsOf>;

/** Heat maps of the correct h, the wrong h and their difference; selecting a cell in one selects it in all. */
function threeMaps(label: (name: string) => string, draw: () => void) {
  let cursor: readonly [number, number] | null = null;
  const newMap = (name: string) =>
    heatMap({
      title: el('span', {}, name === 'difference' ? 'difference of h' : `h, ${name}`),
      label: () => label(name),
      onSelect(row, column) {
        cursor = [row, column];
        draw();
      },
    });
  const [right, wrong, apart] = ['right', 'wrong', 'difference'].map(newMap);
  const nodes = [right, wrong, apart].map(map => map.node);
  return {
    nodes,
    /**
     * @param grids null: the two have different shapes @param first step of the first difference @param marked whether that is in this
     * sample
     */
    show(grids: Grids | null, first: number | null, marked: boolean): void {
      for (const node of nodes) node.hidden = !grids;
      if (!grids) return;
      const selected = cursor ?? [0, first ?? 0];
      right.show({ grid: grids.right, selected, marks: [] });
      wrong.show({ grid: grids.wrong, selected, marks: [] });
      const rows = [0, grids.apart.rows.length - 1] as const;
      const marks: Mark[] = marked && first !== null ? [{ rows, columns: [first, first], role: 'first', strong: true }] : [];
      apart.show({ grid: grids.apart, selected, marks });
    },
  };
}

interface Pair {
  /** h [samples, T, M] */
  readonly right: Tensor;
  readonly wrong: Tensor;
}

function nameOf({ name, way }: PageLoops['layers'][number]): string {
  return way === null ? name : `${name} ${way === 0 ? '→' : '←'}`;
}

/** Whether the mistake is a state carried from one sample to the next. */
function carries({ codes }: Explanation): boolean {
  return codes.includes('state-carry');
}

/** The correct code. The wrong code is only known for a carried state: the zeros are set once, before all samples. */
function codeText({ codes, fixes, fix }: Explanation, wrong: boolean): string | null {
  const text = fixes.numpy ?? fix;
  const match = /^for n in range\(N\):\n {4}(.*?=.*?zeros\(.*?\)) *# ← .*\n/.exec(text);
  if (!wrong) return text;
  if (!match || !codes.includes('state-carry')) return null;
  return `${match[1].padEnd(24)} # ← once, before all samples\nfor n in range(N):\n${text.slice(match[0].length)}`;
}

function gridsOf(right: Tensor, wrong: Tensor, sample: number): Record<'right' | 'wrong' | 'apart', Grid> {
  const [, T, M] = right.shape;
  const of = ({ data }: Tensor): Tensor => ({ shape: [1, T, M], data: data.subarray(sample * T * M, (sample + 1) * T * M) });
  const panel = (t: Tensor) => valuesPanel(of(t), { key: 'h', title: 'h', label: 'h', letter: 'M' }).grid;
  const [a, b] = [panel(right), panel(wrong)];
  const apart = (m: number, t: number) => b.value(m, t) - a.value(m, t);
  let most = 0;
  for (let t = 0; t < T; t++) for (let m = 0; m < M; m++) most = Math.max(most, Math.abs(apart(m, t)) || 0);
  // logarithmic, because a difference fades from step to step
  const shade = (m: number, t: number) => {
    const d = apart(m, t);
    return d === 0 || most === 0 ? 0 : Math.sign(d) * Math.max(0, 1 + Math.log10(Math.abs(d) / most) / 8);
  };
  const legend = [numberText(-most, 1), numberText(most, 1)] as const;
  const scale = a.scale.high > b.scale.high ? a.scale : b.scale;
  return {
    right: { ...a, scale },
    wrong: { ...b, scale },
    apart: { rows: a.rows, columns: { ...TIME, length: T }, scale: symmetric(1), value: apart, shade, legend },
  };
}
