// What a process says at its end, for processes.mjs: the most memory it held (where /proc is) and the time of all its threads.
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  let peak = 0;
  try {
    peak = /VmHWM:\s+(\d+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'latin1'))[1];
  } catch {
    // another system
  }
  process._rawDebug(`peak ${peak} cpu ${user + system}`);
});
