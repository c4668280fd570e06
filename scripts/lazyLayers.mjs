// A layer's module runs when a network has such a layer: in the packed command line, what src/layers/all.ts exports are objects that hold a
// layer's words and load the rest. `shapes` of an LSTM then runs neither a convolution's code nor an operator's.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const LIST = 'src/layers/all.ts';

/** What the list of layers exports from where: [{ path: 'conv/conv', names: ['conv1d', …] }] */
function modulesOf(root) {
  const text = readFileSync(`${root}${LIST}`, 'utf8');
  return [...text.matchAll(/export \{([^}]+)\} from '\.\/(.+)\.js'/g)].map(([, names, path]) => ({ path, names: names.match(/\w+/g) }));
}

const entryOf = path => `layer-${path.replaceAll('/', '-')}`;

/** The definitions themselves, to take their words from. */
async function definitions(options) {
  const { outputFiles } = await build({ ...options, entryPoints: [LIST], format: 'esm', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** @returns entry points, one for each module, and the plugin that puts objects in their places */
export async function lazyLayers(options) {
  const modules = modulesOf(options.absWorkingDir);
  const layers = await definitions(options);
  return {
    entryPoints: Object.fromEntries(modules.map(({ path }) => [entryOf(path), `src/layers/${path}.ts`])),
    plugin: {
      name: 'lazyLayers',
      setup(hooks) {
        hooks.onResolve({ filter: /^\.\// }, ({ path, importer }) =>
          importer.endsWith(LIST) ? { path: path.slice(2, -3), namespace: 'lazy-layer' } : undefined,
        );
        hooks.onResolve({ filter: /^layer:/ }, ({ path }) => ({ path: `./${path.slice(6)}.js`, external: true }));
        hooks.onResolve({ filter: /^facets$/ }, () => ({ path: 'facets', namespace: 'lazy-facets' }));
        hooks.onLoad({ filter: /.*/, namespace: 'lazy-layer' }, ({ path }) => {
          const { names } = modules.find(module => module.path === path);
          const load = `import{later}from"facets";let loaded;const load=()=>loaded??=require("layer:${entryOf(path)}");`;
          return {
            contents:
              load + names.map(name => `export const ${name}=later(load,"${name}",${words(layers[name], `load().${name}`)});`).join(''),
          };
        });
        hooks.onLoad({ filter: /.*/, namespace: 'lazy-facets' }, () => ({ contents: facetsOf(Object.values(layers)) }));
      },
    },
  };
}

/** An object whose other facets are those of the layer that `load` gives. */
function facetsOf(layers) {
  const keys = [...new Set(layers.flatMap(layer => Object.keys(layer).filter(key => !isAtHand(key, layer[key]))))];
  return `const FACETS={};
    for(const key of ${JSON.stringify(keys)})Object.defineProperty(FACETS,key,{get(){return this.load()[this.id][key]}});
    export const later=(load,id,words)=>Object.create(FACETS,{...Object.getOwnPropertyDescriptors(words),load:{value:load},id:{value:id}})`;
}

/** Texts and numbers, and what lines of layers and Keras' classes are looked up in. */
const isAtHand = (key, value) => key === 'grammar' || key === 'keras' || Object(value) !== value;

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
