"""What a file holds, by the format's own reader: headers.py FILE, or `headers.py modules` for those that are installed. Prints how many tensors there are."""
import importlib.util
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def h5(path):
    import h5py

    names = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: names.append(item.shape) if isinstance(item, h5py.Dataset) else None)
    return names


def keras(path):
    import keras

    return [w.shape for w in keras.models.load_model(path).weights]


def npy(path):
    import numpy

    return [numpy.load(path, mmap_mode="r").shape]


def npz(path):
    import numpy

    with numpy.load(path) as file:
        return [file[name].shape for name in file.files]


def onnx(path):
    import onnx

    return [tuple(t.dims) for t in onnx.load(path, load_external_data=False).graph.initializer]


def pt(path):
    import torch

    return [t.shape for t in torch.load(path, mmap=True, weights_only=True).values()]


def pt2(path):
    import torch

    return [t.shape for t in torch.export.load(path).state_dict.values()]


def safetensors(path):
    import safetensors

    with safetensors.safe_open(path, "np") as file:
        return [file.get_slice(name).get_shape() for name in file.keys()]


def index(path):
    import tensorflow

    return tensorflow.train.list_variables(path[: -len(".index")])


READERS = {
    "h5": ("h5py", h5),
    "keras": ("keras", keras),
    "npy": ("numpy", npy),
    "npz": ("numpy", npz),
    "onnx": ("onnx", onnx),
    "pt": ("torch", pt),
    "pt2": ("torch", pt2),
    "safetensors": ("safetensors", safetensors),
    "index": ("tensorflow", index),
}

if sys.argv[1] == "modules":
    print(" ".join(ending for ending, (module, _) in READERS.items() if importlib.util.find_spec(module)))
else:
    print(len(READERS[sys.argv[1].rsplit(".", 1)[1]][1](sys.argv[1])))
