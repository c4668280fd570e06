// The order of the test files: first those that start programs or a browser, which wait and take long; the many small ones fill what is left.
const { readFileSync } = require('node:fs');
const Sequencer = require('@jest/test-sequencer').default;

module.exports = class extends Sequencer {
  sort(tests) {
    const starts = ({ path }) => /child_process|helpers\/(browser|python)\b/.test(readFileSync(path, 'utf8'));
    const all = super.sort(tests);
    return [...all.filter(starts), ...all.filter(test => !starts(test))];
  }
};
