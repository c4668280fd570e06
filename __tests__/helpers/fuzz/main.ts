import * as formats from '../../../src/formats/all.js';
import type { Format } from '../../../src/formats/format.js';
import { outcome } from './campaign.js';
import { type Target, targetOf } from './targets.js';

/** What scripts/fuzz.mjs bundles and what the tests use: every registered reader as a target. */
export { makeMutant, reportText, runCampaign } from './campaign.js';
export { Randomness } from './randomness.js';

export function allTargets(root: string): Target[] {
  return (Object.values(formats) as Format[]).map(format => targetOf(format.name, format.extensions, root));
}

/** The digests to be written down: every good file of every reader. */
export async function goldenOf(targets: readonly Target[]): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const { seeds } of targets) for (const [name, bytes] of seeds) entries.push([name, await outcome(name, bytes)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
