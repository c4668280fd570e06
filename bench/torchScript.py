"""What somebody would write: a network of PyTorch from a file, x from a file, y into a file.
python3 torchScript.py make FOLDER CELL N T D M K    writes FOLDER/net.pt and FOLDER/x.npy
python3 torchScript.py run FOLDER CELL M K           reads them and writes FOLDER/torch.npy"""
import sys

import numpy as np
import torch

what, folder, cell = sys.argv[1:4]
sizes = list(map(int, sys.argv[4:]))


class Net(torch.nn.Module):
    def __init__(self, D, M, K):
        super().__init__()
        self.rnn = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](D, M, batch_first=True)
        if K:
            self.fc = torch.nn.Linear(M, K)

    def forward(self, x):
        h = self.rnn(x)[0][:, -1]
        return self.fc(h) if hasattr(self, "fc") else h


torch.set_num_threads(1)
if what == "make":
    N, T, D, M, K = sizes
    torch.manual_seed(1)
    torch.save(Net(D, M, K).state_dict(), f"{folder}/net.pt")
    np.save(f"{folder}/x.npy", np.random.default_rng(1).uniform(-1, 1, (N, T, D)).astype(np.float32))
else:
    M, K = sizes
    x = torch.from_numpy(np.load(f"{folder}/x.npy"))
    net = Net(x.shape[2], M, K)
    net.load_state_dict(torch.load(f"{folder}/net.pt"))
    with torch.no_grad():
        np.save(f"{folder}/torch.npy", net(x).numpy())
