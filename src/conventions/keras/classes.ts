/** The name of a class: without the package (`mine>Net`), and as keras.layers has it. */
export function ownClass(name: string): string {
  return name.replace(/^.*>/, '').replace(/^GroupQuery/, 'GroupedQuery');
}

/** Keras' to_snake_case: SimpleRNN -> simple_rnn, GlobalMaxPooling1D -> global_max_pooling1d, LSTM -> lstm. */
export function layerNameOfClass(name: string): string {
  return ownClass(name)
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
