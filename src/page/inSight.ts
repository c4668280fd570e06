import { isPrinting, whenColoursChange } from './colours.js';

/** What is drawn on a canvas is drawn where it can be seen: once a frame, and what comes into sight later is drawn then. */

interface Drawn {
  readonly draw: () => void;
  /** takes the room there is, seen or not */
  readonly fit?: () => void;
  seen: boolean;
  asked: boolean;
}

const drawn = new Map<Element, Drawn>();
let frame = false;

/** @returns asks for a drawing in the next frame */
export function drawnInSight(node: Element, draw: () => void, fit?: () => void): () => void {
  const entry: Drawn = { draw, fit, seen: false, asked: false };
  drawn.set(node, entry);
  sight.observe(node);
  return () => {
    entry.asked = true;
    if (entry.seen) soon();
  };
}

/** It has gone for good. */
export function forget(node: Element): void {
  drawn.delete(node);
  sight.unobserve(node);
}

/** Everything, as the room or the colours have changed. */
export function redrawAll(): void {
  for (const entry of drawn.values()) {
    entry.asked = true;
    entry.fit?.();
  }
  if (isPrinting()) flush();
  else soon();
}
whenColoursChange(redrawAll);

function soon(): void {
  if (frame) return;
  frame = true;
  requestAnimationFrame(flush);
}

function flush(): void {
  frame = false;
  for (const entry of drawn.values()) {
    if (!entry.asked || !(entry.seen || isPrinting())) continue;
    entry.asked = false;
    entry.draw();
  }
}

/** Half a window ahead, so that scrolling meets what is drawn. */
const sight = new IntersectionObserver(
  entries => {
    for (const { target, isIntersecting } of entries) {
      const entry = drawn.get(target);
      if (entry) entry.seen = isIntersecting;
    }
    soon();
  },
  { rootMargin: '50% 0px' },
);

const widths = new WeakMap<Element, number>();
const widthsChange = new ResizeObserver(entries => {
  for (const { target, contentRect } of entries) widths.set(target, contentRect.width);
  redrawAll();
});

/** Pixels across; observed, not read: reading it after every change would lay the page out as often. */
export function widthOf(element: Element): number {
  if (!widths.has(element)) {
    widths.set(element, element.clientWidth);
    widthsChange.observe(element);
  }
  return widths.get(element)!;
}
