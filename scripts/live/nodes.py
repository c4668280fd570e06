"""The test cases of ONNX's own operators, as files. usage: nodes.py FOLDER
A case is NAME.onnx, NAME.x.npz (inputs by name) and a line of cases.json: outputs by name, tolerances of the case."""
import json, os, sys, warnings

import numpy as np
import onnx
import onnx.numpy_helper

warnings.filterwarnings('ignore')


def numbers(value):
    """float64 of a tensor; None where it is none of numbers"""
    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    value = np.asarray(value)
    if value.dtype.kind in 'OUSc':
        return None
    return value


def cases():
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases(None):
        for k, (inputs, outputs) in enumerate(case.data_sets):
            yield f'{case.name}_{k}' if len(case.data_sets) > 1 else case.name, case, inputs, outputs


def main(folder):
    os.makedirs(folder, exist_ok=True)
    written = []
    for name, case, inputs, outputs in cases():
        graph = case.model.graph
        one = {'name': name, 'ops': sorted({f'{n.domain}:{n.op_type}' if n.domain else n.op_type for n in graph.node}), 'rtol': case.rtol, 'atol': case.atol}
        onnx.save(case.model, os.path.join(folder, name + '.onnx'))
        xs, ys = [numbers(x) for x in inputs], [numbers(y) for y in outputs]
        one['plain'] = all(v is not None for v in xs + ys)
        one['half'] = any(t.type.tensor_type.elem_type in (10, 16) for t in [*graph.input, *graph.output])
        if one['plain']:
            names = [i.name for i in graph.input]
            # a type NumPy does not have is given as the float32 numbers it holds
            given = {n: x if x.dtype.kind in 'fiub' and x.dtype.isbuiltin else x.astype(np.float32) for n, x in zip(names, xs)}
            np.savez(os.path.join(folder, name + '.x.npz'), **given)
            one['outputs'] = {o.name: {'shape': list(y.shape), 'y': [float(v) if np.isfinite(v) else str(v) for v in y.astype(np.float64).flatten()]}
                              for o, y in zip(graph.output, ys)}
        written.append(one)
    with open(os.path.join(folder, 'cases.json'), 'w') as f:
        json.dump({'onnx': onnx.__version__, 'cases': written}, f)


if __name__ == '__main__':
    main(*sys.argv[1:])
