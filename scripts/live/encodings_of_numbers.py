"""Layers that make places of whole numbers, with arguments drawn anew: name -> function of (d, x, y).

x and y are whole numbers [N, T].
"""

from keras import layers as L


def mode(d):
    return d.one(["int", "one_hot", "multi_hot", "count"])


LAYERS = {
    "hashing": lambda d, x, y: L.Hashing(d.int(1, 9), output_mode=mode(d), mask_value=d.one([None, 0, 1]), salt=d.one([None, 7, [133, 137]]))(x),
    "hashed_crossing": lambda d, x, y: L.HashedCrossing(d.int(1, 9), output_mode=d.one(["int", "one_hot"]))([x[:, :1], y[:, :1]]),
    "hashed_embedding": lambda d, x, y: L.Embedding(8, 3)(L.Hashing(8, salt=d.one([None, 5]))(x)),
    "category_encoding": lambda d, x, y: L.CategoryEncoding(4, output_mode=d.one(["one_hot", "multi_hot", "count"]))(x),
    "integer_lookup": lambda d, x, y: L.IntegerLookup(vocabulary=[1, 2], num_oov_indices=d.int(1, 3), mask_token=d.one([None, 0]), output_mode="int")(x),
    "integer_lookup_modes": lambda d, x, y: L.IntegerLookup(vocabulary=[0, 2], num_oov_indices=d.int(1, 3), output_mode=mode(d))(x),
    "discretization": lambda d, x, y: L.Discretization(bin_boundaries=[0.5, 1.5], output_mode=mode(d))(x),
}
