"""Ray Data with ONNX Runtime: y of many samples, in their order.

    rnn-cli convert net.keras net.onnx
    python ray_data.py net.onnx x/ y.npy --cpus 8

x/ holds .npy files [n, T, D] in float32, taken in the order of their names. Run by us: `npm run scale -- --python PATH`.
"""
import argparse
import os

import numpy as np
import onnxruntime
import ray


class Predict:
    """A session for each worker."""

    def __init__(self, model, lost=None):
        self.net = onnxruntime.InferenceSession(model)
        self.lost = lost

    def __call__(self, batch):
        if self.lost:
            lose_once(self.lost)
        return {"y": self.net.run(["output"], {"input": batch["data"].astype("float32")})[0]}


def lose_once(mark):
    """The process ends, as with a machine that goes away, unless one has done so before."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os._exit(1)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("model")
    options.add_argument("x")
    options.add_argument("y")
    options.add_argument("--cpus", type=int)
    options.add_argument("--lose-a-worker", metavar="MARK", help="for trying it out: a worker ends at its first batch and leaves this file")
    given = options.parse_args()
    ray.init(num_cpus=given.cpus, include_dashboard=False, log_to_driver=False)
    # a reading task takes a processor of its own: workers that take them all would wait for x for ever
    cpus = int(ray.cluster_resources()["CPU"])
    workers, cpus_of_a_worker = (cpus - 1, 1) if cpus > 1 else (1, 0)
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    answers = ray.data.read_numpy(given.x).map_batches(
        Predict,
        fn_constructor_args=[os.path.abspath(given.model), given.lose_a_worker and os.path.abspath(given.lose_a_worker)],
        batch_size=64,
        num_cpus=cpus_of_a_worker,
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    np.save(given.y, np.concatenate([batch["y"] for batch in answers.iter_batches(batch_format="numpy")]))


if __name__ == "__main__":
    main()
