import { spawnSync } from 'node:child_process';

/** A Python with NumPy: the first python3 of PATH, or the system's own. */
const numpy = ['python3', '/usr/bin/python3'].find(python => spawnSync(python, ['-c', 'import numpy']).status === 0);

/** Tests that run NumPy: left out, with a word, where there is none, unless RNN_CLI_NEEDS_NUMPY asks for it. */
export const withNumpy = numpy === undefined && process.env.RNN_CLI_NEEDS_NUMPY === undefined ? it.skip : it;
if (withNumpy === it.skip) process.stderr.write('no Python with NumPy here: the tests that run scripts of --emit numpy are left out\n');

/** What each script prints. All run in one process, for importing takes longer than they do. */
export function printedByNumpy(scripts: readonly string[]): string[] {
  const each = `import json, sys, io, contextlib, numpy
numpy.set_printoptions(precision=17, threshold=10**9)
out = []
for script in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        exec(script, {})
    out.append(text.getvalue())
print(json.dumps(out))`;
  const run = spawnSync(numpy ?? 'python3', ['-W', 'ignore', '-c', each], {
    input: JSON.stringify(scripts),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout);
}

/** The numbers of a printed array, in order. */
export function numbersIn(printed: string): number[] {
  const words: Readonly<Record<string, number>> = { True: 1, False: 0, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
  return (printed.match(/-?\d+\.?\d*(e[-+]?\d+)?|True|False|-?inf/gi) ?? []).map(v => words[v] ?? Number(v));
}
