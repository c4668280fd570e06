import { handCalculationOfLayer } from '../run/handCalculation.js';
import type { ForwardPage } from '../run/page/pageData.js';
import type { HandStep } from '../run/result.js';
import { valueNamed } from '../run/valueNamed.js';
import type { Precision } from '../tensor/tensor.js';
import { byHand } from './byHand.js';
import { changes, el, oncePerFrame } from './dom.js';
import { networkFigure } from './figure.js';
import type { FigureView } from './figureView.js';
import { layerChooser, waysOf } from './layerChooser.js';
import { layerNumbers } from './layerNumbers.js';
import { continuesAcrossCalls, type Model } from './model.js';
import type { Place } from './panels.js';
import { player } from './player.js';
import { type Trace, traceOf } from './trace.js';

/**
 * The network at one sample, layer, step and unit: the picture, the heat maps and the hand calculation show the same place and lead to each
 * other.
 */
export interface Explorer {
  readonly nodes: readonly HTMLElement[];
  readonly help: readonly (readonly [string, string])[];
  use(model: Model): Promise<void>;
}

export interface ExplorerOptions {
  readonly engine: 'batched' | 'manual';
  readonly dtype: Precision;
  readonly at: ForwardPage['at'];
  /** absent: nothing can be edited */
  readonly edit?: (name: string, place: number, value: number) => void;
}

const HELP = [
  ['← →', 'a step back, a step on'],
  ['↑ ↓', 'the unit above, below'],
  ['Space', 'play, pause'],
  ['Home, End', 'first, last step'],
  ['n, p', 'next, previous sample'],
  ['l', 'next layer'],
  ['Tab', 'into a heat map; there the arrows choose a cell and Enter changes its number'],
] as const;

/** Multiply-adds in plain TypeScript that take a few milliseconds; fewer before the first drawing, when no code is compiled yet. */
const A_TURN = 2e6;
const FIRST_TURN = 2e5;

export function explorer(options: ExplorerOptions): Explorer {
  let model: Model;
  const { sample = 1, step = 1, unit = 1 } = options.at;
  let place: Place = { layer: '', way: 0, sample: sample - 1, step: step - 1, unit: unit - 1 };
  const go: Go = next => {
    const { sample } = place;
    place = clamped({ ...place, ...next }, model);
    if (place.sample !== sample) void traces.retrace();
    else render();
  };
  const choose = (layer: string, way: number, step: number | null = null) => {
    const changes = layer !== place.layer;
    go({ layer, way, ...(step === null ? {} : { step }) });
    if (changes) void traces.fill();
  };
  const now = () => ({ model, place });
  const traces = tracing(options, now, () => render());
  const picture = networkFigure({ choose });
  const numbers = layerNumbers({ go, edit: options.edit });
  const hand = byHand(numbers.point);
  const chooser = layerChooser({ choose, sample: sample => go({ sample }) });
  const time = player(step => go({ step }));
  const worked = workedSteps();
  const render = oncePerFrame(() => {
    const trace = traces.current();
    chooser.show(model, place);
    time.show(place.step, stepsOf(model, place.layer));
    picture.show(model.shapes, viewOf(model, trace, place));
    const step = trace && worked(model, trace, place);
    hand.node.hidden = !trace;
    hand.show(step, place.unit, trace?.output.layers.get(place.layer)?.traces ? STILL_COMPUTED : NO_SUMS);
    if (trace) numbers.show(model, trace, place, step);
    else numbers.say(ONE_AFTER_THE_OTHER);
  });
  onKeys(target => (model ? keysOf(model, place, { go, choose, toggle: time.toggle }, target) : {}));
  return {
    nodes: [
      el('div', { class: 'bar' }, chooser.node, time.node),
      el('div', { class: 'stage' }, picture.node),
      el('div', { class: 'bench' }, numbers.node, hand.node),
    ],
    help: HELP,
    async use(next) {
      model = next;
      place = clamped(place, model);
      await traces.retrace();
    },
  };
}

const ONE_AFTER_THE_OTHER =
  'A stateful network in several calls: a sample goes on from the states of the one before, so no sample has a calculation of its own.';
const STILL_COMPUTED = 'The steps before this one are being computed …';
const NO_SUMS = 'This layer has no sums to show: it hands on, picks or joins what it reads.';

type Go = (next: Partial<Place>) => void;
type Keys = Readonly<Record<string, () => void>>;

interface Actions {
  readonly go: Go;
  choose(layer: string, way: number): void;
  /** play or pause */
  toggle(): void;
}

/** Actions by key: those that move from a place to its neighbours, and Space, which presses the focused button if there is one. */
function keysOf(model: Model, { layer, way, sample, step, unit }: Place, { go, choose, toggle }: Actions, focused: HTMLElement): Keys {
  return {
    ArrowLeft: () => go({ step: step - 1 }),
    ArrowRight: () => go({ step: step + 1 }),
    ArrowUp: () => go({ unit: unit - 1 }),
    ArrowDown: () => go({ unit: unit + 1 }),
    Home: () => go({ step: 0 }),
    End: () => go({ step: stepsOf(model, layer) - 1 }),
    ...(focused.closest('button, [role=button]') ? {} : { ' ': toggle }),
    n: () => go({ sample: sample + 1 }),
    p: () => go({ sample: sample - 1 }),
    l() {
      const all = waysOf(model);
      const next = all[(all.findIndex(other => other.layer === layer && other.way === way) + 1) % all.length];
      choose(next.layer, next.way);
    },
  };
}

/** Handles keys of the whole page, unless the focused element handles them itself. */
function onKeys(keysAt: (target: HTMLElement) => Keys): void {
  addEventListener('keydown', event => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea, summary')) return;
    const act = keysAt(target)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** The trace of the sample shown. For a long one, some steps are traced at once, and the rest in short turns. */
function tracing({ engine, dtype }: ExplorerOptions, now: () => { readonly model: Model; readonly place: Place }, render: () => void) {
  let trace: Trace | undefined;
  /** the trace that is being completed */
  let filling: Trace | undefined;
  /** Traces the rest of a long sample once the page is drawn, and redraws a few times per second. */
  const fill = async () => {
    const mine = trace;
    const known = () => mine!.known(now().place.layer, now().place.way)[1];
    if (!mine || filling === mine || known() === Number.POSITIVE_INFINITY) return;
    filling = mine;
    await new Promise(requestAnimationFrame);
    let drawn = performance.now();
    do {
      if (performance.now() - drawn > 400) {
        render();
        drawn = performance.now();
      }
      await new Promise(resolve => setTimeout(resolve));
    } while (mine === trace && (await mine.advance(now().place.layer, A_TURN)));
    if (filling === mine) filling = undefined;
    render();
  };
  const retrace = async () => {
    const { model, place } = now();
    const made = continuesAcrossCalls(model) ? undefined : await traceOf(model, place.sample, engine, dtype);
    await made?.advance(now().place.layer, FIRST_TURN);
    if (now().model !== model || now().place.sample !== place.sample) return;
    trace = made;
    render();
    void fill();
  };
  return { current: () => trace, fill, retrace };
}

/** What the picture shows: the known values of each box's layer at its step. */
function viewOf(model: Model, trace: Trace | undefined, { layer, way, step }: Place): FigureView {
  const strip = (name: string, side: number, at: number): ArrayLike<number> | undefined => {
    const result = trace?.output.layers.get(name);
    const states = result?.traces?.[side]?.states[0];
    const tensor = states ?? result?.tensor;
    if (!tensor || tensor.shape.length > 3) return undefined;
    const M = tensor.shape[tensor.shape.length - 1] ?? 1;
    if (tensor.shape.length < 3) return tensor.data.subarray(0, M);
    const [from, to] = states ? trace!.known(name, side) : [0, Number.POSITIVE_INFINITY];
    return at >= from && at < to ? tensor.data.subarray(at * M, (at + 1) * M) : undefined;
  };
  return {
    layer,
    way,
    step,
    steps: name => stepsOf(model, name),
    states: name => model.network.model.layers.find(l => l.name === name)?.states ?? [],
    strip,
    values: [trace, ...waysOf(model).flatMap(ofOne => trace?.known(ofOne.layer, ofOne.way) ?? [])],
  };
}

/** The hand calculation of a place, for all units; cached while only the unit changes. */
function workedSteps(): (model: Model, trace: Trace, place: Place) => HandStep | undefined {
  const isOther = changes();
  let made: HandStep | undefined;
  return (model, trace, { layer, way, step }) => {
    const [from, to] = trace.known(layer, way);
    if (step < from || step >= to) return undefined;
    if (isOther(trace, layer, way, step)) made = workedOut(model, trace, { layer, way, step });
    return made;
  };
}

function workedOut(
  model: Model,
  { input, output }: Trace,
  { layer, way, step }: Pick<Place, 'layer' | 'way' | 'step'>,
): HandStep | undefined {
  const run = { model: model.network.model, weights: model.weights, input, output };
  for (const made of handCalculationOfLayer(run, layer, 1, step + 1))
    if (made.direction === null || (made.direction === 'backward') === (way === 1)) return made;
  return undefined;
}

/** Number of steps in the sequence that a layer reads or gives, or else in x. */
function stepsOf({ network: { model }, input, output }: Model, name: string): number {
  const layer = model.layers.find(l => l.name === name);
  const own = [valueNamed(layer?.inputs[0], model, input, output)?.tensor, output.layers.get(name)?.tensor];
  const sequence = own.find(tensor => tensor?.shape.length === 3);
  return sequence?.shape[1] ?? input.x.shape[1] ?? 1;
}

/** The nearest existing place; the first recurrent layer if no layer was chosen. */
function clamped(place: Place, model: Model): Place {
  const { shapes, input } = model;
  const layer = shapes.layers.find(l => l.name === place.layer) ?? shapes.layers.find(l => l.returnSequences !== null) ?? shapes.layers[0];
  const size = layer.units ?? layer.output.shape[layer.output.shape.length - 1] ?? 1;
  const within = (value: number, length: number) => Math.min(Math.max(0, Number.isFinite(value) ? value : 0), Math.max(0, length - 1));
  return {
    layer: layer.name,
    way: layer.bidirectional ? place.way : 0,
    sample: within(place.sample, input.x.shape[0]),
    step: within(place.step, stepsOf(model, layer.name)),
    unit: within(place.unit, size),
  };
}
