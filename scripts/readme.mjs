// Follows README.md literally, as a new user would: a fresh clone, the lines of "Install", then every command in the folder that the page
// names, each output compared with what stands below it (npm run readme).
//   node scripts/readme.mjs [--tarball]    --tarball: installs what `npm pack` makes, by the step of action.yml, instead of the clone
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-readme-'));
const clone = join(folder, 'clone');
const prefix = join(folder, 'global');
// npm puts commands into bin/, on Windows into the folder itself
const env = { ...process.env, npm_config_prefix: prefix, PATH: [join(prefix, 'bin'), prefix, process.env.PATH].join(delimiter) };
for (const name of ['FORCE_COLOR', 'NO_COLOR', 'COLUMNS']) delete env[name];

const hasJq = spawnSync('jq', ['--version']).status === 0;

try {
  run(`git clone -q "${root}" "${clone}"`, folder);
  const page = readFileSync(join(clone, 'README.md'), 'utf8');
  if (process.argv.includes('--tarball')) installTarball();
  else followInstall(page);
  const [, place] = /^Commands run in `([^`]+)`/m.exec(page);
  let wrong = 0;
  for (const [, command, output] of page.matchAll(/^```sh\n((?:(?!```).*\n)*)```\n\n```text\n((?:(?!```).*\n)*)```$/gm)) {
    if (/\bjq\b/.test(command) && !hasJq) continue;
    const printed = stable(run(command, join(clone, place), [0, 1]));
    const same = printed === output;
    if (!same) wrong++;
    console.log(`${same ? 'ok   ' : 'WRONG'} ${command.trim()}${same ? '' : `\n--- README\n${output}--- printed\n${printed}`}`);
  }
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The lines of the first code block under "Install", but for the tests, which CI runs anyway. */
function followInstall(page) {
  const [, lines] = /## Install[\s\S]*?```\n([\s\S]*?)```/.exec(page);
  for (const line of lines
    .trim()
    .split('\n')
    .filter(text => !text.includes('npm test'))) {
    const started = Date.now();
    const shown = run(line, clone).trimEnd().split('\n');
    console.log(`ok    ${line}    ${((Date.now() - started) / 1000).toFixed(1)} s\n      ${shown[shown.length - 2] ?? ''}`);
  }
}

function installTarball() {
  run('npm ci --no-audit --no-fund && npm pack --pack-destination ..', clone);
  const tarball = join(
    folder,
    readdirSync(folder).find(name => name.endsWith('.tgz')),
  );
  const [, step] = /run: \|\n((?: {8}.*\n?)+)/.exec(readFileSync(join(clone, 'action.yml'), 'utf8'));
  const file = join(folder, 'path');
  run(step.replace(/^ {8}/gm, ''), folder, [0], {
    PACKAGE: tarball,
    SOURCE: clone,
    RUNNER_TEMP: folder,
    RUNNER_OS: 'Linux',
    GITHUB_PATH: file,
  });
  env.PATH = `${readFileSync(file, 'utf8').trim()}${delimiter}${env.PATH}`;
  console.log(`ok    action.yml with ${tarball}`);
}

function run(command, cwd, codes = [0], more = {}) {
  const { status, stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${command}`], {
    cwd,
    encoding: 'utf8',
    env: { ...env, ...more },
    maxBuffer: 2 ** 28,
  });
  if (codes.includes(status)) return stdout;
  throw new Error(`${command} ended with ${status}\n${stdout}`);
}

/** What grows with the program or depends on the machine, as docs.test.ts has it. */
function stable(output) {
  return output.replace(/^note: the search .* time budget.*\n/gm, '').replace(/tested \d+ explanations/g, 'tested … explanations');
}
