// Compiles the WASM kernel of the batched engine: node scripts/assembly.mjs FOLDER writes kernel.wasm and kernel-fast.wasm there.
// asc takes some seconds, so its result is kept under node_modules/.cache until a source, an option or asc itself changes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = 'src/engines/batched/assembly';
const CACHE = `${root}node_modules/.cache/rnn-cli-kernel`;
const OPTIONS = [
  ...['-O3', '--runtime', 'stub', '--noAssert'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '4', '--maximumMemory', '65536'],
  ...['simd', 'threads', 'bulk-memory'].flatMap(feature => ['--enable', feature]),
];

/** @param fast with relaxed SIMD: a product and a sum in one rounding where the processor has it @returns the module's bytes */
export async function compileKernel(fast) {
  const options = [...OPTIONS, ...(fast ? ['--enable', 'relaxed-simd'] : [])];
  const cached = `${CACHE}/${digest(options)}.wasm`;
  if (existsSync(cached)) return readFileSync(cached);
  const bytes = await compileAssembly(`${SOURCES}/index.ts`, options);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${cached}.${process.pid}`, bytes);
  renameSync(`${cached}.${process.pid}`, cached);
  return Buffer.from(bytes);
}

/** @param source path from the root of the project @returns the module's bytes */
export async function compileAssembly(source, options) {
  let bytes;
  const { error, stderr } = await asc.main([source, ...options, '--baseDir', root, '--outFile', 'module.wasm'], {
    readFile(name, folder) {
      const path = resolve(folder, name);
      return existsSync(path) ? repeated(readFileSync(path, 'utf8')) : null;
    },
    writeFile(_name, contents) {
      bytes = contents;
    },
  });
  if (error) throw new Error(`asc: ${error.message}\n${stderr}`);
  return bytes;
}

/**
 * AssemblyScript cannot unroll a loop over variables. Below the comment `// … for $ = 0…3`, a statement with a $ therefore stands for four, with
 * 0, 1, 2 and 3 in its place. A statement is a line, or a block from its first line to the closing brace below it.
 */
function repeated(source) {
  const lines = source.split('\n');
  const out = [];
  let count = 0;
  for (let i = 0; i < lines.length; i++) {
    const range = /^ *\/\/ .*for \$ = 0…(\d+)/.exec(lines[i]);
    if (range) count = Number(range[1]) + 1;
    if (range || !/^ +[^ /*].*\$/.test(lines[i])) {
      out.push(lines[i]);
      continue;
    }
    const indent = /^ */.exec(lines[i])[0];
    const end = lines[i].endsWith('{') ? lines.indexOf(`${indent}}`, i) : i;
    const statement = lines.slice(i, end + 1).join('\n');
    for (let k = 0; k < count; k++) out.push(statement.replaceAll('$', String(k)));
    i = end;
  }
  return out.join('\n');
}

function digest(options) {
  const hash = createHash('sha256')
    .update(JSON.stringify([asc.version, options]))
    .update(String(repeated));
  for (const name of readdirSync(root + SOURCES).sort()) hash.update(name).update(readFileSync(`${root}${SOURCES}/${name}`));
  return hash.digest('hex').slice(0, 32);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? 'dist';
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/kernel.wasm`, await compileKernel(false));
  writeFileSync(`${folder}/kernel-fast.wasm`, await compileKernel(true));
}
