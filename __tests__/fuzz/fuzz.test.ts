import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cases, THOROUGH } from '../helpers/effort.js';
import { outcome } from '../helpers/fuzz/campaign.js';
import { allTargets, makeMutant, runCampaign } from '../helpers/fuzz/main.js';

/** A short campaign against every reader; `npm run fuzz` runs the same for as long as one likes. */

const ROOT = join(__dirname, '..', '..');
const TARGETS = allTargets(join(__dirname, '..', 'reference'));
const GOLDEN = JSON.parse(readFileSync(join(__dirname, 'golden.json'), 'utf8')) as Record<string, string>;
const MUTANTS = cases(1200);
/** How many of the first mutants got each answer. After a change on purpose: APPROVE=1 npx jest __tests__/fuzz, then read the difference. */
const ANSWERS = join(__dirname, 'answers.json');
const APPROVED = 150;
const approved = JSON.parse(readFileSync(ANSWERS, 'utf8')) as Record<string, Record<string, number>>;

/** A refusal by its sentence, what was read by what it was taken for; without the numbers and names of that one file. */
function kindOf(answer: string): string {
  const words = answer.replace(/^[0-9a-f]{12,} /, 'read ').replace(/ [0-9a-f]{12}$/, ' with its weights');
  return words
    .replace(/ \| (found|fix|expected|layer|more): .*/s, '')
    .replace(/'[^']*'/g, "'…'")
    .replace(/(?<![A-Za-z_]-?)[-+]?\d[\d.,e×x]*/g, '#')
    .replace(/(#[, ]*)+#/g, '# …')
    .slice(0, 160);
}

describe.each(TARGETS.map(target => [target.reader, target] as const))('%s', (_, target) => {
  it('has good files to start from, each with a golden digest, and for most readers files to refuse', () => {
    expect(target.seeds.length).toBeGreaterThan(1);
    for (const [name] of target.seeds) expect([name, typeof GOLDEN[name]]).toEqual([name, 'string']);
  });

  it(`answers ${MUTANTS} mutants with a typed error or a whole file`, async () => {
    const counted: Record<string, number> = {};
    let answers = 0;
    const onAnswer = (answer: string) => {
      if (answers++ < APPROVED) counted[kindOf(answer)] = (counted[kindOf(answer)] ?? 0) + 1;
    };
    const report = await runCampaign({ target, seed: 7, cases: MUTANTS, golden: GOLDEN, onAnswer });
    expect(report.failures).toEqual([]);
    if (process.env.APPROVE) {
      approved[target.reader] = Object.fromEntries(Object.entries(counted).sort(([a], [b]) => (a < b ? -1 : 1)));
      writeFileSync(ANSWERS, `${JSON.stringify(approved, null, 1)}\n`);
    } else expect(counted).toEqual(approved[target.reader]);
    expect(report.tried).toBe(MUTANTS);
    const refused = [...report.refused.values()].reduce((sum, n) => sum + n, 0);
    // a harness that mutates nothing, or breaks everything, tests nothing
    expect(report.same).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(MUTANTS / 20);
    expect(Math.max(report.same, report.different)).toBeLessThan(0.95 * MUTANTS);
    expect(report.refused.size).toBeGreaterThan(3);
  }, 60_000);

  it('refuses its smallest good files cut at any byte, or reads them whole', async () => {
    const small = [...target.seeds].sort(([, a], [, b]) => a.length - b.length).slice(0, THOROUGH ? 3 : 2);
    for (const [name, bytes] of small) {
      if (GOLDEN[name].startsWith('E_')) continue;
      // every byte of what stands first, then every eleventh
      for (let length = 0; length < Math.min(bytes.length, 2048); length += THOROUGH || length < 128 ? 1 : 11) {
        const found = await outcome(name, bytes.subarray(0, length));
        // rows of text stay rows of text when the last ones are gone, and protobuf has no end mark between its outermost fields
        const text = ['csv', 'jsonl', 'onnx'].includes(target.reader);
        expect([name, length, text || found.startsWith('E_') || found === GOLDEN[name]]).toEqual([name, length, true]);
      }
    }
  }, 60_000);

  it('makes the same mutant from the same seed and number', () => {
    for (const index of [0, 17, 444]) expect(makeMutant(target, 3, index)).toEqual(makeMutant(target, 3, index));
    expect(makeMutant(target, 3, 17)).not.toEqual(makeMutant(target, 4, 17));
  });
});

// eight seconds of builds: npm run test:thorough, or node scripts/fuzz.mjs --planted
if (THOROUGH)
  it('notices five faults planted in the readers', () => {
    const output = execFileSync(process.execPath, [join(ROOT, 'scripts', 'fuzz.mjs'), '--planted'], { encoding: 'utf8' });
    expect(output).toContain('5 of 5 planted faults caught');
  }, 120_000);
