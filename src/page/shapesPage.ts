import { RnnError } from '../errors.js';
import { inferShapes } from '../model/shapes.js';
import type { ModelSpec } from '../model/spec.js';
import { bytesText } from '../report/numbers.js';
import { titleOf } from '../run/network/network.js';
import { shapesOf } from '../run/network/shapesResult.js';
import type { ShapesPage } from '../run/page/pageData.js';
import type { ShapesResult } from '../run/result.js';
import { button, el, newId, oncePerFrame, replace, section } from './dom.js';
import { networkFigure } from './figure.js';
import { frameworkTable } from './frameworkTable.js';
import { countText, layerTable, lettersIn, markLayer } from './layerTable.js';
import { pageFoot, pageHead } from './pageParts.js';
import { sequencesIn } from './sequencesIn.js';
import { type Size, sizesOf, withNumbers } from './sizes.js';

/** `shapes --html`: the layer table and the picture of a network, with sliders for its sizes; everything is recounted as they move. */
export function shapesPage(root: HTMLElement, data: ShapesPage): void {
  let model = data.spec;
  let result: ShapesResult = resultOf(model, data);
  let chosen = (result.layers.find(layer => layer.returnSequences !== null) ?? result.layers[0]).name;
  const title = el('h1', {}, result.title);
  const complaint = el('p', { class: 'complaint', role: 'alert' });
  const counted = countBadge(() => use(data.spec));
  const controls = sliders((size, value) => use(size.with(value)));
  const picture = networkFigure({ choose: layer => choose(layer) });
  const tables = tablesOf(layer => choose(layer));

  const use = (next: ModelSpec) => {
    complaint.textContent = refusalOf(() => {
      result = resultOf(next, data);
      model = next;
    });
    draw();
  };
  const choose = (layer: string) => {
    chosen = layer;
    draw();
  };
  let drawnOf: ShapesResult | undefined;
  const draw = oncePerFrame(() => {
    title.textContent = result.title;
    counted.show(countText(result.totals.params), model !== data.spec);
    if (drawnOf !== result) {
      drawnOf = result;
      const sizes = sizesOf(model);
      controls.show(sizes, effectsOf(sizes, result, data));
      tables.show(model, result);
    }
    tables.mark(chosen);
    picture.show(result, { layer: chosen, way: 0, step: -1, ...sequencesIn(result, model), strip: () => undefined });
    root.dataset.ready = '';
  });

  root.append(
    pageHead(data, 'shapes', title, counted.node),
    el(
      'main',
      { id: 'main' },
      el('section', { class: 'controls', 'aria-label': 'sizes' }, controls.node, complaint),
      picture.node,
      ...tables.nodes,
    ),
    pageFoot(data, result.notes, data.result.assumptions, []),
  );
  draw();
}

/** Why the action is refused; '' if it is not. */
function refusalOf(act: () => void): string {
  try {
    act();
    return '';
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return [error.where, error.message, error.fix].filter(Boolean).join(': ');
  }
}

/** The layers, their counts in each framework, and work and memory. */
function tablesOf(choose: (layer: string) => void) {
  const layers = section('layers', null);
  const frameworks = section('parameters by framework', null);
  const work = section('work and memory', null);
  return {
    nodes: [layers, frameworks, work],
    show(model: ModelSpec, result: ShapesResult): void {
      replace(layers, el('h2', {}, 'Layers'), layerTable(result, choose));
      replace(frameworks, el('h2', {}, 'As each framework counts them'), frameworkTable(model, result));
      replace(work, ...workOf(result));
    },
    mark: (layer: string) => markLayer(layers, layer),
  };
}

/** A badge with the number of parameters, and whether it equals that of the command line. */
interface CountBadge {
  readonly node: HTMLElement;
  show(params: string, changed: boolean): void;
}

function countBadge(reset: () => void): CountBadge {
  const node = el('div', { class: 'badge', role: 'status' });
  const back = button({ class: 'quiet' }, reset, 'back to the start');
  return {
    node,
    show(params, changed) {
      node.className = `badge ${changed ? 'changed' : 'equal'}`;
      replace(
        node,
        el('span', { class: 'dot', 'aria-hidden': true }),
        el('b', { class: 'params' }, params),
        ` parameters${changed ? '' : ', as the command line counts them'} `,
        changed && back,
      );
    },
  };
}

function resultOf(model: ModelSpec, { framework, result }: ShapesPage): ShapesResult {
  const shapes = inferShapes(model);
  return { ...shapesOf({ model, shapes, framework, notes: [], assumptions: [] }), title: titleOf({ model, shapes }), notes: result.notes };
}

const MOST_EFFECTS = 16;

/** How many parameters and multiply-adds each size adds when it is increased by 1. */
function effectsOf(sizes: readonly Size[], { totals }: ShapesResult, data: ShapesPage): Map<string, Effect> {
  const effects = new Map<string, Effect>();
  for (const size of sizes.slice(0, MOST_EFFECTS)) {
    if (size.value === null) continue;
    try {
      const more = resultOf(size.with(size.value + 1), data).totals;
      const difference = (a: number | bigint | null, b: number | bigint | null) =>
        a === null || b === null ? null : BigInt(a) - BigInt(b);
      effects.set(size.letter, {
        params: difference(more.params, totals.params),
        macs: difference(more.macsPerSample, totals.macsPerSample),
      });
    } catch {
      // two sizes that must be equal: one cannot change alone
    }
  }
  return effects;
}

function workOf({ totals, dims }: ShapesResult): HTMLElement[] {
  const { macsPerSample, macsFormula, stateBytes, trainingBytes, bytes } = totals;
  const letters = lettersIn(withNumbers(macsFormula, {}));
  const numbers = withNumbers(macsFormula, dims);
  const row = (name: string, value: string, ...how: (string | HTMLElement)[]) => [
    el('dt', {}, name),
    el('dd', {}, el('b', {}, value), ' ', ...how),
  ];
  return [
    el('h2', {}, 'Work and memory of one sample'),
    el(
      'dl',
      { class: 'work' },
      ...row(
        'multiply-adds',
        macsPerSample === null ? 'as T is' : countText(macsPerSample),
        el('span', { class: 'how' }, ...letters, el('span', { class: 'worked' }, ` = ${numbers}`)),
      ),
      ...row('weights', bytesText(bytes), 'as float32'),
      ...row('state', bytesText(stateBytes), 'kept from step to step'),
      ...row('for training', trainingBytes === null ? 'as T is' : bytesText(trainingBytes), 'every h of every step'),
    ),
  ];
}

/** Sliders for the sizes, each with the effect of increasing it by 1. */
interface Sliders {
  readonly node: HTMLElement;
  show(sizes: readonly Size[], effects: ReadonlyMap<string, Effect>): void;
}

/** What increasing a size by 1 adds; null: not known while a size is symbolic. */
interface Effect {
  readonly params: bigint | number | null;
  readonly macs: bigint | number | null;
}

/** Where the slider stops: every size that is small, and round ones. */
// biome-ignore format: a table
const STOPS = [
  ...Array.from({ length: 20 }, (_, i) => i + 1), 24, 28, 32, 40, 48, 64, 80, 96, 100, 128, 160, 200, 256, 300, 384, 512, 768, 1024,
];

function sliders(change: (size: Size, value: number | null) => void): Sliders {
  const node = el('div', { class: 'sliders' });
  const rows = new Map<string, Row>();
  let order = '';
  return {
    node,
    show(sizes, effects) {
      const letters = sizes.map(({ letter }) => letter).join();
      if (letters !== order) {
        rows.clear();
        for (const size of sizes) rows.set(size.letter, rowFor(size.letter, change));
        node.replaceChildren(...[...rows.values()].map(row => row.node));
        order = letters;
      }
      for (const size of sizes) rows.get(size.letter)!.show(size, effects.get(size.letter));
    },
  };
}

interface Row {
  readonly node: HTMLElement;
  show(size: Size, effect: Effect | undefined): void;
}

function rowFor(letter: string, change: (size: Size, value: number | null) => void): Row {
  const id = newId('size');
  const kind = letter.replace(/\d/g, '');
  let size: Size;
  const label = el('label', { for: id });
  const slider = el('input', { id, type: 'range', min: 0, max: STOPS.length - 1, step: 1 });
  const number = el('input', { type: 'number', min: 1, max: 100000, step: 1, 'aria-label': `${letter} as a number` });
  const toggle = () => change(size, size.value === null ? STOPS[Number(slider.value)] : null);
  const words = { 'aria-label': `any: leave ${letter} symbolic`, title: `leave ${letter} symbolic` };
  const open = button({ class: 'quiet', ...words }, toggle, 'any');
  const effect = el('span', { class: 'effect' });
  slider.addEventListener('input', () => change(size, STOPS[Number(slider.value)]));
  number.addEventListener('change', () => {
    const value = Math.round(Number(number.value));
    if (Number.isFinite(value) && number.value !== '') change(size, Math.min(100_000, Math.max(size.least, value)));
  });
  const node = el('div', { class: `slider axis-${kind}` }, label, slider, number, open, effect);
  return {
    node,
    show(next, adds) {
      size = next;
      label.replaceChildren(el('var', {}, letter), ` ${next.meaning}`);
      if (next.value !== null && STOPS[Number(slider.value)] !== next.value) slider.value = String(nearest(next.value));
      node.classList.toggle('open', next.value === null);
      slider.setAttribute('aria-valuetext', next.value === null ? `${letter}, symbolic` : String(next.value));
      if (document.activeElement !== number || next.value === null) number.value = next.value === null ? '' : String(next.value);
      number.placeholder = next.value === null ? letter : '';
      open.hidden = !next.open;
      open.setAttribute('aria-pressed', String(next.value === null));
      effect.replaceChildren(...effectText(letter, adds));
    },
  };
}

function nearest(value: number): number {
  return STOPS.reduce((best, stop, i) => (Math.abs(stop - value) < Math.abs(STOPS[best] - value) ? i : best), 0);
}

/** '+1: parameters stay, multiply-adds +40' */
function effectText(letter: string, effect: Effect | undefined): (string | HTMLElement)[] {
  if (!effect) return [];
  const of = (value: bigint | number | null) =>
    value === null ? '?' : Number(value) === 0 ? 'stay' : `+${Number(value).toLocaleString('en')}`;
  const params = el('b', { class: effect.params !== null && Number(effect.params) === 0 ? 'stays' : '' }, of(effect.params));
  return [`one more ${letter}: parameters `, params, ', multiply-adds ', el('b', {}, of(effect.macs))];
}
