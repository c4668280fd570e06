'use strict';
// Runs the usual commands in a fresh process, for scripts/pack.mjs: node usualCommands.cjs chunks|cache
const { readFileSync, writeFileSync } = require('node:fs');
const { load, loaded, scripts } = require('../bin/rnn-cli.js');

/** By the script that has what they load and none before it has. */
const USUAL = {
  cli: ['shapes', 'shapes --T 10 --D 3 --M 5 --K 2', 'forward', 'forward --T 10 --D 3 --M 5 --K 2 --N 4'],
  compare: ['compare', 'compare --cell lstm --N 4 --T 200 --D 20 --M 100'],
};
const dist = `${__dirname}/../dist`;

async function run(wanted) {
  const { main, ioOfProcess } = load('main');
  const silent = { write: (_data, done) => done(), on: () => undefined, isTTY: false };
  const chunks = {};
  for (const [name, lines] of Object.entries(USUAL)) {
    for (const line of lines) {
      const exit = await main(line.split(' '), { ...ioOfProcess(), stdout: silent, stderr: silent });
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

run(process.argv[2]);
