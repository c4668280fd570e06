// What is built for browsers: of the source only what is reachable from the entry and used, and of Node nothing at all. A build that would
// still need something of Node fails.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';
import { compileKernel } from './assembly.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/**
 * What only a path leads to, and a browser has none: model files, the names their tensors have, sets of weights, ONNX graphs that are evaluated
 * node by node. The requests of a browser cannot reach it.
 */
const FILES = /\/modelFile\.js$|^(\.\.\/)+conventions\/(index|weightSets)\.js$|\/graph\/evaluate\.js$/;
const NO_FILES = `export async function readModelFile() { throw new Error('a browser has no paths'); }
export { readModelFile as readTensorFile, readModelFile as detectConvention, readModelFile as weightSetOf, readModelFile as evaluateGraph };`;

/** Operators that no layer can be (src/layers/operatorShapes.ts has no rule for them): graphs alone have them. */
const OF_GRAPHS = /^ {2}\.\.\.(CONTROL|QUANTISED(?:_SPACE)?|FUSED|SEQUENCES|SAMPLING|SPREADING|DISTINCT|LOSSES|CARRIED),\n/gm;

/** Facets of a layer for files and scripts of frameworks (src/layers/facets.ts), and what only they and long inputs ask of it. */
const FACETS = new Set(['keras', 'onnx', 'scripts', 'stepwise', 'passesMask', 'givesMask']);

/** Modules that a page does without, and what stands in their places. */
const REPLACED = [
  // the line of its network has been read before: neither a better spelling nor another line is suggested, and an error shows no excerpt of it
  ['model/layersSpelling', 'export const usualSpelling = text => text, kindCalled = () => undefined, isFunction = () => false;'],
  ['model/layersLine', 'export const layersLineOf = () => null, layersText = () => "", layerText = layersText;'],
  ['model/unfilled', 'export const checkFilled = () => {};'],
  ['run/network/excerpt', 'export const withExcerpt = (_, body) => body();'],
  // the same numbers have been computed before, within the limits
  ['engines/claiming', 'export const claimingKernels = kernels => kernels;'],
  [
    'ops/room',
    `export const inRoom = (_, body) => body(), nothing = () => 0;
export { nothing as roomFor, nothing as numbersOf, nothing as bytesFor, nothing as claim, nothing as claimProducts, nothing as checkRoom };
export { nothing as pass, nothing as hold, nothing as release, nothing as askRoomFrom };`,
  ],
  // a page computes little: float64 steps take the equations of the cells, which have the same bits
  ['engines/batched/steps64', 'export const hasStep64 = () => false, recurrence64 = () => {};'],
  // all samples of a page are computed together
  ['layers/operatorSamples', 'export const operatorSamples = () => "each";'],
  // engines refuse on their own what does not fit together
  ['layers/operatorRequirements', 'export const checkRequirements = () => {};'],
  // no matrix of a page is in a file
  [
    'tensor/turnedBack',
    'export function turnedBack() {} export function rememberTurned() {} export function rememberPermuted() {} export const again = t => t;',
  ],
  // a request is made by its form, whose fields cannot exclude each other
  [
    'run/requestRules',
    'export const checkRules = () => {}, checkConflicts = checkRules, needs = checkRules, pairs = () => [], flagOf = key => "--" + key;',
  ],
  // its weights are in the page, and so are the assumptions of a network from a file, the only one that can depend on Keras' backend
  ['run/network/heldWeights', 'export const weightsOf = async () => {}, specFromWeights = () => {}, featuresOf = specFromWeights;'],
  ['run/network/backend', 'export const backendAssumptions = () => [];'],
];
const SUGGESTS = 'if (error instanceof RnnError) suggest(error, text);';

const OF_NODE = new RegExp(`^node:|^(${[...builtinModules, 'onnxruntime-node'].join('|')})$`);

const withoutNode = details => ({
  name: 'withoutNode',
  setup(hooks) {
    // seedrandom asks for crypto only where it is to make a seed itself
    hooks.onResolve({ filter: /^crypto$/ }, () => ({ path: 'crypto', namespace: 'nothing' }));
    hooks.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {}' }));
    hooks.onResolve({ filter: OF_NODE }, ({ path }) => ({ path, external: true, sideEffects: false }));
    hooks.onResolve({ filter: FILES }, ({ path }) => ({ path, namespace: 'noFiles', sideEffects: false }));
    hooks.onLoad({ filter: /.*/, namespace: 'noFiles' }, () => ({ contents: NO_FILES }));
    hooks.onLoad({ filter: /\/batched\/kernelBytes\.ts$/ }, async () => ({ contents: inflatedKernel(await compileKernel(false)) }));
    if (!details)
      for (const [module, contents] of REPLACED) hooks.onLoad({ filter: new RegExp(`/src/${module}\\.ts$`) }, () => ({ contents }));
    hooks.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: importedAtOnce(details ? forBrowser(path) : withoutDetails(forBrowser(path).replace(SUGGESTS, ''))),
      loader: 'ts',
    }));
    // of seedrandom the one generator, without the six others beside it
    hooks.onResolve({ filter: /^seedrandom$/ }, ({ path, ...from }) => hooks.resolve('seedrandom/seedrandom.js', from));
    // modules are values: importing one for its effect alone (batched/node.ts) is for Node
    hooks.onResolve({ filter: /^\.\.?\// }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === withoutNode) return undefined;
      const resolved = await hooks.resolve(path, { kind, importer, resolveDir, pluginData: withoutNode });
      return resolved.errors.length > 0 || !resolved.path.startsWith(`${root}src/`) ? resolved : { ...resolved, sideEffects: false };
    });
  },
});

function forBrowser(path) {
  const text = inOneObject(readFileSync(path, 'utf8'), path);
  if (/\/ops\/index\.ts$/.test(path)) return text.replace(OF_GRAPHS, '');
  return /\/src\/layers\//.test(path) ? withoutFacets(text) : text;
}

/** A registry as one object in place of a getter for each of its names, which are in the order of a module's. */
function inOneObject(text, path) {
  if (!path.endsWith('/all.ts')) return text.replace(/import \* as all from '(.*\ball\.js)'/, "import { all } from '$1'");
  const names = [...text.matchAll(/(\w+)(?=,? ?\n? *(?:\}|,))/g)].map(([, name]) => name);
  return `${text.replace(/^export \{/gm, 'import {')}\nexport const all = { ${names.sort()} };`;
}

/**
 * What is imported when it is needed, imported from the start: there is one file anyway, and esbuild wraps every module that an import() can
 * reach, a tenth of the whole.
 */
function importedAtOnce(text) {
  const imports = [];
  const rest = text.replace(/(?<!typeof )(?:await )?\bimport\(('\.[^']+')\)(?!\.)/g, (_, from) => {
    imports.push(`import * as imported${imports.length} from ${from};\n`);
    return `imported${imports.length - 1}`;
  });
  return imports.join('') + rest;
}

/** kernelBytes.ts with the kernel deflated, a third of its size. */
function inflatedKernel(kernel) {
  return `export function kernelBytes() {
  const packed = Uint8Array.from(atob('${deflateRawSync(kernel, { level: 9 }).toString('base64')}'), c => c.charCodeAt(0));
  const { writable, readable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  void writer.write(packed);
  void writer.close();
  return new Response(readable).arrayBuffer().then(buffer => new Uint8Array(buffer));
}`;
}

/** What an error holds beside its message and its fix: programs read it, and a page shows it to nobody. */
const DETAILS = new Set(['expected', 'found', 'more', 'correction']);

function withoutDetails(text) {
  if (!text.includes('new RnnError(')) return text;
  const cuts = [];
  const visit = node => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'RnnError')
      for (const argument of node.arguments)
        if (ts.isObjectLiteralExpression(argument)) cuts.push(...argument.properties.filter(p => DETAILS.has(p.name?.getText())));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true));
  return cuts.reduceRight((left, { pos, end }) => left.slice(0, pos) + left.slice(end).replace(/^\s*,/, ''), text);
}

/** The text of a layer's file without its facets, and without the constants that only they read: esbuild keeps those that are not plain. */
function withoutFacets(text) {
  const cuts = [];
  const file = ts.createSourceFile('layer.ts', text, ts.ScriptTarget.Latest, true);
  const visit = node => {
    const names = ts.isObjectLiteralExpression(node) ? node.properties.map(p => p.name?.getText()) : [];
    if (['apply', 'weightShapes', 'nodes'].some(name => names.includes(name)))
      cuts.push(...node.properties.filter(p => FACETS.has(p.name?.getText())));
    // what the published JSON Schema says of a field
    if (names.includes('check')) cuts.push(...node.properties.filter(p => p.name?.getText() === 'schema'));
    ts.forEachChild(node, visit);
  };
  visit(file);
  cuts.sort((a, b) => a.pos - b.pos);
  let rest = cuts.reduceRight((left, { pos, end }) => left.slice(0, pos) + left.slice(end).replace(/^\s*,/, ''), text);
  for (const statement of file.statements) {
    const name = ts.isVariableStatement(statement) && !statement.modifiers && statement.declarationList.declarations[0].name.getText();
    if (name && rest.split(new RegExp(`\\b${name}\\b`)).length === 2) rest = rest.replace(statement.getText(), '');
  }
  return rest;
}

/** @param options of esbuild: entry points, format …; details: whether errors keep what only programs read @returns the text of the bundle. @throws Error where it needs something of Node */
export async function buildForBrowser({ details = true, ...options }) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    outdir: 'dist',
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [withoutNode(details)],
    ...options,
    define: { __VERSION__: JSON.stringify(version), ...options.define },
  });
  const needed = Object.values(metafile.outputs).flatMap(output => output.imports.map(({ path }) => path));
  const [{ text }] = outputFiles;
  const globals = text.match(/\b(?:Buffer|process)\.\w+/g) ?? [];
  if (needed.length + globals.length > 0) throw new Error(`not for browsers: ${[...needed, ...new Set(globals)].join(', ')}`);
  return text;
}
