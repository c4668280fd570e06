/**
 * Splits `w.npz:x`, `checkpoint.pt:ema`, `model.pth.tar:en` into file and key. There is no key after a drive letter or a path without an
 * extension, nor if what follows the colon has an extension itself (`run.3:40.npy`).
 */
export function splitKey(path: string): [string, string | undefined] {
  const match =
    /^(.+\.(?:npz|json|safetensors|pt|pth|ckpt|pkl)):([^/\\]+)$/i.exec(path) ??
    /^(.+\.[a-z]\w{0,11}):([^/\\.:]+)$/i.exec(path) ??
    /^(-):(.+)$/.exec(path);
  return match ? [match[1], match[2]] : [path, undefined];
}
