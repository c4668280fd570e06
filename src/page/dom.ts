/** Creates elements in plain code. All content becomes text nodes, so no markup is ever parsed. */

export type Child = Node | string | null | undefined | false;

export interface Attributes {
  readonly class?: string;
  readonly id?: string;
  /** event listeners by event name */
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  readonly [name: string]: unknown;
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill<E extends Element>(element: E, { on = {}, ...attributes }: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    // aria and data attributes have the values true and false; other attributes are omitted if false
    if (/^(aria|data)-/.test(name)) element.setAttribute(name, String(value));
    else if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...present(children));
  return element;
}

function present(children: readonly Child[]) {
  return children.filter(child => child !== null && child !== undefined && child !== false);
}

/** Replaces the children of an element. The focus stays on the child with the same data-key. */
export function replace(element: Element, ...children: readonly Child[]): void {
  const focused = document.activeElement;
  const key = focused && element.contains(focused) ? focused.getAttribute('data-key') : null;
  element.replaceChildren(...present(children));
  if (key !== null) element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Sets the text only if it changes, to avoid a new layout. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A button and its action. */
export function button(attributes: Attributes, click: () => void, ...children: readonly Child[]): HTMLButtonElement {
  return el('button', { type: 'button', ...attributes, on: { click } }, ...children);
}

/** A section of the page, with a name for screen readers and optionally a heading. */
export function section(label: string, heading: string | null, ...children: readonly Child[]): HTMLElement {
  return el('section', { 'aria-label': label }, heading !== null && el('h2', {}, heading), ...children);
}

/** Content that scrolls in its own frame if it is too large, and is reachable by keyboard. */
export function scrolling(kind: string, label: string, ...children: readonly Child[]): HTMLElement {
  return el('div', { class: kind, tabindex: 0, role: 'region', 'aria-label': label }, ...children);
}

/** A table row with its heading. */
export function tableRow(attributes: Attributes, heading: Child, ...cells: readonly HTMLElement[]): HTMLElement {
  return el('tr', attributes, el('th', { scope: 'row' }, heading), ...cells);
}

/** A cell of a table. */
export function cell(kind: string, ...children: readonly Child[]): HTMLElement {
  return el('td', kind === '' ? {} : { class: kind }, ...children);
}

/** A number field for the sample to show. @param set called with the sample, from 0 */
export function sampleInput(key: string, sample: number, N: number, set: (sample: number) => void): HTMLElement {
  const input = el('input', { type: 'number', min: 1, max: N, value: sample + 1, 'aria-label': 'sample n', 'data-key': key });
  input.addEventListener('change', () => set(Math.min(N, Math.max(1, Math.round(Number(input.value)))) - 1));
  return el('label', { class: 'sample' }, el('span', {}, 'sample ', el('var', {}, 'n')), input, ` of ${N}`);
}

/** Returns a function that says whether its arguments differ from those of the previous call. */
export function changes(): (...values: readonly unknown[]) => boolean {
  let before: readonly unknown[] | undefined;
  return (...values) => {
    const same = before?.length === values.length && values.every((value, i) => value === before![i]);
    before = values;
    return !same;
  };
}

let ids = 0;

/** A unique id. */
export function newId(prefix: string): string {
  ids++;
  return `${prefix}-${ids}`;
}

/** Runs at most once per frame, with the latest request. */
export function oncePerFrame(body: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      body();
    });
  };
}
