/** `w.npz:x`, `checkpoint.pt:ema` -> file and key. A drive letter, or a path without the ending of a file of several arrays, has none. */
export function splitKey(path: string): [string, string | undefined] {
  const match = /^(.+\.(?:npz|json|safetensors|pt|pth|ckpt|pkl)):([^/\\]+)$/i.exec(path) ?? /^(-):(.+)$/.exec(path);
  return match ? [match[1], match[2]] : [path, undefined];
}
