import { CELLS } from '../cells/index.js';
import type { PageFlags } from '../run/page/pageData.js';
import { el, newId } from './dom.js';
import type { Settings } from './model.js';

/** A form for the sizes, the cell and the seed, which are flags on the command line. */
export interface SettingsForm {
  readonly node: HTMLElement;
  show(settings: Settings, fixed: Fixed): void;
  /** Shows what is wrong with a request; '' for nothing. */
  complain(text: string): void;
}

/** What a file fixes, so that it cannot be changed. */
export interface Fixed {
  readonly input: boolean;
  readonly seed: boolean;
}

const MOST = { N: 1000, T: 1000, D: 512, M: 512, K: 512 } as const;
const DEFAULTS = { N: 1, T: 10, D: 3, M: 5, K: 2 } as const;
const MEANING = { N: 'samples', T: 'steps', D: 'features', M: 'units', K: 'outputs' } as const;
const CELL_CHOICES = CELLS.map(({ name }): [string, string] => [name, name.toUpperCase()]);
type Letter = keyof typeof MOST;

/** A number field for a size. */
function sizeField(letter: Letter, value: number, set: (n: number) => void): HTMLElement {
  const id = newId(letter);
  const least = letter === 'K' ? 0 : 1;
  const input = el('input', { id, type: 'number', min: least, max: MOST[letter], step: 1, value, 'data-key': `set-${letter}` });
  input.addEventListener('change', () => {
    const next = Math.round(Number(input.value));
    if (Number.isFinite(next) && input.value !== '') set(Math.min(MOST[letter], Math.max(least, next)));
  });
  return el('span', { class: `setting axis-${letter}` }, el('label', { for: id }, el('var', {}, letter), ` ${MEANING[letter]}`), input);
}

type Choices = readonly (readonly [key: string, text: string])[];

function choiceField(label: string, value: string, choices: Choices, set: (value: string) => void): HTMLElement {
  const id = newId('choice');
  const options = choices.map(([key, text]) => el('option', { value: key, selected: key === value }, text));
  const select = el('select', { id, 'data-key': `set-${label}` }, ...options);
  select.addEventListener('change', () => set(select.value));
  return el('span', { class: 'setting' }, el('label', { for: id }, label), select);
}

function textField(label: string, value: string, wide: boolean, set: (value: string) => void): HTMLElement {
  const id = newId('text');
  const kind = { type: 'text', spellcheck: 'false', autocomplete: 'off', class: wide ? 'wide' : '' };
  const input = el('input', { id, ...kind, value, 'data-key': `set-${label}` });
  input.addEventListener('change', () => set(input.value));
  return el('span', { class: 'setting' }, el('label', { for: id }, label), input);
}

export function settingsForm(change: (settings: Partial<Settings>) => void): SettingsForm {
  const node = el('form', { class: 'settings', 'aria-label': 'sizes, cell and seed', on: { submit: event => event.preventDefault() } });
  const complaint = el('p', { class: 'complaint', role: 'alert' });
  const box = el('div', { class: 'settings-box' }, node, complaint);
  let built = '';
  let settings: Settings;
  const flag = (values: Partial<PageFlags>) => change({ flags: { ...settings.flags, ...values }, edits: new Map() });

  const parts = ({ flags, seed, sizes }: Settings, fixed: Fixed): HTMLElement[] => {
    const seedPart = fixed.seed ? [] : [textField('seed', seed, false, value => change({ seed: value, edits: new Map() }))];
    if (!flags) {
      const open = (letter: 'N' | 'T') =>
        sizeField(letter, sizes[letter], n => change({ sizes: { ...settings.sizes, [letter]: n }, edits: new Map() }));
      return fixed.input ? [] : [open('N'), open('T'), ...seedPart];
    }
    const of = (letter: Letter) => (letter === 'M' ? (flags.M?.[0] ?? DEFAULTS.M) : Number(flags[letter] ?? DEFAULTS[letter]));
    const number = (letter: Letter) =>
      sizeField(letter, of(letter), n => flag(letter === 'M' ? { M: [n, ...(flags.M ?? []).slice(1)] } : { [letter]: n }));
    const ofInput = fixed.input ? [] : [number('N'), number('T'), number('D')];
    if (flags.layers !== undefined)
      return [textField('layers', flags.layers, true, value => flag({ layers: value })), ...ofInput, ...seedPart];
    return [
      ...ofInput,
      number('M'),
      number('K'),
      choiceField('cell', flags.cell ?? 'rnn', CELL_CHOICES, value => flag({ cell: value as PageFlags['cell'] })),
      choiceField('direction', flags.bidirectional ? 'both' : 'one', [['one', 'forwards'], ['both', 'both ways']], value => flag({ bidirectional: value === 'both' || undefined })),
      choiceField('output', flags.task ?? 'many-to-one', [['many-to-one', 'last step'], ['many-to-many', 'every step']], value =>
        flag({ task: value as PageFlags['task'], pool: value === 'many-to-many' ? undefined : flags.pool })),
      ...seedPart,
    ]; // biome-ignore format: lists
  };

  return {
    node: box,
    show(next, fixed) {
      settings = next;
      const key = JSON.stringify([next.flags, next.seed, next.sizes, fixed]);
      if (key === built) return;
      built = key;
      const focused = document.activeElement?.getAttribute('data-key');
      node.replaceChildren(...parts(next, fixed));
      if (focused) node.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    },
    complain(problem) {
      complaint.textContent = problem;
    },
  };
}
