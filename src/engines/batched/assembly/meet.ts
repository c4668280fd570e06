/*
 * Where threads wait for each other: a line of 64 bytes for each with how often it came here, and one that says how many sleep. A wait is some hundred
 * nanoseconds where all run, so they look again and again first; a thread whose partner does not run soon sleeps.
 */

const LINE: usize = 64;
/** looks before a thread sleeps, some 20 µs */
const LOOKS: i32 = 20_000;

/** Returns when all of `parts` threads have come here as often as this one. What each wrote before, all see after. */
export function meet(at: usize, part: usize, parts: usize): void {
  const own = at + part * LINE;
  const sleepers = at + parts * LINE;
  const times = load<i32>(own) + 1;
  atomic.store<i32>(own, times);
  if (atomic.load<i32>(sleepers) > 0) atomic.notify(own, -1);
  for (let p: usize = 0; p < parts; p++) {
    const other = at + p * LINE;
    for (let looks = 0; atomic.load<i32>(other) - times < 0; looks++) if (looks == LOOKS) sleep(other, times, sleepers);
  }
}

/** Either this thread sees that the other has come, or the other sees that this one sleeps: both write before they look. */
function sleep(other: usize, times: i32, sleepers: usize): void {
  atomic.add<i32>(sleepers, 1);
  for (let seen = atomic.load<i32>(other); seen - times < 0; seen = atomic.load<i32>(other)) atomic.wait<i32>(other, seen, -1);
  atomic.sub<i32>(sleepers, 1);
}
