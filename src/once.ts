/** What `make` gives, made on first use and kept. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The same with other fields; what is made on demand stays so. */
export function withFields<T extends object>(whole: T, fields: Partial<T>): T {
  return Object.defineProperties({} as T, { ...Object.getOwnPropertyDescriptors(whole), ...Object.getOwnPropertyDescriptors(fields) });
}
