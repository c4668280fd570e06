"""ONNX Runtime on one thread, the file's network on x.npy: ortScript.py NET.onnx X.npy Y.npy"""
import sys

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
net = onnxruntime.InferenceSession(sys.argv[1], options)
np.save(sys.argv[3], net.run(["output"], {"input": np.load(sys.argv[2])})[0])
