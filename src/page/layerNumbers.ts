import type { HandStep } from '../run/result.js';
import { changes, el, replace } from './dom.js';
import { formula } from './formula.js';
import type { Mark } from './grid.js';
import { namesRead } from './handTerms.js';
import { type HeatMap, heatMap } from './heatMap.js';
import type { Model } from './model.js';
import { type Panel, type Place, panelsOf, placeOf } from './panels.js';
import { shownName } from './text.js';
import type { Trace } from './trace.js';

/** The heat maps of a layer: over time, its output, its weights. The numbers that the hand calculation reads are outlined. */
export interface LayerNumbers {
  readonly node: HTMLElement;
  /** @param step undefined: not known yet */
  show(model: Model, trace: Trace, place: Place, step: HandStep | undefined): void;
  /** Shows a note in place of heat maps. */
  say(note: string): void;
  /** Outlines numbers by name, temporarily. */
  point(names: readonly string[] | null): void;
}

export interface LayerNumbersOptions {
  go(place: Partial<Place>): void;
  /** absent: nothing can be edited */
  readonly edit?: (name: string, place: number, value: number) => void;
}

export function layerNumbers(options: LayerNumbersOptions): LayerNumbers {
  const node = el('section', { class: 'numbers', 'aria-label': 'numbers' });
  const made = heatMapsIn(node, options);
  let step = 0;
  return {
    node,
    show(model, trace, place, hand) {
      step = place.step;
      const panels = made.follow(model, trace, place);
      const marks = marksOf(hand ? namesRead(hand, place.unit) : [], panels, step);
      for (const [key, map] of made.maps) {
        const panel = panels.get(key)!;
        map.show({ grid: panel.grid, selected: selectedIn(panel, made.cursorOf(key), place), marks: marks.get(key) ?? [] });
      }
    },
    say(note) {
      made.forget();
      replace(node, el('p', { class: 'note' }, note));
    },
    point(names) {
      const named = (names ?? []).map(name => [name, name] as const);
      const marks = marksOf(named, made.panels(), step);
      for (const [key, map] of made.maps) map.flash(marks.get(key) ?? []);
    },
  };
}

/** The heat maps of the current layer. They are made anew for another layer, and otherwise only get other numbers. */
function heatMapsIn(node: HTMLElement, { go, edit }: LayerNumbersOptions) {
  /** rows and columns selected in heat maps whose axes are not steps and units */
  const cursors = new Map<string, readonly [number, number]>();
  const maps = new Map<string, HeatMap>();
  let panels: ReadonlyMap<string, Panel> = new Map();
  let isOther = changes();
  let layer = '';
  let place: Place;
  const newMap = ({ key, kind, title, edits }: Panel): HeatMap =>
    heatMap({
      title: formula(title),
      label: () => `${shownName(panels.get(key)!.label)}, sample ${place.sample + 1}`,
      onSelect(row, column) {
        cursors.set(key, [row, column]);
        if (kind === 'time') go({ step: column, ...(ofUnits(key) ? { unit: row } : {}) });
        else if (kind === 'weight') go({ unit: column % columnsEach(panels.get(key)!) });
        else go(key === 'y' ? { unit: row } : {});
      },
      onEdit: edit && edits && ((row, column, value) => edit(edits.name, panels.get(key)!.edits!.place(row, column), value)),
      // heat maps over the same time scroll together
      onScroll(left) {
        if (kind === 'time') for (const [other, map] of maps) if (panels.get(other)?.kind === 'time') map.scrollTo(left);
      },
    });
  return {
    maps,
    panels: () => panels,
    cursorOf: (key: string) => cursors.get(key) ?? ([0, 0] as const),
    follow(model: Model, trace: Trace, next: Place): ReadonlyMap<string, Panel> {
      place = next;
      if (!isOther(model, trace, place.layer, place.way, ...trace.known(place.layer, place.way))) return panels;
      panels = new Map(panelsOf(model, trace, place).map(panel => [panel.key, panel]));
      const here = `${place.layer} ${place.way}`;
      if (layer === here && [...panels.keys()].join() === [...maps.keys()].join()) return panels;
      layer = here;
      for (const map of maps.values()) map.remove();
      maps.clear();
      for (const [key, panel] of panels) maps.set(key, newMap(panel));
      replace(node, ...sectionsOf(panels, maps));
      return panels;
    },
    /** Makes the next `follow` draw everything again. */
    forget(): void {
      isOther = changes();
      layer = '';
    },
  };
}

/** The heat maps, under their headings. */
function sectionsOf(panels: ReadonlyMap<string, Panel>, maps: ReadonlyMap<string, HeatMap>): HTMLElement[] {
  const section = (kind: Panel['kind'], text: string) => {
    const nodes = [...panels.values()].filter(panel => panel.kind === kind).map(({ key }) => maps.get(key)!.node);
    return nodes.length > 0 ? [el('h2', {}, text), el('div', { class: 'maps' }, ...nodes)] : [];
  };
  return [...section('time', 'Over time'), ...section('result', 'Output'), ...section('weight', 'Weights')];
}

/**
 * The selected cell of a heat map: the current step and unit, if its axes are these. @param cursor the cell selected in this heat map
 * itself
 */
function selectedIn({ key, kind, grid }: Panel, [row, column]: readonly [number, number], { unit, step }: Place) {
  const inside = (r: number, c: number) => [Math.min(r, grid.rows.length - 1), Math.min(c, grid.columns.length - 1)] as const;
  if (kind === 'time') return inside(ofUnits(key) ? unit : row, step);
  if (kind === 'result') return inside(key === 'y' ? unit : row, 0);
  const each = columnsEach({ grid });
  return inside(row, Math.floor(column / each) * each + Math.min(unit, each - 1));
}

/** By heat map, the rectangles from the first to the last of some named numbers. */
function marksOf(names: readonly (readonly [string, string])[], panels: ReadonlyMap<string, Panel>, step: number): Map<string, Mark[]> {
  const marks = new Map<string, Mark[]>();
  for (const [first, last] of names) {
    const [from, to] = [first, last].map(name => placeOf(name, panels, step));
    if (!from || !to) continue;
    const rows = [from.mark.rows[0], to.mark.rows[1]] as const;
    marks.set(from.key, [...(marks.get(from.key) ?? []), { ...from.mark, rows }]);
  }
  return marks;
}

/** Whether the rows of a heat map over time are the layer's units: all but the maps of what the layer reads. */
function ofUnits(key: string): boolean {
  return key !== 'x_t' && key !== 'h_t';
}

/** Number of columns of each gate. */
function columnsEach({ grid: { columns, groups } }: Pick<Panel, 'grid'>): number {
  return columns.length / (groups?.length ?? 1);
}
