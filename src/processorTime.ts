/** Milliseconds of the processor that this process has taken, where they are known, else of the clock: on a busy machine a small task may wait for minutes. */
export function processorTime(): number {
  const usage = globalThis.process?.cpuUsage?.();
  return usage ? (usage.user + usage.system) / 1000 : performance.now();
}
