"""Weights of an LSTM [units] on units features in the formats that the program reads and does not write: python3 bytes.py small=100 large=400"""
import json, os, sys

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import keras, numpy, tensorflow, torch

for size, units in (word.split('=') for word in sys.argv[1:]):
    units = int(units)
    model = keras.Sequential([keras.layers.Input((1, units)), keras.layers.LSTM(units)])
    model.save(f'm-{size}.keras')
    model.save_weights(f'm-{size}.weights.h5')
    tensorflow.train.Checkpoint(model=model).write(f'm-{size}')
    weights = [('lstm/kernel', model.weights[0]), ('lstm/recurrent_kernel', model.weights[1]), ('lstm/bias', model.weights[2])]
    with open(f'm-{size}.bin', 'wb') as file:
        for _, w in weights:
            file.write(numpy.asarray(w, 'float32').tobytes())
    specs = [{'name': name, 'shape': list(w.shape), 'dtype': 'float32'} for name, w in weights]
    topology = {'model_config': json.loads(model.to_json())}
    layout = {'format': 'layers-model', 'modelTopology': topology, 'weightsManifest': [{'paths': [f'm-{size}.bin'], 'weights': specs}]}
    with open(f'm-{size}.json', 'w') as file:
        json.dump(layout, file)
    lstm = torch.nn.LSTM(units, units, batch_first=True)
    torch.save(lstm.state_dict(), f'm-{size}.pt')
    torch.export.save(torch.export.export(lstm, (torch.zeros(1, 1, units),)), f'm-{size}.pt2')
