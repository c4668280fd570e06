import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { DimShape } from '../../layers/layer.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes } from '../../model/shapes.js';
import type { Program, Size } from './program.js';
import { canBeEqual, sizeText } from './rule.js';
import { COMPLEX } from './spectrum.js';
import type { Wiring } from './wiring.js';

/**
 * Compares the sizes that a program states for its values with those that the converted network has. The rules rely on the stated sizes, so
 * a program that states wrong ones is not the one that was exported.
 * @throws RnnError E_PT2_GRAPH naming the first value that differs, and shape errors of the network
 */
export function checkSizes(wiring: Wiring, spec: Json): void {
  const { program } = wiring;
  const shapes = shapesOf(spec);
  if (!shapes) return;
  for (const { target, outputs } of program.nodes)
    for (const name of outputs) {
      const stated = name === null ? undefined : statedSizes(program, name);
      const value = name === null ? undefined : wiring.known(name);
      const own = value && 'value' in value ? shapes.get(value.value) : undefined;
      if (!stated || !own) continue;
      const found = own.map(({ size, symbol }): Size => size ?? { symbol });
      if (canBeEqual(stated, found)) continue;
      throw new RnnError(
        'shape',
        'E_PT2_GRAPH',
        `the sizes that the program states for ${escapeText(name!, 60)} are not those that ${escapeText(target, 60)} computes`,
        {
          where: escapeText(name!, 60),
          expected: `[${stated.map(sizeText).join(', ')}]`,
          found: `[${found.map(sizeText).join(', ')}]`,
          fix: 'export the module again and save it: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
        },
      );
    }
}

/** The stated sizes; complex tensors have an additional axis of size 2 here. */
function statedSizes({ sizes, types }: Program, name: string): readonly Size[] | undefined {
  const own = sizes.get(name);
  return own && COMPLEX.has(types.get(name) ?? 0) ? [...own, 2] : own;
}

/** Shapes of the values; undefined if one is only known at run time. */
function shapesOf(spec: Json): ReadonlyMap<string, DimShape> | undefined {
  try {
    return inferShapes(checkSpec(spec, 'torch')).values;
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'unsupported') return undefined;
    throw error;
  }
}
