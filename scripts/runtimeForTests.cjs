// jest's runtime, which compiles each module anew for every test file: here a worker compiles a module of node_modules or of the source once, and
// the test files after the first run what is compiled. Test files themselves, which run once, are compiled as before.
const vm = require('node:vm');

const { compileFunction } = vm;
const scripts = new Map();

vm.compileFunction = (code, parameters, options) => {
  const { filename, parsingContext } = options;
  if (!parsingContext || filename.includes('__tests__')) return compileFunction(code, parameters, options);
  let known = scripts.get(filename);
  if (known?.code !== code) {
    const start = `(function (${parameters.join(', ')}) {`;
    known = { code, script: new vm.Script(`${start}${code}\n})`, { filename, columnOffset: -start.length }) };
    scripts.set(filename, known);
  }
  return known.script.runInContext(parsingContext);
};

module.exports = require('jest-runtime');
