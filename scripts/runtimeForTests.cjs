// jest's runtime, faster. A name of the language (Math, Map, Float64Array …) costs 200 ns each time in a context of node:vm, so here every module
// has them as constants. A worker compiles a module once, where jest does so for every test file; and the modules of the source, of node_modules
// and of jest itself go from file to file of a shared world (scripts/environmentForTests.cjs), with the machine code that V8 has made of them.
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

const Runtime = require('jest-runtime').default;

const KEPT = /[\\/](node_modules|src|\.cache)[\\/]/;
// its state is that of one test file
const CIRCUS = /[\\/]jest-circus[\\/]/;

module.exports = class SharingRuntime extends Runtime {
  #shared;

  constructor(...args) {
    super(...args);
    this.#shared = this._environment.modules;
    if (this.#shared === undefined) return;
    this.#shared.runtime = this;
    for (const [path, module] of this.#shared.source) this.registries.moduleRegistry.set(path, module);
    for (const [path, module] of this.#shared.internal) this.registries.internalModuleRegistry.set(path, module);
  }

  /** A module that was loaded for an earlier file asks the runtime of that file for another: the present file's gives it. */
  #present() {
    return this.#shared?.runtime ?? this;
  }

  requireModuleOrMock(from, name) {
    return Runtime.prototype.requireModuleOrMock.call(this.#present(), from, name);
  }

  requireInternalModule(from, name) {
    return Runtime.prototype.requireInternalModule.call(this.#present(), from, name);
  }

  teardown() {
    if (this.#shared !== undefined) {
      for (const [path, module] of this.registries.moduleRegistry)
        if (module.loaded && KEPT.test(path)) this.#shared.source.set(path, module);
      for (const [path, module] of this.registries.internalModuleRegistry)
        if (module.loaded && !CIRCUS.test(path)) this.#shared.internal.set(path, module);
    }
    super.teardown();
  }
};
