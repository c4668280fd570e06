import type * as files from '../../src/run/files/disk.js';

/**
 * src/run/files/disk.ts as a disk that fails when it is told to: the N-th call of a kind throws. For jest.mock; what a test is doing stands in `disk`.
 */
export type Call = 'open' | 'read' | 'write' | 'sync' | 'datasync' | 'rename' | 'link';

export const disk = {
  /** the `after`-th such call fails with `code` */
  fault: undefined as { call: Call; after: number; code: string } | undefined,
  /** calls so far */
  counts: new Map<Call, number>(),
  /** a read gives at most so many bytes */
  mostRead: undefined as number | undefined,
  /** called before every read */
  beforeRead: undefined as (() => void) | undefined,
  reset(): void {
    disk.fault = undefined;
    disk.mostRead = undefined;
    disk.beforeRead = undefined;
    disk.counts.clear();
  },
};

function step(call: Call): void {
  const count = (disk.counts.get(call) ?? 0) + 1;
  disk.counts.set(call, count);
  const { fault } = disk;
  if (fault?.call === call && count === fault.after) throw Object.assign(new Error(`${fault.code}: injected`), { code: fault.code });
}

/** Writes go in this many pieces, so that there is a second and a third to fail. */
const PIECES = 3;

export function faultyFs(real: typeof files): typeof files {
  const wrap = (file: files.FileHandle): files.FileHandle =>
    new Proxy(file, {
      get(target, key) {
        const method = Reflect.get(target, key, target);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          if (key === 'writeFile') {
            const bytes = args[0] as Uint8Array;
            const each = Math.max(1, Math.ceil(bytes.length / PIECES));
            for (let at = 0; at < bytes.length; at += each) {
              step('write');
              await target.write(bytes.subarray(at, at + each));
            }
            return undefined;
          }
          if (key === 'read' || key === 'write' || key === 'sync' || key === 'datasync') step(key);
          if (key === 'read') {
            disk.beforeRead?.();
            if (disk.mostRead !== undefined) args[2] = Math.min(args[2] as number, disk.mostRead);
          }
          // nobody pulls the plug, and a real disk takes its time
          if (key === 'sync' || key === 'datasync') return undefined;
          return method.apply(target, args);
        };
      },
    });
  return {
    ...real,
    open: async (...args: Parameters<typeof real.open>) => {
      step('open');
      return wrap(await real.open(...args));
    },
    rename: async (...args: Parameters<typeof real.rename>) => {
      step('rename');
      return real.rename(...args);
    },
    link: async (...args: Parameters<typeof real.link>) => {
      step('link');
      return real.link(...args);
    },
  };
}
