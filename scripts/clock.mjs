// What performance.now() is in the packed command line: Node loads a dozen modules when `performance` is first named.
export function milliseconds() {
  const [seconds, nanoseconds] = process.hrtime();
  return 1e3 * seconds + nanoseconds / 1e6;
}
