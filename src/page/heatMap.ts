import { editCell } from './cellEditor.js';
import { el, newId } from './dom.js';
import type { Axis, Grid, Mark, Shown } from './grid.js';
import { gridPainter, type Layout, layoutOf, type Scroll } from './heatMapDraw.js';
import { tableOf } from './heatMapTable.js';
import { drawWhenVisible, forgetCanvas, widthOf } from './inSight.js';
import { numberText } from './text.js';

export interface HeatMapOptions {
  /** 'h'; empty if the heat map needs no title */
  readonly title: Node;
  /** Title for screen readers: 'h of rnn_1, sample 1'. */
  label(): string;
  readonly onSelect?: (row: number, column: number) => void;
  /** if present, cells can be edited: Enter or a double click */
  readonly onEdit?: (row: number, column: number, value: number) => void;
  /** called with the number of pixels scrolled to the right */
  readonly onScroll?: (left: number) => void;
}

export interface HeatMap {
  readonly node: HTMLElement;
  show(shown: Shown): void;
  /** Outlines cells temporarily: those under the pointer elsewhere. */
  flash(marks: readonly Mark[]): void;
  /** Follows the scrolling of another heat map over the same time. */
  scrollTo(left: number): void;
  /** Releases a heat map that will not be shown again. */
  remove(): void;
}

/** Least width in pixels, with room for the caption. */
const LEAST_WIDTH = 312;

type Cell = readonly [row: number, column: number];

/**
 * A heat map on a canvas only as large as its visible part, so that a thousand steps of five hundred units scroll as smoothly as ten of
 * five.
 */
export function heatMap(options: HeatMapOptions): HeatMap {
  const parts = partsOf(options);
  const { node, frame, scroller, readout, table } = parts;
  const view = viewOf(parts, options.onScroll);
  const read = (at: Cell | null) => {
    const shown = view.now();
    const cell = at ?? shown?.selected ?? null;
    readout.textContent = cell && shown ? readoutText(shown.grid, cell) : '';
  };
  const select = (at: Cell | null) => {
    if (!at || !view.now() || !options.onSelect) return;
    options.onSelect(...at);
    // the next key starts from here, even before the cell is drawn as selected
    view.select(at);
  };
  const edit = () => {
    const [shown, layout] = [view.now(), view.layout()];
    if (!shown?.selected || !layout || !options.onEdit) return;
    view.reveal();
    const [row, column] = shown.selected;
    const label = readoutText(shown.grid, [row, column]).replace(/ = .*/, '');
    const done = (value: number) => options.onEdit!(row, column, value);
    editCell(frame, layout, view.scroll.at(), { label, value: shown.grid.value(row, column), row, column, done });
  };
  scroller.addEventListener('click', event => {
    select(view.cellAt(event));
    frame.focus({ preventScroll: true });
  });
  scroller.addEventListener('dblclick', edit);
  scroller.addEventListener('pointermove', event => read(view.cellAt(event)));
  scroller.addEventListener('pointerleave', () => read(null));
  whenKeysPressed(parts, view.now, select, options.onEdit && edit);
  return {
    node,
    show(next) {
      if (view.now()?.grid !== next.grid) describe(parts, options.label(), next.grid);
      view.show(next);
      read(null);
      table.show(next);
    },
    flash: view.flash,
    scrollTo(left) {
      if (left !== view.scroll.at().left) scroller.scrollLeft = left;
    },
    remove: () => forgetCanvas(node),
  };
}

/** The visible part of a grid: laid out, drawn when in sight, and scrolled when another cell is selected. */
function viewOf(parts: Parts, onScroll: HeatMapOptions['onScroll']) {
  const { node, frame, canvas, scroller } = parts;
  const paint = gridPainter(canvas);
  const scroll = scrollOf(scroller, left => {
    onScroll?.(left);
    draw();
  });
  let shown: Shown | undefined;
  let flashes: readonly Mark[] = [];
  const layout = layoutFor(parts);
  /** the last selected cell, and whether it still has to be scrolled into sight */
  let place: Shown['selected'] = null;
  let moved = false;
  const reveal = () => {
    moved = false;
    if (shown?.selected && layout.now) scroll.reveal(shown.selected, layout.now);
  };
  const draw = drawWhenVisible(
    node,
    () => {
      if (!shown || !frame.isConnected) return;
      const now = layout.fit(shown.grid);
      if (moved) reveal();
      paint(shown, flashes, now, scroll.at());
    },
    () => shown && frame.isConnected && layout.fit(shown.grid),
  );
  return {
    scroll,
    reveal,
    now: () => shown,
    layout: () => layout.now,
    cellAt: (event: MouseEvent) => (shown && layout.now ? scroll.cellUnder(event, shown.grid, layout.now) : null),
    show(next: Shown): void {
      moved ||= place?.join() !== next.selected?.join();
      place = next.selected;
      shown = next;
      layout.fit(next.grid);
      draw();
    },
    select(at: Cell): void {
      shown = { ...shown!, selected: at };
    },
    flash(marks: readonly Mark[]): void {
      if (marks.length + flashes.length === 0) return;
      flashes = marks;
      draw();
    },
  };
}

/** The layout of a heat map, which follows its grid and the width there is. */
function layoutFor(parts: Parts) {
  const layout = {
    now: undefined as Layout | undefined,
    fit(grid: Grid): Layout {
      // all heat maps of a group use the same width in pixels
      const group = parts.node.closest('.numbers') ?? parts.node.parentElement;
      const next = layoutOf(grid, (group && widthOf(group)) || 600);
      if (layout.now && JSON.stringify(layout.now) === JSON.stringify(next)) return layout.now;
      layout.now = next;
      sizeTo(parts, next);
      return next;
    },
  };
  return layout;
}

type Parts = ReturnType<typeof partsOf>;

/** Creates the elements of a heat map. */
function partsOf(options: HeatMapOptions) {
  const canvas = el('canvas', { 'aria-hidden': true });
  const spacer = el('div', { class: 'spacer' });
  const scroller = el('div', { class: 'scroller' }, spacer);
  const readout = el('output', { class: 'readout', id: newId('readout') });
  const words = { role: 'application', 'aria-roledescription': 'heat map', 'aria-describedby': readout.id };
  const frame = el('div', { class: 'cells', tabindex: 0, ...words }, canvas, scroller);
  const legend = el('span', { class: 'legend' });
  const size = el('span', { class: 'size' });
  const caption = el('figcaption', {}, el('span', { class: 'title' }, options.title), size, legend, readout);
  const table = tableOf(() => options.label());
  const node = el('figure', { class: 'heat-map' }, caption, frame, table.node);
  return { node, frame, canvas, scroller, spacer, readout, legend, size, table };
}

function sizeTo({ node, frame, scroller, spacer }: Parts, { left, top, width, height, full, outer }: Layout): void {
  frame.style.width = `${outer.width}px`;
  node.style.width = `${Math.max(LEAST_WIDTH, outer.width)}px`;
  frame.style.height = `${outer.height}px`;
  Object.assign(scroller.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  spacer.style.width = `${full.width}px`;
  spacer.style.height = `${full.height}px`;
}

function describe({ frame, size, legend }: Parts, label: string, { rows, columns, scale, legend: given }: Grid): void {
  const [low, high] = given ?? [numberText(scale.low, 2), numberText(scale.high, 2)];
  frame.setAttribute('aria-label', `${label}: ${rows.length} ${rows.name}s down, ${columns.length} ${columns.name}s across`);
  const tags = [axisTag(rows), axisTag(columns)].filter(tag => tag !== '');
  size.replaceChildren(...tags.flatMap((tag, i) => (i > 0 ? [' × ', tag] : [tag])));
  legend.replaceChildren(low, el('i', { class: `ramp ${scale.kind}` }), high);
}

/** Keeps the scroll position, because reading it from the scroller would force a layout. */
function scrollOf(scroller: HTMLElement, scrolled: (left: number) => void) {
  let scroll: Scroll = { left: 0, top: 0 };
  const read = () => {
    scroll = { left: scroller.scrollLeft, top: scroller.scrollTop };
    scrolled(scroll.left);
  };
  scroller.addEventListener('scroll', read, { passive: true });
  return {
    at: () => scroll,
    /** Scrolls a cell into view. */
    reveal([row, column]: Cell, { cell, width, height, full }: Layout): void {
      const left = inSight(scroll.left, column * cell.width, cell.width, width, full.width);
      const top = inSight(scroll.top, row * cell.height, cell.height, height, full.height);
      if (left !== scroll.left) scroller.scrollLeft = left;
      if (top !== scroll.top) scroller.scrollTop = top;
      scroll = { left, top };
    },
    cellUnder({ clientX, clientY }: MouseEvent, { rows, columns }: Grid, { cell }: Layout): Cell | null {
      const box = scroller.getBoundingClientRect();
      const column = Math.floor((clientX - box.left + scroll.left) / cell.width);
      const row = Math.floor((clientY - box.top + scroll.top) / cell.height);
      return row >= 0 && row < rows.length && column >= 0 && column < columns.length ? [row, column] : null;
    },
  };
}

/** Arrow keys select a cell, Enter edits it; while the heat map has the focus, the readout is announced. */
function whenKeysPressed(
  { frame, readout }: Parts,
  now: () => Shown | undefined,
  select: (at: Cell) => void,
  edit: (() => void) | undefined,
): void {
  frame.addEventListener('focus', () => readout.setAttribute('aria-live', 'polite'));
  frame.addEventListener('blur', () => readout.setAttribute('aria-live', 'off'));
  frame.addEventListener('keydown', event => {
    const shown = now();
    if (event.target !== frame || !shown?.selected || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && edit) {
      event.preventDefault();
      edit();
      return;
    }
    const next = neighbour(event.key, shown.selected, shown.grid);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    select(next);
  });
}

/** 'M = 5', where each letter has its own colour. */
function axisTag({ letter, length }: Axis): HTMLElement | string {
  if (letter === '') return '';
  return el('span', { class: `axis axis-${letter.replace(/[^A-Z]/g, '')}` }, el('var', {}, letter), ` = ${length}`);
}

function readoutText({ rows, columns, groups, value, known }: Grid, [row, column]: Cell): string {
  const each = columns.length / (groups?.length ?? 1);
  const gate = groups && groups.length > 1 ? [groups[Math.floor(column / each)]] : [];
  const down = rows.length > 1 || columns.length === 1 ? [`${rows.index} = ${row + 1}`] : [];
  const across = columns.length > 1 ? [...gate, `${columns.index} = ${(column % each) + 1}`] : [];
  return `${[...across, ...down].join(', ')}:  ${known && (column < known[0] || column >= known[1]) ? '…' : numberText(value(row, column), 7)}`;
}

function neighbour(key: string, [row, column]: Cell, { rows, columns }: Grid): Cell | null {
  const page = 10;
  const moves: Record<string, readonly [number, number]> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    PageUp: [row - page, column],
    PageDown: [row + page, column],
    Home: [row, 0],
    End: [row, columns.length - 1],
  };
  const next = moves[key];
  return next ? [Math.min(rows.length - 1, Math.max(0, next[0])), Math.min(columns.length - 1, Math.max(0, next[1]))] : null;
}

/** Scroll position that shows [at, at + size): the current one if it does, otherwise one with room on both sides. */
function inSight(scroll: number, at: number, size: number, seen: number, full: number): number {
  if (at >= scroll && at + size <= scroll + seen) return scroll;
  return Math.min(full - seen, Math.max(0, at < scroll ? at + size - 0.8 * seen : at - 0.2 * seen));
}
