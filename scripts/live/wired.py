"""Random networks that are no chains: several inputs and outputs, shared layers, states, masks, models inside models, operators between layers."""

import keras
from keras import layers as L
from keras import ops


def wired_net(d, make):
    """A graph that grows call by call; what is read last is its output."""
    graph = Graph(d, make)
    wanted = d.int(2, 9)
    for _ in range(40):
        if graph.calls >= wanted:
            break
        graph.grow()
    return graph.model()


def decoder_net(d, make):
    """Encoder and decoder, or either half alone."""
    kind, units = d.one([L.LSTM, L.GRU, L.SimpleRNN]), d.int(2, 5)
    source = keras.Input((d.int(2, 5), d.int(1, 4)), name="source")
    target = keras.Input((d.int(2, 5), d.int(1, 4)), name="target")
    states = 2 if kind is L.LSTM else 1
    part = d.int(0, 2)
    mask = L.Masking(0.0)(source) if d.bool(0.4) else source
    both = part == 0 and d.bool(0.3)
    if both:
        y, *rest = L.Bidirectional(kind(units, return_state=True))(mask)
        given = [L.Concatenate()([rest[i], rest[i + states]]) for i in range(states)]
        units *= 2
    else:
        y, *given = kind(units, return_state=True, return_sequences=d.bool())(mask)
    if part == 1:
        return keras.Model(source, given)
    if part == 2:
        given = [keras.Input((units,), name=f"state_{i}") for i in range(states)]
    decoder = kind(units, return_sequences=True, return_state=True)
    out, *last = decoder(target, initial_state=given)
    if d.bool(0.4) and not both and part == 0:
        out = L.Concatenate()([out, L.Attention(use_scale=d.bool())([out, L.RepeatVector(3)(given[0])])])
    out = L.Dense(d.int(2, 4), activation="softmax")(out)
    inputs = [target, *given] if part == 2 else [source, target]
    return keras.Model(inputs, [out, *last] if part == 2 or d.bool(0.2) else out)


def nested_net(d, make):
    """Models inside models, called once or twice, shared by two branches."""
    shape = (d.int(2, 5), d.int(2, 4))
    inner = inner_model(d, make, shape, d.int(1, 2))
    first = keras.Input(shape)
    if d.bool(0.5):
        x = inner(first)
    else:
        second = keras.Input(shape)
        parts = [inner(first), inner(second)]
        x = d.one([L.Concatenate(), L.Subtract(), L.Add(), L.Multiply(), L.Average(), L.Maximum()])(parts)
    if len(x.shape) == 3:
        x = make.recurrent(d, tuple(x.shape[1:]))(x)
    x = L.Dense(2)(x)
    return keras.Model(first if "second" not in locals() else [first, second], x)


def inner_model(d, make, shape, depth):
    if d.bool():
        layers = [keras.Input(shape)]
        x = layers[0]
        for _ in range(d.int(1, 3)):
            layer = inner_model(d, make, tuple(x.shape[1:]), depth - 1) if depth > 1 and d.bool(0.3) and len(x.shape) == 3 else plain_layer(d, make, tuple(x.shape[1:]))
            x = layer(x)
            layers.append(layer)
        return keras.Sequential(layers)
    x = a = keras.Input(shape)
    shared = plain_layer(d, make, shape)
    b = shared(a)
    x = plain_layer(d, make, tuple(b.shape[1:]))(b)
    if tuple(b.shape) == tuple(a.shape) and d.bool():
        x = L.Add()([shared(b), a])
    if depth > 1 and d.bool() and len(x.shape) == 3:
        x = inner_model(d, make, tuple(x.shape[1:]), depth - 1)(x)
    return keras.Model(a, x)


def plain_layer(d, make, shape):
    makers = [lambda: L.Dense(d.int(1, 5), activation=d.act()), lambda: make.inactive(d, shape), lambda: L.LayerNormalization(), lambda: L.BatchNormalization(), lambda: L.Activation(d.act())]
    if len(shape) == 2:
        makers += [lambda: make.recurrent(d, shape)] * 2 + [lambda: make.both_ways(d, shape), lambda: L.Conv1D(d.int(1, 4), 2, padding="same")]
    return d.one(makers)()


class Graph:
    """Values so far, and layers that may be called again."""

    def __init__(self, d, make):
        self.d, self.make, self.calls = d, make, 0
        self.T, self.D = d.int(2, 5), d.int(2, 4)
        self.inputs, self.values, self.shared, self.read = [], [], [], set()
        for i in range(d.one([1, 1, 2, 3])):
            self.input(i)

    def input(self, i):
        d = self.d
        name = d.one([None, f"in_{i}"])
        kind = d.int(0, 4)
        if kind == 0:
            x = keras.Input((self.T,), dtype="int32", name=name)
            self.inputs.append(x)
            self.keep(L.Embedding(d.int(4, 8), self.D, mask_zero=d.bool())(x), x)
        elif kind == 1:
            x = keras.Input((self.D,), name=name)
            self.inputs.append(x)
            self.values.append(x)
        else:
            x = keras.Input((self.T, self.D), name=name)
            self.inputs.append(x)
            self.values.append(x)
            if d.bool(0.4):
                self.keep(L.Masking(0.0)(x), x)

    def keep(self, y, *read):
        for v in keras.tree.flatten(y):
            if len(v.shape) > 1 and None not in v.shape[1:]:
                self.values.append(v)
        self.read.update(id(v) for v in read)
        self.calls += 1

    def pick(self, rank=None, like=None):
        fit = [v for v in self.values if (rank is None or len(v.shape) - 1 == rank) and (like is None or tuple(v.shape) == tuple(like.shape)) and "float" in str(v.dtype)]
        if not fit:
            raise LookupError
        return fit[-1] if self.d.bool() else self.d.one(fit)

    def grow(self):
        try:
            self.d.one([self.layer, self.layer, self.again, self.merge, self.merge, self.states, self.operator, self.operator, self.attend, self.nested, self.dot, self.masked])()
        except Exception:  # what does not fit is drawn anew
            return

    def layer(self):
        x = self.pick()
        layer = self.make.any_layer(self.d, tuple(x.shape[1:]))
        if self.d.bool(0.2):
            layer.name = f"named_{self.calls}"
        self.keep(layer(x), x)
        self.shared.append((layer, x))

    def again(self):
        layer, x = self.d.one(self.shared)
        other = self.pick(like=x)
        self.keep(layer(other), other)

    def merge(self):
        d = self.d
        a = self.pick()
        if d.bool(0.3):
            b = self.pick(rank=len(a.shape) - 1)
            self.keep(L.Concatenate(axis=d.one([-1, 1]))([a, b]), a, b)
            return
        b = self.pick(like=a) if d.bool(0.7) else self.pick(rank=len(a.shape) - 1)
        kinds = [L.Add, L.Multiply, L.Average, L.Maximum, L.Minimum, L.Subtract]
        kind = d.one(kinds)
        parts = [a, b, self.pick(like=a)] if kind is not L.Subtract and d.bool(0.3) else [a, b]
        self.keep(kind()(parts), *parts)

    def states(self):
        """States out, states in, from layers of as many units or from any value."""
        d = self.d
        x = self.pick(rank=2)
        kind, units = d.one([L.LSTM, L.GRU, L.SimpleRNN]), d.int(2, 5)
        count = 2 if kind is L.LSTM else 1
        options = dict(return_sequences=d.bool(), return_state=d.bool(0.7), go_backwards=d.bool(0.15))
        given = None
        if d.bool(0.6):
            fit = [v for v in self.values if len(v.shape) == 2 and v.shape[1] == units and "float" in str(v.dtype)]
            given = [d.one(fit) if fit and d.bool(0.7) else L.Dense(units, activation="tanh")(self.pick(rank=1)) for _ in range(count)]
            # one row for all samples
            given = [self.one_row(g) if d.bool(0.15) else g for g in given]
        if d.bool(0.2):
            layer = L.Bidirectional(kind(units, **{**options, "go_backwards": False}), merge_mode=d.one(["concat", "sum", None]))
            if given:
                given = given * 2
        else:
            layer = kind(units, **options)
        if given is None:
            y = layer(x)
        elif d.bool():
            y = layer(x, initial_state=given)
        else:
            y = layer([x, *given]) if d.bool() else layer(x, None, given) if False else layer(x, initial_state=given)
        self.keep(y, x, *(given or []))

    def one_row(self, state):
        if self.d.bool():
            return ops.mean(state, axis=0, keepdims=True)
        return ops.convert_to_tensor(self.d.rng.normal(size=(1, state.shape[1])).astype("float32"))

    def operator(self):
        d = self.d
        x = self.pick()
        rank = len(x.shape)
        axis = d.int(1, rank - 1)
        like = lambda: self.pick(like=x)
        array = lambda: d.rng.normal(size=x.shape[-1]).astype("float32")
        makers = [
            lambda: x * 2.0, lambda: 1.0 - x, lambda: x + 1, lambda: x / 3.0, lambda: -x, lambda: 2.0 / (1.5 + ops.abs(x)), lambda: x + array(), lambda: array() * x,
            lambda: x + like() + 1, lambda: x - like(), lambda: x * like(), lambda: ops.maximum(x, 0.1), lambda: ops.minimum(like(), x), lambda: ops.abs(x) ** 0.5, lambda: x**2,
            lambda: ops.mean(x, axis=axis), lambda: ops.sum(x, axis=axis, keepdims=True), lambda: ops.max(x, axis=-1, keepdims=True), lambda: ops.min(x, axis=axis), lambda: ops.std(x, axis=axis), lambda: ops.var(x, axis=-1, keepdims=True),
            lambda: ops.softmax(x, axis=axis), lambda: ops.tanh(x), lambda: ops.sigmoid(x), lambda: ops.relu(x), lambda: ops.gelu(x), lambda: ops.exp(ops.minimum(x, 1.0)), lambda: ops.log(ops.abs(x) + 1.0), lambda: ops.silu(x), lambda: ops.leaky_relu(x), lambda: ops.elu(x), lambda: ops.softplus(x), lambda: ops.log_softmax(x), lambda: ops.hard_sigmoid(x), lambda: ops.relu6(x), lambda: ops.square(x), lambda: ops.clip(x, -0.5, 0.7), lambda: ops.sin(x), lambda: ops.cos(x), lambda: ops.erf(x), lambda: ops.sign(x), lambda: ops.rsqrt(ops.abs(x) + 0.5), lambda: ops.logsumexp(x, axis=axis),
            lambda: x[:, -1], lambda: x[:, 0], lambda: x[:, 1:], lambda: x[..., :1], lambda: x[:, ::-1], lambda: x[:, None], lambda: x[:, :-1],
            lambda: ops.expand_dims(x, axis), lambda: ops.squeeze(ops.expand_dims(x, 1), 1), lambda: ops.concatenate([x, like()], axis=axis), lambda: ops.stack([x, like()], axis=axis), lambda: ops.flip(x, axis=axis),
            lambda: ops.reshape(x, (-1, int(x.shape[-1]) * (int(x.shape[1]) if rank > 2 else 1), *([int(x.shape[2])] if False else []))), lambda: ops.transpose(x, (0, *[int(a) for a in d.rng.permutation(range(1, rank))])), lambda: ops.swapaxes(x, 1, -1),
            lambda: ops.where(x > 0.1, x, 0.0), lambda: ops.where(ops.greater(x, like()), x, like()), lambda: ops.cast(x > 0, "float32"), lambda: ops.matmul(x, ops.swapaxes(like(), -1, -2)) if rank > 2 else x * x, lambda: ops.einsum("btd,bsd->bts", x, like()) if rank == 3 else x + 1, lambda: ops.repeat(x, 2, axis=axis), lambda: ops.tile(x, [1] * (rank - 1) + [2]), lambda: ops.pad(x, [[0, 0]] * (rank - 1) + [[1, 2]]), lambda: ops.cumsum(x, axis=axis), lambda: ops.roll(x, 1, axis=axis), lambda: ops.split(x, x.shape[-1], axis=-1)[0], lambda: ops.normalize(x, axis=-1), lambda: ops.one_hot(ops.argmax(x, axis=-1), x.shape[-1]), lambda: ops.logical_and(x > 0, like() < 0.5) * 1.0 if False else ops.cast(ops.logical_and(x > 0, like() < 0.5), "float32"), lambda: ops.floor(x), lambda: ops.prod(x, axis=axis), lambda: ops.dot(x, ops.transpose(x)) if False else ops.mean(x, axis=-1, keepdims=True), lambda: ops.take(x, 0, axis=axis), lambda: ops.sqrt(ops.abs(x) + 0.1), lambda: ops.moveaxis(x, 1, -1), lambda: ops.norm(x, axis=-1), lambda: ops.average(x, axis=-1), lambda: ops.isnan(x) * 1.0 if False else ops.ones_like(x) * x, lambda: ops.zeros_like(x) + x,
        ]
        self.keep(d.one(makers)(), x)

    def attend(self):
        d = self.d
        # without steps the samples attend to one another
        of_samples = d.bool(0.1)
        q = self.pick(rank=1 if of_samples else 2)
        v = q if d.bool() else L.Dense(q.shape[-1])(self.pick(rank=1)) if of_samples else self.pick(rank=2)
        pick = d.int(0, 1) if of_samples else d.int(0, 4)
        if pick == 4:
            y = L.GroupQueryAttention(d.int(2, 4), 4, 2, use_bias=d.bool(0.8))(q, v, use_causal_mask=d.bool(0.3))
        elif pick == 0:
            y = L.Attention(use_scale=d.bool(), score_mode=d.one(["dot", "dot", "concat"]))([q, v])
        elif pick == 1:
            y = L.AdditiveAttention(use_scale=d.bool())([q, v])
        else:
            y = L.MultiHeadAttention(d.int(1, 3), d.int(2, 4), value_dim=d.one([None, d.int(2, 4)]), use_bias=d.bool(0.8))(q, v, use_causal_mask=d.bool(0.3), return_attention_scores=d.bool(0.2))
        self.keep(y, q, v)

    def nested(self):
        d = self.d
        x = self.pick(rank=2)
        model = inner_model(d, self.make, tuple(x.shape[1:]), 1)
        self.keep(model(x), x)
        self.shared.append((model, x))

    def dot(self):
        a = self.pick()
        b = self.pick(rank=len(a.shape) - 1)
        self.keep(L.Dot(axes=self.d.one([-1, 1, (1, 1)]), normalize=self.d.bool(0.3))([a, b]), a, b)

    def masked(self):
        """A mask by argument."""
        d = self.d
        x = self.pick(rank=2)
        mask = ops.any(ops.not_equal(self.pick(rank=2), 0.0), axis=-1)
        if mask.shape[1] != x.shape[1]:
            raise LookupError
        layer = d.one([lambda: self.make.recurrent(d, tuple(x.shape[1:])), lambda: L.GlobalAveragePooling1D(), lambda: self.make.both_ways(d, tuple(x.shape[1:]))])()
        self.keep(layer(x, mask=mask), x)

    def model(self):
        d = self.d
        made = [v for v in self.values if not any(v is i for i in self.inputs)]
        leaves = [v for v in made if id(v) not in self.read] or made[-1:]
        outputs = leaves[-d.one([1, 1, 2, 3]):]
        if d.bool(0.2):
            outputs = [*outputs, d.one(made)]
        if len(outputs) > 1 and d.bool(0.25):
            named = {f"{d.one('abcz')}_{i}": v for i, v in enumerate(outputs)}
            return keras.Model(self.used(outputs), named)
        return keras.Model(self.used(outputs), outputs if len(outputs) > 1 or d.bool(0.2) else outputs[0])

    def used(self, outputs):
        """Inputs that an output needs; an input that nothing reads cannot be given to every Keras."""
        whole = keras.Model(self.inputs, outputs) if len(self.inputs) == 1 else None
        if whole is not None:
            return self.inputs[0]
        found = []

        def walk(v):
            history = v._keras_history
            node = history.operation._inbound_nodes[history.node_index]
            if any(v is i for i in self.inputs):
                if not any(v is f for f in found):
                    found.append(v)
                return
            for w in node.input_tensors:
                walk(w)

        for v in outputs:
            walk(v)
        order = [i for i in self.inputs if any(i is f for f in found)]
        return order if len(order) > 1 else order[0]
