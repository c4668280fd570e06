let asked = Number.NEGATIVE_INFINITY;
let answer = 0;

/**
 * Processor time of this process in milliseconds, or the clock's time where the platform does not report it. Processor time is what limits
 * need: on a busy machine a small task may wait for minutes. Asking the system can take as long as running a small network.
 * @param late greatest age of a cached answer, in milliseconds of the clock
 */
export function processorTime(late = 0): number {
  const now = performance.now();
  if (late > 0 && now - asked < late) return answer;
  asked = now;
  const usage = globalThis.process?.cpuUsage?.();
  answer = usage ? (usage.user + usage.system) / 1000 : now;
  return answer;
}
