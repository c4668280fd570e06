// In the packed command line a module of these runs when something of it is first used: what imports it gets functions that load it, and objects
// that hold its words and load the rest. `shapes` of an LSTM then runs neither a convolution's code nor an operator's, and `forward` of a .keras
// no reader of another format. A registry gives even the words when it is asked for them: 83 kinds of layers take 3 ms.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Registries, whose every module is such a one. */
const REGISTRIES = [
  'src/layers/all.ts',
  'src/formats/all.ts',
  'src/conventions/all.ts',
  'src/diagnosis/mistakes/all.ts',
  'src/random/all.ts',
  'src/weights/scripts/all.ts',
];

/** Doors to larger parts of the program that few commands go through. They export functions and objects of functions alone. */
const DOORS = `
  run/handCalculation run/input/input run/files/files run/files/atomicWrite run/input/arraysInMemory run/network/outlinedShapes run/network/summaryModel
  run/files/readErrors run/comparing/compareModels run/comparing/compareFiles
  report/traceReport report/errorReport report/compareModelsReport cli/suggestions cli/correction model/layersSpelling model/layersLine
  engines/onnxruntime engines/batched/fusedKernel engines/batched/block layers/nodes layers/operatorSamples
  engines/graph/loops/index engines/graph/composed/index engines/graph/layersOf engines/graph/checkNodes engines/graph/graphSpec engines/graph/evaluate
  conventions/pt2/index conventions/torch/spec conventions/keras/config conventions/keras/outline conventions/keras/quantized conventions/keras/computedDifferently
  conventions/keras/operators/index conventions/onnx/halfPrecision conventions/inferLayers conventions/groupOrder
  formats/json formats/tfjs formats/printed formats/npy formats/csvTable formats/printedText formats/foreignContent formats/bytes/pickle
  formats/bytes/levelTable formats/bytes/zipWrite formats/torch/collect formats/torch/legacy formats/torch/tensors formats/hdf5/chunks formats/hdf5/fractalHeap
  diagnosis/diagnose diagnosis/nonFinite diagnosis/evidence diagnosis/search diagnosis/outputReadings diagnosis/weightsFaults`
  .trim()
  .split(/\s+/)
  .map(path => `src/${path}.ts`);

const ALL = /import \* as all from '(\..+)\.js'/g;

/** @returns rows [name in the list, name in the module, module], in the order in which a module has its names, of `export { name, other as name } from './module.js'` */
function rowsOf(root, list) {
  const exports = readFileSync(`${root}${list}`, 'utf8').matchAll(/export \{([^}]+)\} from '\.\/(.+)\.js'/g);
  const rows = [...exports].flatMap(([, names, path]) =>
    [...names.matchAll(/(\w+)(?: as (\w+))?/g)].map(([, own, name = own]) => [name, own, `${dirname(list)}/${path}.ts`]),
  );
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

const entryOf = module => `later-${module.slice('src/'.length, -'.ts'.length).replaceAll('/', '-')}`;

/** What the modules export, to take names and words from. */
async function exportsOf(modules, options) {
  const contents = modules.map((module, k) => `export * as m${k} from "./${module}";`).join('');
  const stdin = { contents, resolveDir: options.absWorkingDir };
  const { outputFiles } = await build({ ...options, entryPoints: [], stdin, format: 'esm', write: false });
  const all = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  return new Map(modules.map((module, k) => [module, all[`m${k}`]]));
}

/** @returns entry points, one for each module, and the plugin that puts others in their places */
export async function lazyModules(options) {
  const root = options.absWorkingDir;
  const listed = new Map(REGISTRIES.map(list => [list, rowsOf(root, list)]));
  const modules = [...new Set([...DOORS, ...[...listed.values()].flat().map(([, , module]) => module)])];
  const exported = await exportsOf(modules, options);
  return {
    entryPoints: Object.fromEntries(modules.map(module => [entryOf(module), module])),
    plugin: {
      name: 'lazyModules',
      setup(hooks) {
        const inRoot = path => path.slice(root.length);
        hooks.onResolve({ filter: /^\.\.?\// }, ({ path, importer, kind }) => {
          if (kind !== 'import-statement') return undefined;
          const module = inRoot(join(dirname(importer), path)).replace(/\.js$/, '.ts');
          if (listed.has(module)) return { path: module, namespace: 'registry' };
          return DOORS.includes(module) ? { path: module, namespace: 'later' } : undefined;
        });
        hooks.onResolve({ filter: /^later:/ }, ({ path }) => ({ path: `./${path.slice(6)}.js`, external: true }));
        hooks.onResolve({ filter: /^facets$/ }, () => ({ path: 'facets', namespace: 'facets' }));
        hooks.onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => {
          const text = await readFile(path, 'utf8');
          const lists = [...text.matchAll(ALL)].some(([, list]) => listed.has(inRoot(join(dirname(path), `${list}.ts`))));
          return lists ? { contents: text.replace(ALL, "import { all } from '$1.js'"), loader: 'ts' } : undefined;
        });
        hooks.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({ contents: standIn(path, exported.get(path)) }));
        hooks.onLoad({ filter: /.*/, namespace: 'registry' }, ({ path }) => ({ contents: registry(listed.get(path), exported) }));
        hooks.onLoad({ filter: /.*/, namespace: 'facets' }, () => ({ contents: FACETS }));
      },
    },
  };
}

/** An object with the words of another, whose other fields are those of the object that `load` gives. */
const FACETS = `const kinds=new Map();
  const made=Symbol();
  const kindOf=keys=>{
    const known=kinds.get(keys);
    if(known)return known;
    const kind={};
    for(const key of keys.split(","))Object.defineProperty(kind,key,{enumerable:true,get(){return this[made]()[key]}});
    kinds.set(keys,kind);
    return kind
  };
  export const later=(make,words,keys)=>{
    let whole;
    words[made]=()=>whole??=make();
    return Object.setPrototypeOf(words,kindOf(keys))
  }`;

/** The module that stands in for another. What it cannot stand in for (a class, a table) it does not export, so that a build that needs it fails. */
function standIn(module, values) {
  const parts = Object.entries(values).map(([name, value]) => declaration(name, value));
  return `import{later}from"facets";let loaded;const load=()=>loaded??=require("later:${entryOf(module)}");${parts.join('')}`;
}

/** The module that stands in for a registry, of which `all` is what its importers have by `import * as all`. */
function registry(rows, exported) {
  const getters = rows.map(([name, own, module]) => {
    const value = exported.get(module)[own];
    if (Object.getPrototypeOf(value) !== Object.prototype)
      throw new Error(`scripts/lazyModules.mjs: ${name} of ${module} is no plain object`);
    return `get ${name}(){return known.${name}??=${laterObject(value, `require("later:${entryOf(module)}").${own}`)}}`;
  });
  return `import{later}from"facets";const known={};export const all={${getters}};`;
}

function declaration(name, value) {
  if (isWords(value)) return `export const ${name}=${JSON.stringify(value)};`;
  if (value instanceof Set && isWords([...value])) return `export const ${name}=new Set(${JSON.stringify([...value])});`;
  if (typeof value === 'function')
    return /^class\b/.test(value) ? '' : `export function ${name}(...words){return load().${name}(...words)}`;
  if (Object.getPrototypeOf(value) !== Object.prototype) return '';
  return `export const ${name}=${laterObject(value, `load().${name}`)};`;
}

/** @param path an expression that gives the whole object */
function laterObject(value, path) {
  const keys = Object.keys(value).filter(key => !isAtHand(key, value[key]));
  return `later(()=>${path},${words(value, path)},"${keys}")`;
}

/** Texts and numbers, and what lines of layers and Keras' classes are looked up in. */
const isAtHand = (key, value) => key === 'grammar' || key === 'keras' || isWords(value);
const isWords = value => Object(value) !== value || (Array.isArray(value) && value.every(isWords));

function words(definition, path) {
  const entries = Object.entries(definition).filter(([key, value]) => isAtHand(key, value));
  return `{${entries.map(([key, value]) => member(key, literal(value, `${path}.${key}`)))}}`;
}

/** What most commands do not ask for is not even compiled. */
const member = (key, text) => (key === 'keras' ? `get keras(){return ${text}}` : `${JSON.stringify(key)}:${text}`);

function literal(value, path) {
  if (typeof value === 'function') return `(...words)=>${path}(...words)`;
  if (Object(value) !== value || Array.isArray(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${literal(inner, `${path}.${key}`)}`)}}`;
}
