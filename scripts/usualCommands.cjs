'use strict';
// Runs the usual commands in a fresh process, for scripts/pack.mjs: node usualCommands.cjs chunks|cache
const { readFileSync, writeFileSync } = require('node:fs');
const { open, load, loaded, script } = require('../bin/rnn-cli.js');

const USUAL = ['shapes', 'shapes --T 10 --D 3 --M 5 --K 2', 'forward', 'forward --T 10 --D 3 --M 5 --K 2 --N 4'];
const dist = `${__dirname}/../dist`;

async function run(wanted) {
  open();
  for (const line of USUAL) {
    const { main, ioOfProcess } = load('main');
    const silent = { write: (_data, done) => done(), on: () => undefined, isTTY: false };
    const exit = await main(line.split(' '), { ...ioOfProcess(), stdout: silent, stderr: silent });
    if (exit !== 0) throw new Error(`rnn-cli ${line} ends with ${exit}`);
  }
  if (wanted === 'chunks') process.stdout.write([...loaded.keys()].join('\n'));
  else {
    const digest = readFileSync(`${dist}/cli.cjs`, 'latin1').slice(-64);
    const cache = Buffer.concat([script().createCachedData(), Buffer.from(digest, 'latin1')]);
    writeFileSync(`${dist}/cli.${process.versions.v8}-${process.arch}.cache`, cache);
  }
}

run(process.argv[2]);
