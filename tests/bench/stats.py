"""Times scikit-learn on the rows of stats.rs: `python stats.py` (numpy, scikit-learn)."""
import time

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score


def rows(n):
    i = np.arange(n, dtype=np.int64)
    event = i * 104_729 % 1000 < 120
    first = i * 7919 % 100_003 + 9000 * event
    return first.astype(float), event


def seconds(what, repeat):
    taken = []
    for _ in range(repeat):
        begin = time.perf_counter()
        what()
        taken.append(time.perf_counter() - begin)
    return min(taken)


for n in [20_000, 200_000]:
    risk, event = rows(n)
    print(f"roc_auc_score/{n}: {1e3 * seconds(lambda: roc_auc_score(event, risk), 20):.2f} ms")
# One resample with multinomial weights, times 2,000.
risk, event = rows(20_000)
rng = np.random.default_rng(1)
weight = rng.multinomial(20_000, np.full(20_000, 1 / 20_000)).astype(float)
for figure in [roc_auc_score, average_precision_score]:
    each = seconds(lambda: figure(event, risk, sample_weight=weight), 20)
    print(f"2000 resamples of {figure.__name__}: {2000 * each:.1f} s")
