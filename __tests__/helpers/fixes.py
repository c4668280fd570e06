"""Runs the repairs that compare prints: {"numpy": [[code, cell, rank of y], ...], "calls": [code, ...], "real": {name: [arguments]}} on standard input.

NumPy repairs are executed among arrays with the names and shapes of `rnn-cli explain letters`; those of Keras and PyTorch are parsed, and the names
and arguments of their calls looked up among the real ones. Standard output: {"failed": [[code, what], ...]}.
"""

import ast
import json
import os
import sys
import tempfile

import numpy as np

N, T, D, M, K, V, B = 4, 5, 3, 6, 2, 7, 2
GATES = {"rnn": [], "lstm": ["i", "f", "g", "o"], "gru": ["z", "r", "g"]}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softmax(a):
    e = np.exp(a - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def symbols(cell):
    """What a program with this cell has at hand, sizes all different from each other where they can be."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape)
    gates = GATES[cell]
    G = max(1, len(gates))
    given = dict(np=np, sigmoid=sigmoid, softmax=softmax, N=N, T=T, D=D, M=M, K=K, V=V, B=B, n=1, t=2, length=3, lengths=np.array([5, 3, 4, 2]))
    given.update(x=draw(N, T, D), tokens=rng.integers(0, V - 1, (N, T)), mask=np.ones((N, T), bool), sequence=draw(3, D), E=draw(V, D))
    given.update(Wx=draw(D, G * M), Wh=draw(M, G * M), bh=draw(G * M), Wo=draw(M, K), bo=draw(K), h=draw(M), c=draw(M), z=draw(G * M))
    given.update(b=draw(G * M), b2=draw(G * M), bias=draw(2, G * M), y=rng.uniform(0.1, 0.9, (N, K)), Y=rng.uniform(0.1, 0.9, (N, T, K)), Yhats=draw(N, T, K))
    given.update(hs=draw(N, T, M), hs2=draw(N, T, M), W_ih=draw(G * M, D), W_hh=draw(G * M, M), b_ih=draw(G * M), b_hh=draw(G * M), fc_weight=draw(K, M))
    given.update(weight_ih_l0=draw(G * M, D), weight_hh_l0=draw(G * M, M), out=draw(N, T, 2 * M), forward=lambda x: draw(K))
    given.update(h_forward=draw(N, M), h_backward=draw(N, M), hs_forward=draw(N, T, M), hs_backward=draw(N, T, M), w=draw(M), W=draw(D, G * M))
    given.update(mean=draw(M), var=draw(M) ** 2, moving_mean=draw(M), moving_variance=draw(M) ** 2, gamma=draw(M), beta=draw(M), epsilon=1e-3)
    given.update(mine=draw(D, M), p=draw(3, M), theirs=draw(D, M), weights=[draw(D, M) for _ in range(6)], labels=["b", "a"], order=np.array([1, 0]), offset=0.5, scale=2.0)
    given.update(P=2, q=draw(T, 2), k=draw(T, 2), v=draw(T, 2), scores=draw(T, T), Wq=draw(D, 2), Wk=draw(D, 2), Wv=draw(D, 2))
    given.update(network=lambda x: given["y"], model=lambda x, training: given["y"], run=lambda x, weights: draw(N, T, M), backward_weights=[])
    given.update(hs3=draw(N, T, M), outputs=[], h_encoder=draw(M), c_encoder=draw(M), maps=draw(N, M, T), kernel=draw(2, D, M), weight=draw(M, D, 2))
    for gate in ["i", "f", "g", "o", "z", "r", "u"]:
        given.update({f"Wx_{gate}": draw(D, M), f"Wh_{gate}": draw(M, M), f"b_{gate}": draw(M), f"b2_{gate}": draw(M), f"a_{gate}": draw(M)})
        if gate != "z" or cell == "gru":
            given[gate] = sigmoid(draw(M))
    given["gates"] = (lambda a, u, h: h) if cell == "gru" else (lambda z, c: (c, c))
    return given


def run(code, cell, rank):
    given = symbols(cell)
    if rank == 3:
        given["y"] = given["Y"]
    exec(compile(code, "fix", "exec"), given)


def called(node):
    """'nn.LSTM', 'Dense', '.load_state_dict'"""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        whole = called(node.value)
        return f"{whole}.{node.attr}" if whole and whole.split(".")[0] in {"nn", "torch", "keras", "np"} else f".{node.attr}"
    return ""


def check(code, real):
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or called(node.func).startswith("np."):
            continue
        name = called(node.func)
        if not name or name == ".append":
            continue
        if name not in real:
            raise NameError(f"{name} is no known function")
        for keyword in node.keywords:
            if keyword.arg not in real[name]:
                raise TypeError(f"{name} has no argument {keyword.arg}")


def main():
    asked = json.load(sys.stdin)
    os.chdir(tempfile.mkdtemp())
    failed = []
    tries = [(code, lambda fix=(code, cell, rank): run(*fix)) for code, cell, rank in asked["numpy"]]
    tries += [(code, lambda code=code: check(code, asked["real"])) for code in asked["calls"]]
    for code, attempt in tries:
        try:
            attempt()
        except Exception as error:
            failed.append([code, f"{type(error).__name__}: {error}"])
    json.dump({"failed": failed}, sys.stdout)


main()
