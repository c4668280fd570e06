import { isPrinting, whenColoursChange } from './colours.js';

/** What is seen of the canvases is drawn at once, in the next frame; the others when nothing has changed for a while, or when they come into sight. */

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
    later();
  };
}

/** It has gone for good. */
export function forget(node: Element): void {
  drawn.delete(node);
  sight.unobserve(node);
}

/** Everything, as the room or the colours have changed. */
function redrawAll(): void {
  for (const entry of drawn.values()) {
    entry.asked = true;
    entry.fit?.();
  }
  if (isPrinting()) flush();
  else soon();
  later();
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

let rest: ReturnType<typeof setTimeout> | undefined;
const QUIET_MS = 400;

/** One canvas out of sight after the other. */
function later(): void {
  clearTimeout(rest);
  rest = setTimeout(function next() {
    for (const entry of drawn.values()) {
      if (!entry.asked) continue;
      entry.asked = false;
      entry.draw();
      rest = setTimeout(next);
      return;
    }
  }, QUIET_MS);
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
  const before = entries.map(({ target }) => widths.get(target));
  for (const { target } of entries) widths.set(target, target.clientWidth);
  if (entries.some(({ target }, i) => widths.get(target) !== before[i])) redrawAll();
});

/** Pixels across; observed, not read: reading it after every change would lay the page out as often. */
export function widthOf(element: Element): number {
  if (!widths.has(element)) {
    widths.set(element, element.clientWidth);
    widthsChange.observe(element);
  }
  return widths.get(element)!;
}
