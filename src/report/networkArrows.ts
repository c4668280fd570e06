import type { LayerRow } from '../run/result.js';
import { type Canvas, cut, type Exit, shapeLabel, stepsOf } from './networkCanvas.js';
import { FAINT, path, text } from './svg.js';

/**
 * Draws what a layer reads as arrows with shapes: straight up from the layer below; from further down by name, or around the right side.
 */

/** @param below name of the band under this one; @param input name of the model's input */
export function drawArrows(
  layer: LayerRow,
  base: number,
  { below, input }: { readonly below: string; readonly input: string },
  exits: ReadonlyMap<string, Exit>,
  canvas: Canvas,
): void {
  const many = layer.inputs.length > 1;
  layer.inputs.forEach((name, k) => {
    const from = exits.get(name);
    if (!from) return;
    if (name === below) drawStraight(from, base, many, canvas);
    else if (from.apart || from.xs.length > 1) drawNamed(name === input ? 'x' : name, from, base, many ? 28 : 0, canvas);
    else drawAround(from, base, k, canvas);
  });
}

/** @param many whether further arrows are on the right, so that the label goes to the left */
function drawStraight(from: Exit, base: number, many: boolean, { body, right }: Canvas): void {
  const middle = (from.y + base) / 2 + 4;
  for (const x of from.xs) {
    const up = path([x, from.y, x, base]);
    body.push(up, shapeLabel(many ? x - 34 : x + 6, middle, from.shape.step));
  }
  body.push(text(right + 14, middle, from.shape.whole, { size: 11, colour: FAINT }));
}

/** A sequence from further down would cross everything between, so the arrow of each step begins at a name instead. */
function drawNamed(name: string, from: Exit, base: number, aside: number, { body, columns, right }: Canvas): void {
  const start = base + 24;
  const labels = new Map(stepsOf(columns).map(column => [column.x, column.label]));
  for (const x of from.xs) {
    const up = path([x + aside, start, x + aside, base]);
    const sub = from.xs.length > 1 ? labels.get(x) : undefined;
    body.push(up, text(x + aside, start + 12, cut(name, 12), { size: 11, anchor: 'middle', colour: FAINT, sub }));
    body.push(shapeLabel(x + aside + 6, (start + base) / 2 + 4, from.shape.step));
  }
  if (aside === 0) body.push(text(right + 14, (start + base) / 2 + 4, from.shape.whole, { size: 11, colour: FAINT }));
}

/** Draws a single value from further down around the right side. */
function drawAround(from: Exit, base: number, k: number, { body, right }: Canvas): void {
  const lane = right - 12 - 10 * k;
  const [x] = from.xs;
  const turn = from.y - 9;
  body.push(
    path([x, from.y, x, turn, lane, turn, lane, base + 12, lane - 24, base + 12, lane - 24, base]),
    shapeLabel(lane + 5, base + 16, from.shape.step),
  );
}
