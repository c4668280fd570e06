"""One workload in PyTorch on one thread: prints the milliseconds of a call for every line that it reads."""
import sys
import time

import torch

cell, (N, T, D, M, K) = sys.argv[1], map(int, sys.argv[2:7])
torch.set_num_threads(1)
torch.manual_seed(1)
recurrent = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](D, M, batch_first=True)
head = torch.nn.Linear(M, K) if K else torch.nn.Identity()
x = torch.randn(N, T, D)
CALLS = 20 if N * T * D < 1000 else 1
with torch.no_grad():
    head(recurrent(x)[0][:, -1])
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        for _ in range(CALLS):
            head(recurrent(x)[0][:, -1])
        print((time.perf_counter() - started) / CALLS * 1e3, flush=True)
