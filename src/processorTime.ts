let asked = Number.NEGATIVE_INFINITY;
let answer = 0;

/**
 * Milliseconds of the processor that this process has taken, where they are known, else of the clock: on a busy machine a small task may wait for
 * minutes. To ask the system costs up to as much as a small network.
 * @param late how old an answer may be, in milliseconds of the clock
 */
export function processorTime(late = 0): number {
  const now = performance.now();
  if (late > 0 && now - asked < late) return answer;
  asked = now;
  const usage = globalThis.process?.cpuUsage?.();
  answer = usage ? (usage.user + usage.system) / 1000 : now;
  return answer;
}
