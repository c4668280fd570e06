"""Writes dump.json: what the onnx package (1.12, Google's protobuf) reads from every good .onnx file of this folder's neighbours, and
makes types.onnx, which has every type of number and of attribute, typed and raw. Run it here."""
import glob
import hashlib
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def number(x):
    x = float(x)
    return x if np.isfinite(x) else repr(x)


def tensor(t):
    a = numpy_helper.to_array(t)
    entry = {"dims": list(t.dims), "type": TensorProto.DataType.Name(t.data_type)}
    if a.dtype.kind in "iu" and a.dtype.itemsize == 8:
        entry["values"] = [str(v) for v in a.reshape(-1)]
    elif a.size <= 16:
        entry["values"] = [number(v) for v in a.astype("f8").reshape(-1)]
    else:
        entry["sha256"] = hashlib.sha256(np.ascontiguousarray(a.astype("<f8")).tobytes()).hexdigest()
    return entry


def attribute(a):
    kind = onnx.AttributeProto.AttributeType.Name(a.type)
    v = helper.get_attribute_value(a)
    if kind == "TENSOR":
        v = tensor(v)
    elif kind == "GRAPH":
        v = None
    elif kind == "INT":
        v = str(v)
    elif kind == "INTS":
        v = [str(i) for i in v]
    elif kind == "STRING":
        v = v.decode()
    elif kind == "STRINGS":
        v = [s.decode() for s in v]
    elif kind == "FLOAT":
        v = number(v)
    elif kind == "FLOATS":
        v = [number(f) for f in v]
    return {"type": kind, "value": v}


def value(v):
    t = v.type.tensor_type
    dims = [d.dim_param or d.dim_value for d in t.shape.dim] if t.HasField("shape") else None
    return {"name": v.name, "type": TensorProto.DataType.Name(t.elem_type), "dims": dims}


def dump(path):
    m = onnx.load(path)
    names = {i.name for i in m.graph.initializer}
    return {
        "ir": m.ir_version, "producer": [m.producer_name, m.producer_version], "opsets": {o.domain: o.version for o in m.opset_import},
        "inputs": [value(v) for v in m.graph.input if v.name not in names], "outputs": [value(v) for v in m.graph.output],
        "initializers": {i.name: tensor(i) for i in m.graph.initializer},
        "nodes": [{"name": n.name, "op": n.op_type, "domain": n.domain, "inputs": list(n.input), "outputs": list(n.output),
                   "attributes": {a.name: attribute(a) for a in n.attribute}} for n in m.graph.node],
    }


def types():
    values = {"FLOAT": [1.5, -0.0, float("inf")], "UINT8": [0, 255], "INT8": [-128, 127], "UINT16": [65535], "INT16": [-32768], "INT32": [-2**31, 2**31 - 1],
              "INT64": [2**63 - 1, -2**63, 5], "BOOL": [1, 0], "DOUBLE": [0.1, -2.0], "UINT32": [2**32 - 1], "UINT64": [2**62]}
    initializers = []
    for name, v in values.items():
        kind = TensorProto.DataType.Value(name)
        initializers.append(helper.make_tensor(f"typed_{name}", kind, [len(v)], v))
        raw = np.array(v, dtype=onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[kind]).tobytes()
        initializers.append(helper.make_tensor(f"raw_{name}", kind, [len(v)], raw, raw=True))
    initializers.append(helper.make_tensor("typed_FLOAT16", TensorProto.FLOAT16, [3], np.array([1.5, -2, 65504], "f2").view("u2")))
    initializers.append(helper.make_tensor("raw_FLOAT16", TensorProto.FLOAT16, [3], np.array([1.5, -2, 65504], "f2").tobytes(), raw=True))
    initializers.append(helper.make_tensor("scalar", TensorProto.FLOAT, [], [2.5]))
    initializers.append(helper.make_tensor("empty", TensorProto.FLOAT, [0, 3], []))
    body = helper.make_graph([helper.make_node("Identity", ["x"], ["d"])], "body", [], [helper.make_tensor_value_info("d", TensorProto.FLOAT, None)])
    node = helper.make_node("Everything", ["x", "", "scalar"], ["c", "", "y"], name="n", domain="my.domain", f=0.25, i=-7, s="text", fs=[1.0, -0.5], ints=[1, -2, 2**40],
                            strs=["a", "bc"], t=helper.make_tensor("t", TensorProto.INT64, [2], [-1, 2**63 - 1]), g=body)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, None])
    graph = helper.make_graph([node], "types", [x], [helper.make_tensor_value_info("y", TensorProto.DOUBLE, None)], initializers)
    onnx.save(helper.make_model(graph, producer_name="make.py", opset_imports=[helper.make_opsetid("", 14), helper.make_opsetid("my.domain", 2)]), "types.onnx")


types()
files = sorted(glob.glob("../onnx/*.onnx") + glob.glob("../models/torch/*.onnx") + glob.glob("../digits/*.onnx") + glob.glob("../corrupt/onnx_ok_*.onnx") + ["types.onnx"])
with open("dump.json", "w") as f:
    json.dump({p: dump(p) for p in files}, f, separators=(",", ":"))
