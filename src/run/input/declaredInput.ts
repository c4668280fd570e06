import type { ModelFile } from '../files/describedFile.js';

/** What a network's file says about its inputs. */

/** Whether the network's file fixes the number of steps; otherwise the input determines it. */
export function hasOwnT(opened: ModelFile | undefined): boolean {
  const input = opened?.spec?.input as { timesteps?: number | null } | undefined;
  return (input?.timesteps ?? null) !== null;
}

/** Whether the file's only sequence is time-major, [T, N, D]. */
export function hasStepsFirst(opened: Pick<ModelFile, 'stepsFirst'> | undefined): boolean {
  return (opened?.stepsFirst?.size ?? 0) > 0;
}

/** Whether there are several inputs, or one that is neither a sequence nor token numbers [N, T]. */
export function hasNamedInputs(spec: Record<string, unknown> | undefined): boolean {
  if (spec?.inputs !== undefined) return true;
  const shape = (spec?.input as { shape?: unknown } | undefined)?.shape;
  const layers = Array.isArray(spec?.layers) ? (spec.layers as { kind?: unknown }[]) : [];
  return Array.isArray(shape) && !(shape.length === 1 && layers[0]?.kind === 'embedding');
}
