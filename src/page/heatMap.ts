import { el, newId, oncePerFrame, replace } from './dom.js';
import type { Axis, Grid, Mark, Shown } from './grid.js';
import { drawGrid, type Layout, layoutOf } from './heatMapDraw.js';
import { gridTable } from './heatMapTable.js';
import { numberText } from './text.js';

export interface HeatMapOptions {
  /** 'h', '' for one that stands for itself */
  readonly title: Node;
  /** the same for screen readers: 'h of rnn_1, sample 1' */
  label(): string;
  readonly onSelect?: (row: number, column: number) => void;
  readonly onHover?: (at: readonly [row: number, column: number] | null) => void;
  /** cells can be changed: Enter, or a double click */
  readonly onEdit?: (row: number, column: number, value: number) => void;
}

export interface HeatMap {
  readonly node: HTMLElement;
  show(shown: Shown): void;
  /** Outlines cells for a moment: what the pointer is on elsewhere. */
  flash(marks: readonly Mark[]): void;
  /** Another heat map over the same time scrolls along. */
  readonly scroller: HTMLElement;
  edit(): void;
}

/** Room for the caption, in pixels. */
const LEAST_WIDTH = 312;

/** A heat map on a canvas of the size of what is seen: a thousand steps of five hundred units scroll as smoothly as ten of five. */
export function heatMap(options: HeatMapOptions): HeatMap {
  const canvas = el('canvas', { 'aria-hidden': true });
  const spacer = el('div', { class: 'spacer' });
  const scroller = el('div', { class: 'scroller' }, spacer);
  const readout = el('output', { class: 'readout', id: newId('readout') });
  const frame = el('div', {
    class: 'cells',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'heat map',
    'aria-describedby': readout.id,
  });
  const legend = el('span', { class: 'legend' });
  const table = el('details', { class: 'as-table' }, el('summary', {}, 'Table'));
  const size = el('span', { class: 'size' });
  const caption = el('figcaption', {}, el('span', { class: 'title' }, options.title), size, legend, readout);
  const node = el('figure', { class: 'heat-map' }, caption, frame, table);
  frame.append(canvas, scroller);

  let shown: Shown | undefined;
  let flashes: readonly Mark[] = [];
  let layout: Layout | undefined;
  const draw = oncePerFrame(() => {
    if (!shown || !frame.isConnected) return;
    layout = layoutOf(shown.grid, room());
    place(layout);
    drawGrid(canvas, shown, flashes, layout, scroller);
  });
  /** pixels across for all heat maps of a group */
  const room = () => (node.parentElement && widthOf(node.parentElement)) || 600;
  const place = ({ left, top, width, height, full, outer }: Layout) => {
    frame.style.width = `${outer.width}px`;
    node.style.width = `${Math.max(LEAST_WIDTH, outer.width)}px`;
    frame.style.height = `${outer.height}px`;
    Object.assign(scroller.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    spacer.style.width = `${full.width}px`;
    spacer.style.height = `${full.height}px`;
  };
  const cellAt = (event: MouseEvent): readonly [number, number] | null => {
    if (!layout || !shown) return null;
    const box = scroller.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left + scroller.scrollLeft) / layout.cell.width);
    const row = Math.floor((event.clientY - box.top + scroller.scrollTop) / layout.cell.height);
    const { rows, columns } = shown.grid;
    return row >= 0 && row < rows.length && column >= 0 && column < columns.length ? [row, column] : null;
  };
  const read = (at: readonly [number, number] | null) => {
    const place = at ?? shown?.selected ?? null;
    readout.textContent = place && shown ? readoutText(shown.grid, place) : '';
  };
  const edit = () => {
    const at = shown?.selected;
    if (!at || !layout || !options.onEdit) return;
    const { grid } = shown!;
    reveal();
    const input = el('input', {
      class: 'cell-editor',
      type: 'text',
      inputmode: 'decimal',
      'aria-label': `new value of ${readoutText(grid, at).replace(/ = .*/, '')}`,
    });
    input.value = String(grid.value(...at));
    input.style.left = `${Math.max(0, layout.left + at[1] * layout.cell.width - scroller.scrollLeft - 8)}px`;
    input.style.top = `${layout.top + at[0] * layout.cell.height - scroller.scrollTop - 4}px`;
    let done = false;
    const finish = (keep: boolean) => {
      if (done) return;
      done = true;
      const value = Number(input.value.trim().replace(',', '.'));
      input.remove();
      frame.focus({ preventScroll: true });
      if (keep && input.value.trim() !== '' && !Number.isNaN(value)) options.onEdit!(...at, value);
    };
    input.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter') finish(true);
      else if (event.key === 'Escape') finish(false);
    });
    input.addEventListener('blur', () => finish(true));
    frame.append(input);
    input.select();
    input.focus({ preventScroll: true });
  };
  /** The selected cell is scrolled into sight. */
  const reveal = () => {
    if (!shown?.selected || !layout) return;
    const [row, column] = shown.selected;
    const { cell, width, height } = layout;
    scroller.scrollLeft = kept(scroller.scrollLeft, column * cell.width, cell.width, width);
    scroller.scrollTop = kept(scroller.scrollTop, row * cell.height, cell.height, height);
  };
  const select = (at: readonly [number, number] | null) => {
    if (at) options.onSelect?.(...at);
  };

  scroller.addEventListener('scroll', draw, { passive: true });
  scroller.addEventListener('click', event => {
    select(cellAt(event));
    frame.focus({ preventScroll: true });
  });
  scroller.addEventListener('dblclick', edit);
  scroller.addEventListener('pointermove', event => {
    const at = cellAt(event);
    read(at);
    options.onHover?.(at);
  });
  scroller.addEventListener('pointerleave', () => {
    read(null);
    options.onHover?.(null);
  });
  frame.addEventListener('focus', () => readout.setAttribute('aria-live', 'polite'));
  frame.addEventListener('blur', () => readout.setAttribute('aria-live', 'off'));
  frame.addEventListener('keydown', event => {
    if (event.target !== frame || !shown?.selected || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && options.onEdit) {
      event.preventDefault();
      edit();
      return;
    }
    const next = moved(event.key, shown.selected, shown.grid);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    select(next);
  });
  table.addEventListener('toggle', () => {
    if (table.open && shown) replace(table, table.firstElementChild, gridTable(shown, options.label()));
  });
  addEventListener('redraw', draw);

  return {
    node,
    scroller,
    edit,
    show(next) {
      const moves = shown?.selected?.join() !== next.selected?.join();
      shown = next;
      const { rows, columns, scale, legend: ends = [numberText(scale.low, 2), numberText(scale.high, 2)] } = next.grid;
      frame.setAttribute('aria-label', `${options.label()}: ${rows.length} ${rows.name}s down, ${columns.length} ${columns.name}s across`);
      const tags = [axisTag(rows), axisTag(columns)].filter(tag => tag !== '');
      size.replaceChildren(...tags.flatMap((tag, i) => (i > 0 ? [' × ', tag] : [tag])));
      legend.replaceChildren(ends[0], el('i', { class: `ramp ${scale.kind}` }), ends[1]);
      read(null);
      if (table.open) replace(table, table.firstElementChild, gridTable(next, options.label()));
      layout = layoutOf(next.grid, room());
      if (moves) {
        place(layout);
        reveal();
      }
      draw();
    },
    flash(marks) {
      flashes = marks;
      draw();
    },
  };
}

const widths = new WeakMap<Element, number>();
const widthsChange = new ResizeObserver(entries => {
  for (const { target, contentRect } of entries) widths.set(target, contentRect.width);
  dispatchEvent(new Event('redraw'));
});

/** Observed, not read: reading it after every change would lay the page out as often. */
function widthOf(element: Element): number {
  if (!widths.has(element)) {
    widths.set(element, element.clientWidth);
    widthsChange.observe(element);
  }
  return widths.get(element)!;
}

/** 'M = 5', each letter always in its own colour */
export function axisTag({ letter, length }: Axis): HTMLElement | string {
  if (letter === '') return '';
  return el('span', { class: `axis axis-${letter.replace(/[^A-Z]/g, '')}` }, el('var', {}, letter), ` = ${length}`);
}

export function readoutText({ rows, columns, groups, value }: Grid, [row, column]: readonly [number, number]): string {
  const each = columns.length / (groups?.length ?? 1);
  const gate = groups && groups.length > 1 ? [groups[Math.floor(column / each)]] : [];
  const down = rows.length > 1 || columns.length === 1 ? [`${rows.index} = ${row + 1}`] : [];
  const across = columns.length > 1 ? [...gate, `${columns.index} = ${(column % each) + 1}`] : [];
  return `${[...across, ...down].join(', ')}:  ${numberText(value(row, column), 7)}`;
}

function moved(key: string, [row, column]: readonly [number, number], { rows, columns }: Grid): readonly [number, number] | null {
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

/** The scroll position that shows [at, at + size), nearest to the one that is. */
function kept(scroll: number, at: number, size: number, view: number): number {
  if (at < scroll) return at;
  return at + size > scroll + view ? at + size - view : scroll;
}
