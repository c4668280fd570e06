"""Tables as the Python package rich lays them out, for names and widths that the recorded Keras summaries do not have.

rich comes with pip; run with any Python 3 that has pip: python3 make_summaries.py > summaries.json
Keras gives rich the column widths (shares of the line); what is checked with these is wrapping, cutting, padding and the taking-off of the excess.
"""
import io, json, random
from pip._vendor.rich import box
from pip._vendor.rich.console import Console
from pip._vendor.rich.table import Column, Table

random.seed(7)
PIECES = ["rnn", "encoder", "a", "layer_with_a_long_name", "注意", "x1", "decoder_block_of_the_second_tower", "é", "7", "日本語の層", "of", "the"]
CLASSES = ["SimpleRNN", "LSTM", "GRU", "Bidirectional", "TimeDistributed", "GlobalAveragePooling1D", "Dense", "RepeatVector", "Embedding"]


def name():
    return random.choice(["_", " ", "", "-"]).join(random.choice(PIECES) for _ in range(random.randint(1, 5)))


def case(length, graph, trainable):
    titles = ["Layer (type)", "Output Shape", "Param #"] + ["Connected to"] * graph
    ends = [0.3, 0.56, 0.74, 1.0] if graph else [0.45, 0.8, 1.0]
    align = ["left", "left", "right", "left"][: len(ends)]
    if trainable:
        titles, ends, align = titles + ["Trainable"], [e * 0.9 for e in ends] + [1.0], align + ["center"]
    widths, at = [], 0
    for end in ends:
        widths.append(int(end * length) - at)
        at += widths[-1]
    if min(widths) < 4:
        return None
    names, layers = [], []
    for i in range(random.randint(3, 5)):
        n = name()
        while n in names or n != n.strip():
            n = name()
        inputs = [] if i == 0 else [names[0]] if i < 3 else names[1:3]
        names.append(n)
        shape = [None] + [random.choice([1, 5, 64, 1024, 1234567890123]) for _ in range(random.randint(1, 4))]
        layers.append({"name": n, "className": random.choice(CLASSES), "outputShape": shape, "params": random.choice([0, 45, 1181696, 10**13 + 7]),
                       "trainable": random.random() < 0.7, "inputs": inputs})
        if graph and i == 3:  # an input, two branches, their join
            break
    table = Table(*[Column(t, justify=a, width=w) for t, a, w in zip(titles, align, widths)], width=length, show_lines=True, box=box.HEAVY_HEAD)
    for l in layers:
        row = [f"{l['name']} ({l['className']})", "(" + ", ".join(str(s) for s in l["outputShape"]) + ")", f"{l['params']:,}"]
        if graph:
            row.append(", ".join(f"{i}\\[0]\\[0]" for i in l["inputs"]) or "-")
        if trainable:
            row.append("-" if l["params"] == 0 else "Y" if l["trainable"] else "N")
        table.add_row(*row)
    out = io.StringIO()
    Console(file=out, width=1000, highlight=False, force_terminal=False, color_system=None).print(table)
    return {"lineLength": length, "functional": graph, "showTrainable": trainable, "layers": layers, "table": out.getvalue()}


cases = []
while len(cases) < 60:
    graph = random.random() < 0.4
    c = case(random.choice([random.randint(16, 60), random.randint(40, 130)]), graph, random.random() < 0.4)
    if c and (not graph or len(c["layers"]) == 4):
        cases.append(c)
print(json.dumps(cases, ensure_ascii=False, separators=(",", ":")))
