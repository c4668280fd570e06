import { loadKernel } from '../engines/batched/kernel.js';
import { RnnError } from '../errors.js';
import type { ForwardPage } from '../run/page/pageData.js';
import { button, el, oncePerFrame, replace } from './dom.js';
import { explorer } from './explorer.js';
import { computeFrom, type Model, type Settings, settingsOf } from './model.js';
import { pageFoot, pageHead } from './pageParts.js';
import { settingsForm } from './settingsForm.js';

/** `forward --html`: the network unrolled, and every number with its hand calculation. What the reader changes is recomputed at once. */
export function forwardPage(root: HTMLElement, data: ForwardPage): void {
  const { network } = data;
  // a large network is run by the kernel, which is compiled while the rest of the page is built
  if (network.weights) void loadKernel(false);
  const start = settingsOf(network);
  const compute = computeFrom(network, data.engine, data.dtype);
  let settings = start;
  let model: Model | undefined;

  const recompute = lastAsked(compute, {
    async computed(next, result) {
      settings = next;
      model = result;
      form.complain('');
      await view.use(model);
      update();
    },
    refused(error) {
      form.complain([error.message, error.fix].filter(Boolean).join(': '));
      form.show(settings, fixed);
    },
  });
  const change = (next: Partial<Settings>) => void recompute({ ...settings, ...next });
  const given = !network.input.drawn || network.input.others !== null;
  const fixed = { input: given, seed: given && network.weights !== null && network.flags === null };
  const form = settingsForm(change);
  const state = badge(() => void recompute(start));
  const { engine, dtype, at } = data;
  const view = explorer({ engine, dtype, at, edit: (...edit) => change({ edits: withEdit(settings.edits, ...edit) }) });
  const title = el('h1', {}, network.title);
  const sources = el('p', { class: 'sources' });
  const update = oncePerFrame(() => {
    if (!model) return;
    title.textContent = model.title;
    const changed = settings !== start;
    state.show({ sha256: model.ySha256, expected: data.ySha256, changed, ms: model.ms });
    form.show(settings, fixed);
    replace(sources, sourcesText(data, settings));
    root.dataset.ready = '';
  });

  root.append(
    pageHead(data, 'forward', title, state.node),
    el('main', { id: 'main' }, el('section', { class: 'controls', 'aria-label': 'what is computed' }, form.node, sources), ...view.nodes),
    pageFoot(data, network.notes, network.assumptions, view.help),
  );
  void recompute(start);
}

/** The numbers changed by hand, by tensor and place, with one more. */
function withEdit(edits: Settings['edits'], name: string, place: number, value: number): Settings['edits'] {
  return new Map(edits).set(name, new Map(edits.get(name) ?? []).set(place, value));
}

interface Answers {
  computed(settings: Settings, model: Model): Promise<void>;
  refused(error: RnnError): void;
}

/** Computes on request; a result that comes after a later request is dropped. */
function lastAsked(compute: (settings: Settings) => Promise<Model>, { computed, refused }: Answers): (next: Settings) => Promise<void> {
  let asked = 0;
  return async next => {
    const mine = ++asked;
    const model = await compute(next).catch(error => {
      if (!(error instanceof RnnError)) throw error;
      refused(error);
    });
    if (model && mine === asked) await computed(next, model);
  };
}

function sourcesText({ network, engine, dtype }: ForwardPage, { edits, seed }: Settings): string {
  const count = [...edits.values()].reduce((sum, places) => sum + places.size, 0);
  const drawn = `seed ${seed}`;
  const weights = network.weightsSource.startsWith('seed ') ? drawn : network.weightsSource;
  const input = network.input.drawn ? drawn : network.inputSource;
  const changed = count === 0 ? '' : ` ${count} number${count > 1 ? 's' : ''} changed by hand.`;
  return `Weights from ${weights}, x from ${input}; ${engine} engine, ${dtype === 'f32' ? 'float32' : 'float64'}.${changed}`;
}

/** A badge with y's digest, and whether it equals that of the command line. */
interface Badge {
  readonly node: HTMLElement;
  show(state: { readonly sha256: string; readonly expected: string; readonly changed: boolean; readonly ms: number }): void;
}

function badge(reset: () => void): Badge {
  const node = el('div', { class: 'badge', role: 'status' });
  const back = button({ class: 'quiet', 'data-key': 'reset' }, reset, 'back to the start');
  return {
    node,
    show({ sha256, expected, changed, ms }) {
      const equal = sha256 === expected;
      const words = equal
        ? 'y equals the command line’s, bit for bit'
        : changed
          ? 'computed here from what you changed'
          : 'y differs from the command line’s';
      node.className = `badge ${equal ? 'equal' : changed ? 'changed' : 'differs'}`;
      node.replaceChildren(
        el('span', { class: 'dot', 'aria-hidden': true }),
        el('span', { class: 'words' }, words),
        el(
          'code',
          { class: 'sha', title: 'sha256 of y (float32, C order)', 'data-sha256': sha256 },
          `sha256 ${sha256.slice(0, 12)}…${sha256.slice(-6)}`,
        ),
        el('span', { class: 'ms' }, ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`),
        ...(changed ? [back] : []),
      );
    },
  };
}
