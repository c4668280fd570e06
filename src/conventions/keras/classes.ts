/** Keras' to_snake_case: SimpleRNN -> simple_rnn, GlobalMaxPooling1D -> global_max_pooling1d, LSTM -> lstm. */
export function layerNameOfClass(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
