import { isPrinting, whenColoursChange } from './colours.js';

/** Canvases that are in sight are drawn in the next frame, the others once nothing has changed for a while or when they come into sight. */

interface Drawn {
  readonly draw: () => void;
  /** adapts to the available width, in sight or not */
  readonly fit?: () => void;
  seen: boolean;
  asked: boolean;
}

const drawn = new Map<Element, Drawn>();
let frame = false;

/** @returns a function that requests a drawing in the next frame */
export function drawWhenVisible(node: Element, draw: () => void, fit?: () => void): () => void {
  const entry: Drawn = { draw, fit, seen: false, asked: false };
  drawn.set(node, entry);
  sight.observe(node);
  return () => {
    entry.asked = true;
    if (entry.seen) soon();
    later();
  };
}

/** Forgets a canvas that has been removed. */
export function forgetCanvas(node: Element): void {
  drawn.delete(node);
  sight.unobserve(node);
}

/** Redraws everything after the width or the colours have changed. */
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

/** Draws the canvases that are out of sight, one after the other. */
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

/** Observes half a window ahead, so that canvases are drawn before they are scrolled into view. */
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

/** Width in pixels. It is observed, because reading it after every change would force a layout each time. */
export function widthOf(element: Element): number {
  if (!widths.has(element)) {
    widths.set(element, element.clientWidth);
    widthsChange.observe(element);
  }
  return widths.get(element)!;
}
