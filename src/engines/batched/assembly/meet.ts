/*
 * A barrier, where threads wait for each other. Each thread has a cache line of 64 bytes with the number of times it has arrived; one more line
 * counts the sleeping threads. If all are running, a wait takes a few hundred nanoseconds, so a thread spins first; if another does not arrive
 * soon, it sleeps.
 */

const LINE: usize = 64;
/** How often a thread looks before it sleeps, about 20 µs. */
const LOOKS: i32 = 20_000;

/** Returns when all `parts` threads have arrived as often as this one. Whatever a thread wrote before it arrived, all threads then see. */
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

/** Sleeps until the other thread has arrived. No wake-up is missed: both write before they read, so either this one sees the arrival or the other sees the sleeper. */
function sleep(other: usize, times: i32, sleepers: usize): void {
  atomic.add<i32>(sleepers, 1);
  for (let seen = atomic.load<i32>(other); seen - times < 0; seen = atomic.load<i32>(other)) atomic.wait<i32>(other, seen, -1);
  atomic.sub<i32>(sleepers, 1);
}
