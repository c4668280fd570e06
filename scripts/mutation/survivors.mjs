// What the tests did not notice, with the reason why it is left: docs/internals/survivors/<area>.json is the list, <area>.md the page made of it.
//   node scripts/mutate.mjs --area readers --sample 600 --seed 4 --survivors    brings both up to date with the run
//   node scripts/mutation/survivors.mjs                                         makes the pages anew, after a reason was written into the list; what is
//                                                                               no longer in the sources goes
// A reason begins with "equivalent: " where no test can tell the mutant from the source, else with "left: ". A new survivor has none.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './areas.mjs';

export const FOLDER = join(ROOT, 'docs', 'internals', 'survivors');
const KINDS = [
  ['equivalent: ', 'Equivalent', 'No input tells these from the source. They count as survivors all the same.'],
  ['left: ', 'Left', 'A test could notice these.'],
];

/** A mutant wherever its line moved to: the text of its line and the change. */
function keyOf({ file, source, from, to }) {
  return [file, source, from, to].join('\n');
}

function sourceOf(file) {
  const path = join(ROOT, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

function readList(area) {
  const path = join(FOLDER, `${area}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { runs: [], survivors: [] };
}

/** The reason a mutant is listed with, or undefined. */
export function reasonsOf(area) {
  const reasons = new Map(readList(area).survivors.map(entry => [keyOf(entry), entry.reason]));
  return mutant => reasons.get(keyOf(mutant));
}

/**
 * Puts the survivors of a run into the area's list and takes out what was killed in it or is gone from the sources; those of other
 * samples stay.
 * @param mutants { file, line, source, from, to, status }
 * @param run { seed, of, files, again }: what was asked for, of so many mutants, in which files where not in all, and whether it is what survived an
 *   earlier run that was tried; undefined for the list tried again, which says nothing about a rate
 */
export function updateList(area, mutants, run) {
  const { runs, survivors } = readList(area);
  const alive = mutants.filter(m => m.status !== 'killed');
  const aliveKeys = new Set(alive.map(keyOf));
  const killed = new Set(mutants.map(keyOf).filter(key => !aliveKeys.has(key)));
  const known = new Map(survivors.map(entry => [keyOf(entry), entry]));
  for (const m of alive) {
    const { file, source, from, to } = m;
    const { reason = '', seeds = [] } = known.get(keyOf(m)) ?? {};
    known.set(keyOf(m), { file, source, from, to, reason, seeds: run ? [...new Set([...seeds, run.seed])] : seeds });
  }
  const list = standing([...known.values()].filter(entry => !killed.has(keyOf(entry))));
  list.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  write(area, { runs: run ? withRun(runs, run, mutants.length, mutants.length - alive.length) : runs, survivors: list });
}

/** A run in its place: where it is an earlier one's survivors that were tried, what they had been stays beside what they are. */
function withRun(runs, { seed, of, files, again }, tried, killed) {
  const isSame = r => r.seed === seed && r.files === files;
  const before = runs.find(isSame);
  const date = new Date().toISOString().slice(0, 10);
  const run = again && before ? { ...before, since: { date, tried, killed } } : { date, seed, of, files, tried, killed };
  return [...runs.filter(r => !isSame(r)), run];
}

/** Those whose line is still in its source. */
function standing(survivors) {
  const lines = new Map();
  return survivors.filter(({ file, source }) => {
    if (!lines.has(file)) lines.set(file, new Set(sourceOf(file).map(line => line.trim())));
    return lines.get(file).has(source);
  });
}

function write(area, list) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${area}.json`), `${JSON.stringify(list, null, 1)}\n`);
  writeFileSync(join(FOLDER, `${area}.md`), pageOf(area));
}

/** The page of an area: its runs, then the survivors under their reasons. */
export function pageOf(area) {
  const { runs, survivors } = readList(area);
  const rows = runs.map(run => `| ${cellsOf(run, survivors).join(' | ')} |`);
  const parts = [
    `# Mutants that survive: ${area}`,
    `Made by \`node scripts/mutate.mjs --area ${area} … --survivors\` from [the list](${area}.json); [what it is](../reliability.md#the-tests-themselves).`,
    [`| ${COLUMNS.join(' | ')} |`, `|${'---|'.repeat(COLUMNS.length)}`, ...rows].join('\n'),
  ];
  for (const [start, title, text] of KINDS) {
    const own = survivors.filter(entry => entry.reason.startsWith(start));
    if (own.length > 0) parts.push(`## ${title}: ${own.length}`, text, ...groups(own, start));
  }
  const bare = survivors.filter(entry => !KINDS.some(([start]) => entry.reason.startsWith(start)));
  if (bare.length > 0) parts.push(`## Without a reason yet: ${bare.length}`, bare.map(row).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

const COLUMNS = ['date', 'seed', 'files', 'mutants', 'tried', 'killed', 'with the tests written for it', 'without the equivalent'];

/** A test that was written for a sample's survivor says nothing about other mutants: its figure stands in a column of its own. */
function cellsOf({ date, seed, files = 'all', of, tried, killed, since }, survivors) {
  const last = since ?? { tried, killed };
  const equivalent = survivors.filter(({ seeds, reason }) => seeds?.includes(seed) && reason.startsWith(KINDS[0][0])).length;
  const later = since ? `${since.killed} of ${since.tried}` : '';
  return [date, seed, files, of, tried, `${killed}, ${percent(killed, tried)}`, later, percent(last.killed, last.tried - equivalent)];
}

function groups(entries, start) {
  const reasons = new Map();
  for (const entry of entries) reasons.set(entry.reason, [...(reasons.get(entry.reason) ?? []), entry]);
  return [...reasons].flatMap(([reason, own]) => [`**${capital(reason.slice(start.length))}**`, own.map(row).join('\n')]);
}

function row({ file, source, from, to }) {
  const place = source === from ? '' : `, in ${code(source)}`;
  return `- ${file}: ${code(from)} → ${code(to)}${place}`;
}

/** A code span, whatever stands in it. */
function code(text) {
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text || '(nothing)';
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function percent(killed, tried) {
  const p = killed / tried;
  return `${(100 * p).toFixed(1)} ± ${(196 * Math.sqrt((p * (1 - p)) / tried)).toFixed(1)} %`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of readdirSync(FOLDER).filter(file => file.endsWith('.json'))) {
    const area = name.slice(0, -5);
    const { runs, survivors } = readList(area);
    write(area, { runs, survivors: standing(survivors) });
  }
}
