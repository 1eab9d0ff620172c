"""The model of the benchmark, as the hand-written peers read it: curves, weights and bands."""
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


class Model:
    """Categories as {name: (weight, {metric: (weight, curve)})}, bands as [(from, label)], best first."""

    def __init__(self, name):
        written = tomllib.loads((HERE / name).read_text())
        self.categories = {
            category: (
                values["weight"],
                {metric: (m["weight"], m["curve"]) for metric, m in values["metrics"].items()},
            )
            for category, values in written["categories"].items()
        }
        self.bands = [(band["from"], band["label"]) for band in written["bands"]]

    def metrics(self):
        for category, (_, metrics) in self.categories.items():
            for metric, (weight, curve) in metrics.items():
                yield category, metric, weight, curve


def pieces(curve):
    """The pieces of a curve, last first: (from, score there, slope). Below the first it is flat."""
    if "steps" in curve:
        return [(x, y, 0.0) for x, y in reversed(curve["steps"])], curve["steps"][0][1]
    points = curve["points"]
    found = [(points[-1][0], points[-1][1], 0.0)]
    for (x, y), (next_x, next_y) in reversed(list(zip(points, points[1:]))):
        found.append((x, y, (next_y - y) / (next_x - x)))
    return found, points[0][1]
