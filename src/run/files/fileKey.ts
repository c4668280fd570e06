/**
 * `w.npz:x`, `checkpoint.pt:ema`, `model.pth.tar:en` -> file and key. A drive letter, a path without an ending, or one that goes on to an ending of its
 * own behind the colon (`run.3:40.npy`) has none.
 */
export function splitKey(path: string): [string, string | undefined] {
  const match =
    /^(.+\.(?:npz|json|safetensors|pt|pth|ckpt|pkl)):([^/\\]+)$/i.exec(path) ??
    /^(.+\.[a-z]\w{0,11}):([^/\\.:]+)$/i.exec(path) ??
    /^(-):(.+)$/.exec(path);
  return match ? [match[1], match[2]] : [path, undefined];
}
