// jest's runtime, faster. A name of the language (Math, Map, Float64Array …) costs 200 ns each time in a context of node:vm, so here every module
// has them as constants. And a worker compiles a module of node_modules or of the source once, where jest does so for every test file.
const vm = require('node:vm');

// what a test may put another thing in place of stays a property of the context
const REPLACED = ['globalThis', 'console', 'Date', 'SharedArrayBuffer', 'Atomics', 'WebAssembly'];
const WORDS = ['undefined', 'eval'];
const names = ['Buffer', 'TextDecoder', 'TextEncoder', ...vm.runInNewContext('Object.getOwnPropertyNames(globalThis)')];
const constants = names.filter(name => ![...REPLACED, ...WORDS].includes(name));

const { compileFunction } = vm;
const scripts = new Map();

function compile(code, parameters, filename) {
  const start = `(() => { const { ${constants.join(', ')} } = globalThis; return (function (${parameters.join(', ')}) {`;
  return new vm.Script(`${start}${code}\n}) })()`, { filename, columnOffset: -start.length });
}

vm.compileFunction = (code, parameters, options) => {
  const { filename, parsingContext } = options;
  if (!parsingContext) return compileFunction(code, parameters, options);
  // a test file runs once
  if (filename.endsWith('.test.ts')) return compile(code, parameters, filename).runInContext(parsingContext);
  let known = scripts.get(filename);
  if (known?.code !== code) {
    known = { code, script: compile(code, parameters, filename) };
    scripts.set(filename, known);
  }
  return known.script.runInContext(parsingContext);
};

module.exports = require('jest-runtime');
