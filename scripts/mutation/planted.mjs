// Faults that a person would make, written by hand: { file, from, to, statement?, kind }. They are judged as StrykerJS' mutants are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './areas.mjs';

/**
 * Puts the faults of a list into the sources, each behind the number of the first mutant of its line: the tests that reach the one reach the other.
 * @returns the sources, and the faults as mutants
 * @throws where a fault's text is not in its source exactly once
 */
export function plant(path, sources) {
  const faults = JSON.parse(readFileSync(path, 'utf8'));
  const changed = new Map();
  const used = new Set();
  const mutants = faults.map(({ file, from, to, statement = false, kind }) => {
    const source = sources.find(one => one.file === file);
    const before = changed.get(file) ?? readFileSync(join(ROOT, file), 'utf8');
    const original = readFileSync(join(ROOT, file), 'utf8');
    if (!source || original.split(from).length !== 2) throw new Error(`${file} has not exactly one: ${from}`);
    const line = original.slice(0, original.indexOf(from)).split('\n').length;
    const mutant = source.mutants.find(m => m.line >= line && !used.has(m.id));
    if (!mutant) throw new Error(`${file}:${line} has no mutant`);
    used.add(mutant.id);
    const on = `stryMutAct_9fa48("${mutant.id - source.first}")`;
    const both = statement ? `if (${on}) { ${to} } else { ${from} }` : `(${on} ? (${to}) : (${from}))`;
    changed.set(
      file,
      before.replace(from, () => both),
    );
    return { ...mutant, line, from, to, mutator: kind };
  });
  return {
    sources: sources.filter(({ file }) => changed.has(file)).map(source => ({ ...source, content: changed.get(source.file) })),
    mutants,
  };
}
