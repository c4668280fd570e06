"""Layers that make places of whole numbers, with arguments drawn anew: name -> function of (d, x, y).

x and y are whole numbers [N, T].
"""

import numpy as np
from keras import layers as L


def mode(d):
    return d.one(["int", "one_hot", "multi_hot", "count"])


def looked_up(d, x, given):
    """An IntegerLookup with a vocabulary of its own, given or found by adapt."""
    mode = d.one(["int", "int", "one_hot", "multi_hot", "count", "tf_idf"])
    far = d.bool(0.3)
    words = [int(w) * (9_999 if far else 1) for w in d.rng.permutation(9)[: d.int(1, 7)] - 2]
    oov = d.int(0 if mode == "int" and not given else 1, 3)
    options = dict(output_mode=mode, num_oov_indices=oov, mask_token=d.one([None, 0]), oov_method=d.one(["floormod", "farmhash"]))
    if options["oov_method"] == "farmhash":
        options["salt"] = d.one([None, 7])
    if d.bool(0.3):
        options.update(max_tokens=14, pad_to_max_tokens=d.bool())
    if given:
        words = [w for w in words if w != 0] or [5]
        special = [0] * (options["mask_token"] == 0 and mode == "int") + [-1] * oov
        if d.bool(0.4) and -1 not in words:
            words = special + words
        weights = dict(idf_weights=[float(v) for v in d.rng.uniform(0.5, 2, len(words))]) if mode == "tf_idf" else {}
        return L.IntegerLookup(vocabulary=words, **options, **weights)(x)
    layer = L.IntegerLookup(**options)
    layer.adapt(np.concatenate([d.rng.choice(words, size=(7, 3)), np.arange(3)[None] if oov == 0 else d.rng.choice(words, size=(1, 3))]))
    return layer(x)


def adapted(layer, data):
    layer.adapt(data)
    return layer


def token_of(d, x):
    return L.IntegerLookup(vocabulary=[4, 9, 2], num_oov_indices=d.int(0, 2), mask_token=d.one([None, 0]), oov_token=-1, invert=True)(x)


LAYERS = {
    "hashing": lambda d, x, y: L.Hashing(d.int(1, 9), output_mode=mode(d), mask_value=d.one([None, 0, 1]), salt=d.one([None, 7, [133, 137]]))(x),
    "hashed_crossing": lambda d, x, y: L.HashedCrossing(d.int(1, 9), output_mode=d.one(["int", "one_hot"]))([x[:, :1], y[:, :1]]),
    "hashed_embedding": lambda d, x, y: L.Embedding(8, 3)(L.Hashing(8, salt=d.one([None, 5]))(x)),
    "category_encoding": lambda d, x, y: L.CategoryEncoding(4, output_mode=d.one(["one_hot", "multi_hot", "count"]))(x),
    "integer_lookup": lambda d, x, y: L.IntegerLookup(vocabulary=[1, 2], num_oov_indices=d.int(1, 3), mask_token=d.one([None, 0]), output_mode="int")(x),
    "integer_lookup_modes": lambda d, x, y: L.IntegerLookup(vocabulary=[0, 2], num_oov_indices=d.int(1, 3), output_mode=mode(d))(x),
    "vocabulary_given": lambda d, x, y: looked_up(d, x, True),
    "vocabulary_adapted": lambda d, x, y: looked_up(d, x, False),
    "vocabulary_inverted": lambda d, x, y: token_of(d, x),
    "discretization": lambda d, x, y: L.Discretization(bin_boundaries=[0.5, 1.5], output_mode=mode(d))(x),
    "discretization_adapted": lambda d, x, y: adapted(L.Discretization(num_bins=d.int(2, 5), output_mode=mode(d)), d.rng.normal(size=(50, 2)) + 1)(x),
}
