/** How many cases a test draws: all of them with RNN_CLI_THOROUGH=1 (npm run test:thorough), an eighth in the suite that everybody waits for. */
export const THOROUGH = process.env.RNN_CLI_THOROUGH === '1';

export function cases(all: number): number {
  return THOROUGH ? all : Math.ceil(all / 8);
}
