/** Returns a function that calls `make` on its first call and caches the result. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Copies `whole` with some fields replaced; getters are copied as getters, so that nothing is computed early. */
export function withFields<T extends object>(whole: T, fields: Partial<T>): T {
  return Object.defineProperties({} as T, { ...Object.getOwnPropertyDescriptors(whole), ...Object.getOwnPropertyDescriptors(fields) });
}
