import { button, el, svg } from './dom.js';

/** Controls to play, step and scrub through time. */
export interface Player {
  readonly node: HTMLElement;
  /** @param step from 0 */
  show(step: number, T: number): void;
  toggle(): void;
  stop(): void;
}

const BEAT_MS = 700;

const ICONS = {
  play: 'M5 3 L14 8 L5 13 z',
  pause: 'M4 3 h3 v10 h-3 z M9 3 h3 v10 h-3 z',
  back: 'M11 3 L4 8 L11 13 z',
  on: 'M5 3 L12 8 L5 13 z',
  first: 'M13 3 L6 8 L13 13 z M3 3 h2 v10 h-2 z',
  last: 'M3 3 L10 8 L3 13 z M11 3 h2 v10 h-2 z',
};

function icon(name: keyof typeof ICONS): SVGElement {
  return svg('svg', { viewBox: '0 0 16 16', width: 15, height: 15, 'aria-hidden': true, class: 'glyph' }, svg('path', { d: ICONS[name] }));
}

function iconButton(glyph: keyof typeof ICONS, label: string, act: () => void): HTMLButtonElement {
  return button({ class: 'icon', 'aria-label': label, title: label, 'data-key': glyph }, act, icon(glyph));
}

/** Gives a button another icon and its name. */
function becomes(button: HTMLButtonElement, what: 'play' | 'pause'): void {
  button.replaceChildren(icon(what));
  button.setAttribute('aria-label', what);
  button.title = what;
}

export function player(go: (step: number) => void): Player {
  let step = 0;
  let T = 1;
  let timer: ReturnType<typeof setInterval> | undefined;
  const to = (next: number) => go(Math.min(T - 1, Math.max(0, next)));
  const play = iconButton('play', 'play', () => toggle());
  const slider = el('input', { type: 'range', min: 1, step: 1, 'aria-label': 'step t', class: 'scrub' });
  const where = el('output', { class: 'now-text' });
  slider.addEventListener('input', () => {
    stop();
    to(Number(slider.value) - 1);
  });
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    becomes(play, 'play');
  };
  const toggle = () => {
    if (timer !== undefined) {
      stop();
      return;
    }
    if (step === T - 1) to(0);
    timer = setInterval(() => (step === T - 1 ? stop() : to(step + 1)), T > 60 ? BEAT_MS / 5 : BEAT_MS);
    becomes(play, 'pause');
  };
  const goes = (glyph: keyof typeof ICONS, label: string, next: () => number) =>
    iconButton(glyph, label, () => {
      stop();
      to(next());
    });
  const before = [goes('first', 'first step (Home)', () => 0), goes('back', 'one step back (←)', () => step - 1)];
  const after = [goes('on', 'one step on (→)', () => step + 1), goes('last', 'last step (End)', () => T - 1)];
  const node = el('div', { class: 'player', role: 'group', 'aria-label': 'time' }, ...before, play, ...after, slider, where);
  return {
    node,
    show(next, length) {
      step = next;
      T = length;
      slider.max = String(T);
      slider.value = String(step + 1);
      slider.setAttribute('aria-valuetext', `step ${step + 1} of ${T}`);
      where.replaceChildren(el('var', {}, 't'), ` = ${step + 1} of `, el('span', { class: 'axis axis-T' }, String(T)));
    },
    toggle,
    stop,
  };
}
