'use strict';
// Runs the usual commands in a fresh process, for scripts/pack.mjs: node usualCommands.cjs chunks|cache
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { load, loaded, scripts } = require('../bin/rnn-cli.js');

/** What stands for these words, which hold no space. */
const FILES = Object.fromEntries(
  ['model.keras', 'model.onnx', 'lstm_port.pt', 'x.npy', 'predict.npy', 'w.npz'].map(name => [
    name,
    `${__dirname}/../examples/tutorial/${name}`,
  ]),
);
FILES['graph.json'] = `${tmpdir()}/rnn-cli-${process.pid}.json`;

/** By the script that has what they load and none before it has. */
const USUAL = {
  cli: ['shapes', 'shapes --T 10 --D 3 --M 5 --K 2', 'shapes --T 10 --D 3 --layers lstm:5,dense:2'],
  forward: ['forward', 'forward --T 10 --D 3 --M 5 --K 2 --N 4'],
  layers: [
    'forward --T 12 --D 4 --layers masking:0,conv:6x3+same,activation@relu,batchnorm,zeropad1d:1x1,maxpool1d:2,layernorm,bilstm:5+seq,maxpool,repeat:3,gru:4+seq,flatten,dropout:0.5,dense:2',
    'forward --T 12 --layers embedding:20x6,bigru:5',
  ],
  files: [
    'forward --model model.keras -i x.npy',
    'forward --model model.onnx -i x.npy',
    'forward --weights lstm_port.pt -i x.npy',
    'inspect model.keras',
    'inspect w.npz',
    'forward --model graph.json',
  ],
  compare: ['compare', 'compare --cell lstm --N 4 --T 200 --D 20 --M 100', 'compare --model model.keras -i x.npy --against predict.npy'],
};

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

async function run(wanted) {
  const { main, ioOfProcess } = load('main');
  const silent = { write: (_data, done) => done(), on: () => undefined, isTTY: false };
  const chunks = {};
  for (const [name, lines] of Object.entries(USUAL)) {
    for (const line of lines) {
      const exit = await main(
        line.split(' ').map(word => FILES[word] ?? word),
        { ...ioOfProcess(), stdout: silent, stderr: silent },
      );
      if (exit !== 0) throw new Error(`rnn-cli ${line} ends with ${exit}`);
    }
    const before = Object.values(chunks).flat();
    chunks[name] = [...loaded.keys()].filter(chunk => !before.includes(chunk));
    if (wanted === 'cache') writeCache(name, scripts.get(name).script);
  }
  if (wanted === 'chunks') process.stdout.write(JSON.stringify(chunks));
}

function writeCache(name, script) {
  const digest = readFileSync(`${dist}/${name}.cjs`, 'latin1').slice(-64);
  const cache = Buffer.concat([script.createCachedData(), Buffer.from(digest, 'latin1')]);
  writeFileSync(`${dist}/${name}.${process.versions.v8}-${process.arch}.cache`, cache);
}

writeFileSync(FILES['graph.json'], JSON.stringify(GRAPH));
run(process.argv[2]).finally(() => rmSync(FILES['graph.json']));
