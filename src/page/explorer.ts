import { workingOfLayer } from '../run/handCalculation.js';
import type { ForwardPage } from '../run/page/pageData.js';
import type { WorkingStep } from '../run/result.js';
import { valueNamed } from '../run/valueNamed.js';
import type { Precision } from '../tensor/tensor.js';
import { byHand, namesRead } from './byHand.js';
import { whenColoursChange } from './colours.js';
import { el, oncePerFrame, replace } from './dom.js';
import { drawFigure, figureFrame } from './figure.js';
import { formula } from './formula.js';
import type { Mark } from './grid.js';
import { type HeatMap, heatMap } from './heatMap.js';
import { goesOnFromCallToCall, type Model } from './model.js';
import { type Panel, type Place, panelsOf, placeOf } from './panels.js';
import { player } from './player.js';
import { shownName } from './text.js';
import { type Trace, traceOf } from './trace.js';

/** The network at one sample, layer, step and unit: picture, heat maps and hand calculation of the same place, each leads to the others. */
export interface Explorer {
  readonly nodes: readonly HTMLElement[];
  readonly help: readonly (readonly [string, string])[];
  use(model: Model): Promise<void>;
}

export interface ExplorerOptions {
  readonly engine: 'batched' | 'manual';
  readonly dtype: Precision;
  readonly at: ForwardPage['at'];
  /** absent: nothing can be changed */
  readonly edit?: (name: string, place: number, value: number) => void;
}

const HELP = [
  ['← →', 'a step back, a step on'],
  ['↑ ↓', 'the unit above, below'],
  ['Space', 'play, pause'],
  ['Home, End', 'first, last step'],
  ['n, p', 'next, previous sample'],
  ['l', 'next layer'],
  ['Tab', 'into a heat map; there the arrows choose a cell and Enter changes its number'],
] as const;

export function explorer(options: ExplorerOptions): Explorer {
  let model: Model;
  let trace: Trace | undefined;
  let panels = new Map<string, Panel>();
  let place: Place = {
    layer: '',
    way: 0,
    sample: (options.at.sample ?? 1) - 1,
    step: (options.at.step ?? 1) - 1,
    unit: (options.at.unit ?? 1) - 1,
  };
  const cursors = new Map<string, readonly [number, number]>();
  const maps = new Map<string, HeatMap>();
  const folded = new Map<string, boolean>();

  const picture = figureFrame();
  const hand = el('section', { class: 'hand', 'aria-label': 'by hand' });
  const numbers = el('section', { class: 'numbers', 'aria-label': 'numbers' });
  const chooser = el('div', { class: 'chooser' });
  const time = player(step => go({ step }));
  const stage = el('div', { class: 'stage' }, picture);
  const bar = el('div', { class: 'bar' }, chooser, time.node);
  const bench = el('div', { class: 'bench' }, numbers, hand);

  const go = (next: Partial<Place>) => {
    const other = next.sample !== undefined && next.sample !== place.sample;
    place = clamped({ ...place, ...next }, model);
    if (other) void retrace();
    else renderNow();
  };
  const retrace = async () => {
    const mine = model;
    const sample = place.sample;
    const made = goesOnFromCallToCall(model) ? undefined : await traceOf(model, sample, options.engine, options.dtype);
    if (mine !== model || sample !== place.sample) return;
    trace = made;
    render();
    void fill(made);
  };
  /** The rest of a long trace, a turn at a time; what is known is drawn a few times a second. */
  const fill = async (mine: Trace | undefined) => {
    let drawn = performance.now();
    while (mine && mine === trace && (await mine.advance(place.layer))) {
      if (performance.now() - drawn > 400) {
        render();
        drawn = performance.now();
      }
      await new Promise(resolve => setTimeout(resolve));
    }
    render();
  };

  /** At once, so that the next key finds what the last one did. */
  const renderNow = () => {
    renderChooser();
    const T = stepsOf(model, place.layer);
    time.show(place.step, T);
    const { layer, way, step: at } = place;
    const states = (name: string) => model.network.model.layers.find(l => l.name === name)?.states ?? [];
    drawFigure(picture, model.shapes, { layer, way, step: at, steps: name => stepsOf(model, name), states, strip }, { choose });
    if (!trace) {
      replace(
        numbers,
        el(
          'p',
          { class: 'note' },
          'A stateful network in several calls: a sample goes on from the states of the one before, so no sample has a calculation of its own.',
        ),
      );
      replace(hand);
      return;
    }
    panels = new Map(panelsOf(model, trace, place).map(panel => [panel.key, panel]));
    const step = workingAt(trace);
    renderHand(step);
    renderPanels(step);
  };
  const render = oncePerFrame(renderNow);

  const choose = (layer: string, way: number, step: number | null) => {
    const changes = layer !== place.layer;
    go({ layer, way, ...(step === null ? {} : { step }) });
    if (changes) void fill(trace);
  };

  /** What is known of a layer at a step, for the picture. */
  const strip = (layer: string, way: number, step: number): ArrayLike<number> | undefined => {
    const result = trace?.output.layers.get(layer);
    const states = result?.traces?.[way]?.states[0];
    const tensor = states ?? result?.tensor;
    if (!tensor || tensor.shape.length > 3) return undefined;
    const M = tensor.shape[tensor.shape.length - 1];
    if (tensor.shape.length < 3) return tensor.data.subarray(0, M);
    const [from, to] = states ? trace!.known(layer, way) : [0, Number.POSITIVE_INFINITY];
    return step >= from && step < to ? tensor.data.subarray(step * M, (step + 1) * M) : undefined;
  };

  const renderChooser = () => {
    const { layers } = model.shapes;
    const N = model.input.x.shape[0];
    const tabs = layers.flatMap(layer =>
      (layer.bidirectional ? [0, 1] : [0]).map(way => {
        const chosen = layer.name === place.layer && way === place.way;
        const name = `${shownName(layer.name, 24)}${layer.bidirectional ? (way === 0 ? ' →' : ' ←') : ''}`;
        const label = layer.bidirectional ? `${shownName(layer.name, 24)} ${way === 0 ? 'forwards' : 'backwards'}` : undefined;
        return el(
          'button',
          {
            type: 'button',
            class: 'tab',
            'aria-pressed': chosen,
            'aria-label': label,
            'data-key': `tab-${layer.name}-${way}`,
            on: { click: () => choose(layer.name, way, null) },
          },
          name,
        );
      }),
    );
    const sample = el('input', { type: 'number', min: 1, max: N, value: place.sample + 1, 'aria-label': 'sample n', 'data-key': 'sample' });
    sample.addEventListener('change', () => go({ sample: Math.round(Number(sample.value)) - 1 }));
    const samples = N > 1 && el('label', { class: 'sample' }, el('span', {}, 'sample ', el('var', {}, 'n')), sample, ` of ${N}`);
    replace(chooser, el('div', { class: 'tabs', role: 'group', 'aria-label': 'layers' }, ...tabs), samples);
  };

  const workingAt = ({ input, output, known }: Trace): WorkingStep | undefined => {
    const [from, to] = known(place.layer, place.way);
    if (place.step < from || place.step >= to) return undefined;
    const run = { model: model.network.model, weights: model.weights, input, output };
    for (const step of workingOfLayer(run, place.layer, 1, place.step + 1))
      if (step.direction === null || (step.direction === 'backward') === (place.way === 1)) return step;
    return undefined;
  };

  const renderHand = (step: WorkingStep | undefined) => {
    const heading = el('h2', {}, 'By hand');
    if (!step) replace(hand, heading, el('p', { class: 'note' }, handNote()));
    else replace(hand, heading, ...byHand(step, place.unit, { folded, point }));
  };
  const handNote = () => {
    const recurrent = trace?.output.layers.get(place.layer)?.traces !== undefined;
    return recurrent
      ? 'The steps before this one are being computed …'
      : 'This layer has no sums to show: it hands on, picks or joins what it reads.';
  };

  const point = (names: readonly string[] | null) => {
    const found = (names ?? []).flatMap(name => placeOf(name, panels, place.step) ?? []);
    for (const [key, map] of maps) map.flash(found.filter(at => at.key === key).map(at => at.mark));
  };

  const renderPanels = (step: WorkingStep | undefined) => {
    const marks = new Map<string, Mark[]>();
    for (const name of step && place.unit < 4096 ? namesRead(step, place.unit) : []) {
      const at = placeOf(name, panels, place.step);
      if (at) marks.set(at.key, [...(marks.get(at.key) ?? []), at.mark]);
    }
    const kinds = { time: [] as HTMLElement[], result: [] as HTMLElement[], weight: [] as HTMLElement[] };
    for (const [key, panel] of panels) {
      const id = `${place.layer} ${place.way} ${key}`;
      const map = maps.get(id) ?? newMap(id, panel);
      kinds[panel.kind].push(map.node);
      map.show({ grid: panel.grid, selected: selectedIn(panel), marks: joined(marks.get(key) ?? []) });
    }
    for (const id of maps.keys()) if (!id.startsWith(`${place.layer} ${place.way} `)) maps.delete(id);
    const heading = (text: string, nodes: readonly HTMLElement[]) =>
      nodes.length > 0 ? [el('h2', {}, text), el('div', { class: 'maps' }, ...nodes)] : [];
    const next = [...kinds.time, ...kinds.result, ...kinds.weight];
    // nodes that stay are not moved: a heat map keeps its place and the focus
    if (next.length === shownMaps.length && next.every((node, i) => node === shownMaps[i])) return;
    shownMaps = next;
    replace(numbers, ...heading('Over time', kinds.time), ...heading('Output', kinds.result), ...heading('Weights', kinds.weight));
  };
  let shownMaps: readonly HTMLElement[] = [];

  const selectedIn = ({ key, kind, grid }: Panel): readonly [number, number] => {
    const [row, column] = cursors.get(key) ?? [0, 0];
    const inside = (r: number, c: number): readonly [number, number] => [
      Math.min(r, grid.rows.length - 1),
      Math.min(c, grid.columns.length - 1),
    ];
    if (kind === 'time') return inside(key === 'x_t' || key === 'h_t' ? row : place.unit, place.step);
    if (kind === 'result') return inside(key === 'y' ? place.unit : row, 0);
    const each = grid.columns.length / (grid.groups?.length ?? 1);
    return inside(row, Math.floor(column / each) * each + Math.min(place.unit, each - 1));
  };

  const newMap = (id: string, panel: Panel): HeatMap => {
    const { key, kind } = panel;
    const map = heatMap({
      title: formula(panel.title),
      label: () => `${shownName(panels.get(key)?.label ?? panel.label)}, sample ${place.sample + 1}`,
      onSelect(row, column) {
        cursors.set(key, [row, column]);
        const { grid } = panels.get(key)!;
        const each = grid.columns.length / (grid.groups?.length ?? 1);
        if (kind === 'time') go({ step: column, ...(key === 'x_t' || key === 'h_t' ? {} : { unit: row }) });
        else if (kind === 'weight') go({ unit: column % each });
        else go(key === 'y' ? { unit: row } : {});
      },
      onEdit:
        options.edit &&
        panel.edits &&
        ((row, column, value) => options.edit!(panels.get(key)!.edits!.name, panels.get(key)!.edits!.place(row, column), value)),
    });
    if (kind === 'time') alongside(map);
    maps.set(id, map);
    return map;
  };
  /** Heat maps over the same time scroll together. */
  const alongside = (map: HeatMap) =>
    map.scroller.addEventListener(
      'scroll',
      () => {
        for (const [id, other] of maps)
          if (
            other !== map &&
            panels.get(id.split(' ').slice(-1)[0])?.kind === 'time' &&
            other.scroller.scrollLeft !== map.scroller.scrollLeft
          )
            other.scroller.scrollLeft = map.scroller.scrollLeft;
      },
      { passive: true },
    );

  addEventListener('keydown', event => {
    const target = event.target as HTMLElement;
    if (!model || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea, summary')) return;
    const keys: Record<string, () => void> = {
      ArrowLeft: () => go({ step: place.step - 1 }),
      ArrowRight: () => go({ step: place.step + 1 }),
      ArrowUp: () => go({ unit: place.unit - 1 }),
      ArrowDown: () => go({ unit: place.unit + 1 }),
      Home: () => go({ step: 0 }),
      End: () => go({ step: stepsOf(model, place.layer) - 1 }),
      n: () => go({ sample: place.sample + 1 }),
      p: () => go({ sample: place.sample - 1 }),
      l: nextLayer,
      ...(target.closest('button, [role=button]') ? {} : { ' ': () => time.toggle() }),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const nextLayer = () => {
    const all = model.shapes.layers.flatMap(l => (l.bidirectional ? [0, 1] : [0]).map(way => ({ layer: l.name, way })));
    const at = all.findIndex(({ layer, way }) => layer === place.layer && way === place.way);
    const next = all[(at + 1) % all.length];
    choose(next.layer, next.way, null);
  };
  whenColoursChange(() => {
    if (model) render();
    dispatchEvent(new Event('redraw'));
  });
  new ResizeObserver(() => model && render()).observe(stage);

  return {
    nodes: [bar, stage, bench],
    help: HELP,
    async use(next) {
      model = next;
      place = clamped(place, model);
      await retrace();
    },
  };
}

/** Steps of the sequence that a layer reads or gives, else of x. */
function stepsOf({ network: { model }, input, output }: Model, name: string): number {
  const layer = model.layers.find(l => l.name === name);
  const own = [layer && valueNamed(layer.inputs[0], model, input, output)?.tensor, output.layers.get(name)?.tensor];
  const sequence = own.find(tensor => tensor?.shape.length === 3);
  return sequence?.shape[1] ?? input.x.shape[1] ?? 1;
}

/** The nearest place that the network has; the first recurrent layer where none was chosen. */
function clamped(place: Place, model: Model): Place {
  const { shapes, input } = model;
  const layer = shapes.layers.find(l => l.name === place.layer) ?? shapes.layers.find(l => l.returnSequences !== null) ?? shapes.layers[0];
  const size = layer.units ?? layer.output.shape[layer.output.shape.length - 1] ?? 1;
  const within = (value: number, length: number) => Math.min(Math.max(0, Number.isFinite(value) ? value : 0), Math.max(0, length - 1));
  return {
    layer: layer.name,
    way: layer.bidirectional ? place.way : 0,
    sample: within(place.sample, input.x.shape[0]),
    step: within(place.step, stepsOf(model, layer.name)),
    unit: within(place.unit, size),
  };
}

/** Neighbouring cells as one rectangle: a whole row or column that is read. */
function joined(marks: readonly Mark[]): Mark[] {
  const columns = new Map<string, Mark>();
  for (const mark of marks) {
    const key = `${mark.columns[0]} ${mark.role}`;
    const other = columns.get(key);
    const adjoins = other && mark.rows[0] <= other.rows[1] + 1 && mark.rows[1] >= other.rows[0] - 1;
    const rows: readonly [number, number] = adjoins
      ? [Math.min(other.rows[0], mark.rows[0]), Math.max(other.rows[1], mark.rows[1])]
      : mark.rows;
    columns.set(other && !adjoins ? `${key} ${mark.rows[0]}` : key, { ...mark, rows });
  }
  return [...columns.values()];
}
