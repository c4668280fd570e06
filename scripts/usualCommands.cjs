'use strict';
// Runs the usual commands in a fresh process, for scripts/pack.mjs: node usualCommands.cjs chunks|cache
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { load, loaded, scripts } = require('../bin/rnn-cli.js');

/** What stands for these words, which hold no space. */
const FILES = Object.fromEntries(
  ['model.keras', 'model.onnx', 'lstm_port.pt', 'x.npy', 'predict.npy', 'leaky.npy', 'w.npz'].map(name => [
    name,
    `${__dirname}/../examples/tutorial/${name}`,
  ]),
);
const WRITTEN = { 'graph.json': `${tmpdir()}/rnn-cli-${process.pid}.json`, 'y.npy': `${tmpdir()}/rnn-cli-${process.pid}.npy` };
Object.assign(FILES, WRITTEN);

/** What starts fast. What the first five load stands in dist/cli.cjs. */
const USUAL = [
  'shapes',
  'shapes --T 10 --D 3 --M 5 --K 2',
  'shapes --T 10 --D 3 --layers lstm:5,dense:2',
  'forward',
  'forward --T 10 --D 3 --M 5 --K 2 --N 4',
  'forward --T 12 --D 4 --layers masking:0,conv:6x3+same,activation@relu,batchnorm,zeropad1d:1x1,maxpool1d:2,layernorm,bilstm:5+seq,maxpool,repeat:3,gru:4+seq,flatten,dropout:0.5,dense:2',
  'forward --T 12 --layers embedding:20x6,bigru:5',
  'forward model.keras -i x.npy',
  'forward model.onnx -i x.npy',
  'forward model.onnx -i x.npy -o y.npy --force',
  'forward lstm_port.pt -i x.npy',
  'forward graph.json',
  'inspect model.keras',
  'inspect w.npz',
  'compare',
  'compare --cell lstm --N 4 --T 200 --D 20 --M 100',
  'compare model.keras -i x.npy --against predict.npy',
];

/** Comparisons that end in DIFFERENT and are explained: what they alone load stands in scripts of its own. */
const EXPLAINED = [
  'compare model.keras -i x.npy --against leaky.npy',
  'compare --cell lstm --N 4 --T 200 --D 20 --M 100 --simulate bias-missing',
];

/** Up to this one dist/cli.cjs has compiled little: that cache is for commands that name no file, the one of all lines for the others. */
const LAST_OF_FEW = 'forward --T 10 --D 3 --M 5 --K 2 --N 4';

/** A network that is no chain. */
const GRAPH = {
  schema: 'rnn-cli/spec@2',
  input: { timesteps: 6, features: 4 },
  layers: [
    { kind: 'gru', name: 'steps', units: 4, returnSequences: true },
    { kind: 'add', name: 'sum', inputs: ['steps', 'input'] },
    { kind: 'op', name: 'tanh', op: 'Tanh', inputs: ['sum'] },
    { kind: 'attention', name: 'read', inputs: ['tanh', 'steps'] },
    { kind: 'timedistributed', name: 'heads', inputs: ['read'], layer: { kind: 'dense', units: 2 } },
  ],
};

const dist = `${__dirname}/../dist`;

/** Each line, by a program of its own where `fresh`. @param done called after each */
async function runEach(lines, fresh, done) {
  const silent = { write: (_data, done) => done(), on: () => undefined, isTTY: false };
  for (const line of lines) {
    if (fresh) loaded.clear();
    const { main, ioOfProcess } = load('main');
    const words = line.split(' ').map(word => FILES[word] ?? word);
    const exit = await main(words, { ...ioOfProcess(), stdout: silent, stderr: silent });
    if (exit !== (EXPLAINED.includes(line) ? 1 : 0)) throw new Error(`rnn-cli ${line} ends with ${exit}`);
    done(line);
  }
}

async function run(wanted) {
  if (wanted === 'chunks') {
    const chunks = {};
    await runEach([...USUAL, ...EXPLAINED], true, line => {
      chunks[line] = [...loaded.keys()];
    });
    process.stdout.write(JSON.stringify(chunks));
  } else {
    let others = [];
    await runEach(USUAL, false, line => {
      if (line === LAST_OF_FEW) writeCache('cli', 'cli');
      if (!line.startsWith('compare')) others = [...scripts.keys()];
    });
    for (const name of others) writeCache(name, name === 'cli' ? 'cli.files' : name);
    // of a script that other commands open, what an explanation compiles would only make the cache larger
    await runEach(EXPLAINED, false, () => undefined);
    for (const name of scripts.keys()) if (!others.includes(name)) writeCache(name, name);
  }
}

function writeCache(script, name) {
  const digest = readFileSync(`${dist}/${script}.cjs`, 'latin1').slice(-64);
  const cache = Buffer.concat([scripts.get(script).script.createCachedData(), Buffer.from(digest, 'latin1')]);
  writeFileSync(`${dist}/${name}.${process.versions.v8}-${process.arch}.cache`, cache);
}

writeFileSync(FILES['graph.json'], JSON.stringify(GRAPH));
run(process.argv[2]).finally(() => {
  for (const path of Object.values(WRITTEN)) rmSync(path, { force: true });
});
