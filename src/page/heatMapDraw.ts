import { cellColour, css, inkOn, isDark, pageColour, pixels } from './colours.js';
import { changes } from './dom.js';
import type { Grid, Mark, Shown } from './grid.js';
import { shortNumber } from './text.js';

/** The layout of a heat map, in pixels. */
export interface Layout {
  readonly cell: { readonly width: number; readonly height: number };
  /** the visible cells */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** all cells */
  readonly full: { readonly width: number; readonly height: number };
  readonly outer: { readonly width: number; readonly height: number };
  readonly numbers: boolean;
}

const LEFT = 40;
const BOTTOM = 22;
const MOST_HEIGHT = 320;
/** Pixels between two heat maps: the gap in the style sheet. */
const BETWEEN = 28;
/** Sizes of cells that contain their number. */
const WITH_NUMBER = { width: 46, least: 38, height: 24 };

/** @param room width available, in pixels */
export function layoutOf({ rows, columns, groups }: Grid, room: number): Layout {
  const top = groups ? 20 : 4;
  const space = Math.max(60, room - LEFT - 6);
  // two side by side if the cells are still wide enough then
  const half = ((room - BETWEEN) / 2 - LEFT - 6) / columns.length;
  const wide = Math.min(WITH_NUMBER.width, half >= WITH_NUMBER.least ? half : space / columns.length);
  const numbers = wide >= WITH_NUMBER.least && rows.length * WITH_NUMBER.height <= MOST_HEIGHT * 2;
  const width = numbers
    ? Math.floor(wide)
    : Math.min(26, Math.max(rows.length > 64 || columns.length > 200 ? 8 : 12, Math.floor(space / columns.length)));
  const height = numbers ? WITH_NUMBER.height : rows.length > 64 ? 8 : Math.min(20, Math.max(10, width));
  const full = { width: width * columns.length, height: height * rows.length };
  // room for a scroll bar if there is one
  const seen = { width: Math.min(full.width, space), height: Math.min(full.height, MOST_HEIGHT) };
  return {
    cell: { width, height },
    left: LEFT,
    top,
    ...seen,
    full,
    outer: { width: LEFT + seen.width + 6, height: top + seen.height + BOTTOM },
    numbers,
  };
}

/** Scroll position of the cells, in pixels. */
export interface Scroll {
  readonly left: number;
  readonly top: number;
}

/**
 * Returns a function that draws into the canvas. Cells are cached as an image: if only the selection or the outlines change, only outlines
 * are redrawn.
 */
export function gridPainter(canvas: HTMLCanvasElement): (shown: Shown, flashes: readonly Mark[], layout: Layout, scroll: Scroll) => void {
  const context = canvas.getContext('2d')!;
  const cells = new OffscreenCanvas(1, 1).getContext('2d')!;
  const isOther = changes();
  return (shown, flashes, layout, scroll) => {
    const { grid, selected, marks } = shown;
    const { outer, left, top, width, height, cell } = layout;
    const ratio = devicePixelRatio || 1;
    clear(context, outer, ratio);
    const view = {
      x: left - scroll.left,
      y: top - scroll.top,
      fromColumn: Math.floor(scroll.left / cell.width),
      toColumn: Math.min(grid.columns.length, Math.ceil((scroll.left + width) / cell.width)),
      fromRow: Math.floor(scroll.top / cell.height),
      toRow: Math.min(grid.rows.length, Math.ceil((scroll.top + height) / cell.height)),
    };
    if (isOther(grid, isDark(), ratio, width, height, cell.width, cell.height, view.x, view.y)) {
      clear(cells, layout, ratio);
      cells.translate(-left, -top);
      drawCells(cells, grid, layout, view);
      drawGroups(cells, grid, layout, view);
    }
    drawAxes(context, shown, layout, view);
    context.drawImage(cells.canvas, left, top, width, height);
    context.save();
    context.beginPath();
    context.rect(left - 2, top - 2, width + 4, height + 4);
    context.clip();
    for (const mark of marks) outline(context, mark, layout, view, pageColour(mark.role), mark.strong ? 2.5 : 1.5);
    if (selected) {
      const [row, column] = selected;
      outline(context, { rows: [row, row], columns: [column, column], role: 'plain' }, layout, view, pageColour('ink'), 2.5);
    }
    for (const mark of flashes) outline(context, mark, layout, view, pageColour(mark.role), 3.5);
    context.restore();
  };
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Clears the canvas and sets its size, given in CSS pixels. */
function clear(context: Context, { width, height }: { readonly width: number; readonly height: number }, ratio: number): void {
  const { canvas } = context;
  const [wide, high] = [width, height].map(size => Math.max(1, Math.round(size * ratio)));
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
}

interface View {
  readonly x: number;
  readonly y: number;
  readonly fromColumn: number;
  readonly toColumn: number;
  readonly fromRow: number;
  readonly toRow: number;
}

function drawCells(context: Context, grid: Grid, layout: Layout, view: View): void {
  if (!layout.numbers) {
    drawColours(context, grid, layout, view);
    return;
  }
  const { value, shade, scale } = grid;
  const { cell } = layout;
  const dark = isDark();
  context.font = `${cell.width < 44 ? 10 : 11}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let row = view.fromRow; row < view.toRow; row++) {
    for (let column = view.fromColumn; column < view.toColumn; column++) {
      const x = view.x + column * cell.width;
      const y = view.y + row * cell.height;
      const number = value(row, column);
      const rgb = cellColour(shade ? shade(row, column) : number, scale, dark);
      context.fillStyle = css(rgb);
      context.fillRect(x, y, cell.width - 1, cell.height - 1);
      context.fillStyle = inkOn(rgb);
      context.fillText(shortNumber(number, shade ? 0.1 : undefined), x + (cell.width - 1) / 2, y + cell.height / 2);
    }
  }
}

const toEnd = Number.POSITIVE_INFINITY;
const small = new OffscreenCanvas(1, 1).getContext('2d')!;

/** Draws cells without numbers: an image with one pixel per cell, enlarged, and lines between large cells. */
function drawColours(
  context: Context,
  { value, shade = value, scale, known = [0, toEnd] }: Grid,
  { cell }: Layout,
  { x, y, fromRow, toRow, fromColumn, toColumn }: View,
): void {
  const [width, height] = [toColumn - fromColumn, toRow - fromRow];
  if (width <= 0 || height <= 0) return;
  const image = new ImageData(width, height);
  const each = new Uint32Array(image.data.buffer);
  const pixel = pixels(scale, isDark());
  for (let row = 0, k = 0; row < height; row++)
    for (let column = fromColumn; column < toColumn; column++, k++)
      if (column >= known[0] && column < known[1]) each[k] = pixel(shade(fromRow + row, column));
  small.canvas.width = width;
  small.canvas.height = height;
  small.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  const [left, top] = [x + fromColumn * cell.width, y + fromRow * cell.height];
  context.drawImage(small.canvas, left, top, width * cell.width, height * cell.height);
  if (cell.width < 12 || cell.height < 10) return;
  for (let column = 1; column <= width; column++) context.clearRect(left + column * cell.width - 1, top, 1, height * cell.height);
  for (let row = 1; row <= height; row++) context.clearRect(left, top + row * cell.height - 1, width * cell.width, 1);
}

const FONT = 'ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Draws lines between the gates. */
function drawGroups(context: Context, { groups = [], rowGroups = [], columns, rows }: Grid, { cell }: Layout, view: View): void {
  const across = (columns.length / groups.length) * cell.width;
  const down = (rows.length / rowGroups.length) * cell.height;
  context.fillStyle = pageColour('page');
  for (let g = 1; g < groups.length; g++) context.fillRect(view.x + g * across - 2, view.y, 3, rows.length * cell.height);
  for (let g = 1; g < rowGroups.length; g++) context.fillRect(view.x, view.y + g * down - 2, columns.length * cell.width, 3);
}

function drawAxes(context: Context, { grid, selected }: Shown, layout: Layout, view: View): void {
  const { cell, left, top, width, height } = layout;
  const faint = pageColour('faint');
  const ink = pageColour('ink');
  context.font = `11px ${FONT}`;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const row of ticks(grid.rows.length, cell.height, 13)) {
    const y = view.y + (row + 0.5) * cell.height;
    if (y < top || y > top + height) continue;
    context.fillStyle = row === selected?.[0] ? ink : faint;
    context.fillText(String(row + 1), left - 6, y);
  }
  context.textAlign = 'center';
  const each = grid.columns.length / (grid.groups?.length ?? 1);
  for (const column of ticks(grid.columns.length, cell.width, 26, each)) {
    const x = view.x + (column + 0.5) * cell.width;
    if (x < left || x > left + width) continue;
    context.fillStyle = column === selected?.[1] ? ink : faint;
    context.fillText(String((column % each) + 1), x, top + height + 10);
  }
  context.font = `italic 12px ${MATHS}`;
  context.fillStyle = faint;
  context.textAlign = 'left';
  if (grid.rows.index !== '' && !grid.rowGroups) context.fillText(`${grid.rows.index} ↓`, 2, top + 10);
  if (grid.columns.index !== '') context.fillText(`${grid.columns.index} →`, 2, top + height + 10);
  grid.rowGroups?.forEach((name, g, { length }) => {
    const y = view.y + ((g + 0.5) * grid.rows.length * cell.height) / length;
    if (y > top && y < top + height) context.fillText(name, 2, y);
  });
  if (!grid.groups) return;
  context.textAlign = 'center';
  grid.groups.forEach((name, g) => {
    const x = view.x + (g + 0.5) * each * cell.width;
    if (x > left && x < left + width) context.fillText(name, x, 9);
  });
}

const MATHS = '"STIX Two Text", "Cambria Math", Cambria, Georgia, "Times New Roman", serif';

/** Places to label, counted from 0: all if there is room, otherwise round numbers (counted from 1). */
function ticks(length: number, pixels: number, room: number, each = length): number[] {
  if (each < length)
    return Array.from({ length: length / each }, (_, g) => ticks(each, pixels, room).map(place => g * each + place)).flat();
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find(step => step * pixels >= room) ?? length;
  const places = [0];
  for (let k = every; k <= length; k += every) if (k - 1 > 0 && (k - 1) * pixels >= room) places.push(k - 1);
  return places;
}

function outline(context: Context, { rows, columns }: Mark, { cell }: Layout, view: View, colour: string, width: number): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  const inset = width / 2 - 1;
  context.strokeRect(
    view.x + columns[0] * cell.width - 0.5 + inset,
    view.y + rows[0] * cell.height - 0.5 + inset,
    (columns[1] - columns[0] + 1) * cell.width - 2 * inset,
    (rows[1] - rows[0] + 1) * cell.height - 2 * inset,
  );
}
