/** What a picture of a network shows, and what it is drawn into. */

export interface FigureView {
  readonly layer: string;
  readonly way: number;
  /** from 0 */
  readonly step: number;
  /** steps of the sequence that a layer reads or gives; null: symbolic */
  steps(layer: string): number | null;
  /** what a layer starts with, where the network gives its states: 'encoder/h' */
  states(layer: string): readonly string[];
  /** values of a layer at a step for its strip of cells: h, or what the layer gives; undefined: not known */
  strip(layer: string, way: number, step: number): ArrayLike<number> | undefined;
  /** what the strips are of: other values, another drawing */
  readonly values?: readonly unknown[];
}

export interface FigureActions {
  choose(layer: string, way: number, step: number | null): void;
}

/** The drawing for some steps of a network. */
export interface Figure {
  readonly drawing: SVGElement;
  readonly width: number;
  readonly height: number;
  view: FigureView;
  readonly actions: FigureActions;
  /** what is set anew where another layer or step is selected */
  readonly marks: ((view: FigureView) => void)[];
  readonly strips: Strip[];
}

/** Numbers of a box as cells, in pixels. */
export interface Strip {
  values(): ArrayLike<number> | undefined;
  /** the layer and its direction: those have one scale */
  readonly of: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}
