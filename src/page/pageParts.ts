import type { Assumption } from '../model/assumptions.js';
import type { PageData } from '../run/page/pageData.js';
import { el } from './dom.js';

/** Head and foot of every page. */

/** The top of a page: title, further elements, and the command line. @param what the command: 'forward' */
export function pageHead({ command }: PageData, what: string, title: HTMLElement, ...more: readonly HTMLElement[]): HTMLElement {
  return el(
    'header',
    { class: 'page-head' },
    el('a', { class: 'skip', href: '#main' }, 'Skip to the page'),
    el('p', { class: 'eyebrow' }, el('b', {}, 'rnn-cli'), ` ${what}`),
    title,
    ...more,
    el('p', { class: 'command' }, el('code', {}, command)),
  );
}

function assumed({ what, value, why, say }: Assumption): HTMLElement {
  return el('li', {}, `${what}: ${value}, for ${why}. `, say ? el('code', {}, say) : '');
}

/** The foot of a page: notes, assumptions, and keyboard shortcuts. */
export function pageFoot(
  { version }: PageData,
  notes: readonly string[],
  assumptions: readonly Assumption[],
  help: readonly (readonly [string, string])[],
): HTMLElement {
  return el(
    'footer',
    {},
    notes.length > 0 && el('section', {}, el('h2', {}, 'Notes'), el('ul', {}, ...notes.map(note => el('li', {}, note)))),
    assumptions.length > 0 && el('section', {}, el('h2', {}, 'Assumed'), el('ul', {}, ...assumptions.map(assumed))),
    help.length > 0 &&
      el(
        'details',
        { class: 'keys' },
        el('summary', {}, 'Keyboard'),
        el('dl', {}, ...help.flatMap(([key, what]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, what)])),
      ),
    el('p', { class: 'made' }, `Made by rnn-cli ${version}. This file makes no network requests.`),
  );
}
