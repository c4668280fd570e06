/** What the picture of a network shows, and what it is drawn into. */

export interface FigureView {
  readonly layer: string;
  readonly way: number;
  /** from 0 */
  readonly step: number;
  /** number of steps in the sequence that a layer reads or gives; null: symbolic */
  steps(layer: string): number | null;
  /** initial states of a layer, if other layers give them: 'encoder/h' */
  states(layer: string): readonly string[];
  /** values for the strip of a layer at a step: h, or the layer's output; undefined: not known */
  strip(layer: string, way: number, step: number): ArrayLike<number> | undefined;
  /** the objects from which the strips are made: if they change, the strips are redrawn */
  readonly values?: readonly unknown[];
}

export interface FigureActions {
  choose(layer: string, way: number, step: number | null): void;
}

/** The drawing of some steps of a network. */
export interface Figure {
  readonly drawing: SVGElement;
  readonly width: number;
  readonly height: number;
  view: FigureView;
  readonly actions: FigureActions;
  /** updates for when another layer or step is selected */
  readonly marks: ((view: FigureView) => void)[];
  readonly strips: Strip[];
}

/** The values of a box as cells; sizes in pixels. */
export interface Strip {
  values(): ArrayLike<number> | undefined;
  /** the layer and its direction, which share one scale */
  readonly of: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}
