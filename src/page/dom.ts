/** Elements from plain code. Everything that is shown goes in as text nodes: no markup is ever parsed. */

export type Child = Node | string | null | undefined | false;

export interface Attributes {
  readonly class?: string;
  readonly id?: string;
  /** listeners by event */
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
    // aria and data say true and false; of the others false is their absence
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

/** The element's children from now on. The focus stays on what has the same data-key. */
export function replace(element: Element, ...children: readonly Child[]): void {
  const focused = document.activeElement;
  const key = focused && element.contains(focused) ? focused.getAttribute('data-key') : null;
  element.replaceChildren(...present(children));
  if (key !== null) element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** What says the same already is left alone: nothing is laid out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A button, and what it does. */
export function button(attributes: Attributes, click: () => void, ...children: readonly Child[]): HTMLButtonElement {
  return el('button', { type: 'button', ...attributes, on: { click } }, ...children);
}

/** A part of the page with its name for screen readers, and a heading where it has one. */
export function section(label: string, heading: string | null, ...children: readonly Child[]): HTMLElement {
  return el('section', { 'aria-label': label }, heading !== null && el('h2', {}, heading), ...children);
}

/** What is wider or higher than its frame: it scrolls there, and can be reached with the keyboard. */
export function scrolling(kind: string, label: string, ...children: readonly Child[]): HTMLElement {
  return el('div', { class: kind, tabindex: 0, role: 'region', 'aria-label': label }, ...children);
}

/** A row of a table, with its heading. */
export function tableRow(attributes: Attributes, heading: Child, ...cells: readonly HTMLElement[]): HTMLElement {
  return el('tr', attributes, el('th', { scope: 'row' }, heading), ...cells);
}

/** A cell of a table. */
export function cell(kind: string, ...children: readonly Child[]): HTMLElement {
  return el('td', kind === '' ? {} : { class: kind }, ...children);
}

/** Which sample is shown, as a number that can be changed. @param set is given the sample, from 0 */
export function sampleInput(key: string, sample: number, N: number, set: (sample: number) => void): HTMLElement {
  const input = el('input', { type: 'number', min: 1, max: N, value: sample + 1, 'aria-label': 'sample n', 'data-key': key });
  input.addEventListener('change', () => set(Math.min(N, Math.max(1, Math.round(Number(input.value)))) - 1));
  return el('label', { class: 'sample' }, el('span', {}, 'sample ', el('var', {}, 'n')), input, ` of ${N}`);
}

/** Whether some values are others than at the call before. */
export function changes(): (...values: readonly unknown[]) => boolean {
  let before: readonly unknown[] | undefined;
  return (...values) => {
    const same = before?.length === values.length && values.every((value, i) => value === before![i]);
    before = values;
    return !same;
  };
}

let ids = 0;

/** An id that no other element has. */
export function newId(prefix: string): string {
  ids++;
  return `${prefix}-${ids}`;
}

/** Runs at most once a frame, with the latest request. */
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
