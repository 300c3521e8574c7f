"""Print arrays as NumPy, PyTorch, TensorFlow, Keras and JAX print them, and keep the text beside the array.

    python -m data.pastes.make

writes one file for each framework that this Python has, `<framework>-<version>.json`: a list of `{name, text, values,
dtype, shape, elided}`, where `values` are the numbers that the text shows and `elided` the axes with an ellipsis.
"""

import importlib
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
LOGITS = np.array([[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]], np.float32)
RNG = np.random.default_rng(0)
ARRAYS = {
    "logits": LOGITS,
    "labels": np.array([2, 0]),
    "labels int32": np.array([2, 0], np.int32),
    "one number": np.array(1.5, np.float32),
    "one row": LOGITS[0],
    "float64": LOGITS.astype(np.float64) / 3,
    "float16": LOGITS.astype(np.float16),
    "not finite": np.array([[np.nan, np.inf, -np.inf], [0.0, 1.0, -2.5]], np.float32),
    "far apart": np.array([[1e-7, 1.0], [123456.0, -3.25e10]], np.float32),
    "batch and time": RNG.normal(size=(2, 3, 4)).astype(np.float32),
    "four axes": RNG.normal(size=(2, 2, 2, 3)).astype(np.float32),
    "wrapped": RNG.normal(size=(2, 30)).astype(np.float32),
    "many rows": RNG.normal(size=(1200, 3)).astype(np.float32),
    "many classes": RNG.normal(size=(2, 1200)).astype(np.float32),
    "many of both": RNG.normal(size=(120, 90)).astype(np.float32),
    "many labels": RNG.integers(0, 9, 2000),
    "mask": np.array([[True, False], [False, True]]),
    "ignored": np.array([[3, 1, -100], [0, -100, -100]]),
}


def shown(array, edge=3, threshold=1000):
    """What a print with an ellipsis shows of an array, and along which axes it leaves something out."""
    elided = [axis for axis, size in enumerate(array.shape) if array.size > threshold and size > 2 * edge]
    for axis in elided:
        array = np.take(array, [*range(edge), *range(-edge, 0)], axis=axis)
    return array, elided


def case(name, text, array, edge=3, threshold=1000):
    """One print beside the numbers that it shows."""
    values, elided = shown(array, edge, threshold)
    return {
        "name": name,
        "text": text,
        "values": values.tolist(),
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "elided": elided,
    }


def numpy_cases(np):
    """Both prints, and lists of it."""
    for name, array in ARRAYS.items():
        yield case(f"repr of {name}", repr(array), array)
        yield case(f"print of {name}", str(array), array)
        yield case(f"list of {name}", str(shown(array)[0].tolist()), shown(array)[0])
    yield case("list of float32", repr(list(LOGITS[0])), LOGITS[0])
    yield case("list of arrays", repr(list(LOGITS)), LOGITS)


def torch_cases(torch):
    """What it prints, in and out of the graph, of each dtype."""
    for name, array in ARRAYS.items():
        yield case(f"repr of {name}", repr(torch.tensor(array)), array)
    leaf = torch.tensor(LOGITS, requires_grad=True)
    yield case("leaf", repr(leaf), LOGITS)
    yield case("in the graph", repr(leaf * 2), LOGITS * 2)
    yield case("log-softmax in the graph", repr(leaf.log_softmax(-1)), leaf.log_softmax(-1).detach().numpy())
    yield case("parameter", repr(torch.nn.Parameter(torch.tensor(LOGITS))), LOGITS)
    yield case("bfloat16", repr(torch.tensor(LOGITS, dtype=torch.bfloat16)), LOGITS) | {"dtype": "bfloat16"}
    yield case("list of tensors", repr(list(torch.tensor(LOGITS))), LOGITS)
    torch.set_default_dtype(torch.float64)
    yield case("float64 by default", repr(torch.tensor(LOGITS.astype(np.float64))), LOGITS.astype(np.float64))
    torch.set_default_dtype(torch.float32)


def tensorflow_cases(tf):
    """Both prints of tensors and variables, and its own format."""
    for name, array in ARRAYS.items():
        yield case(f"repr of {name}", repr(tf.constant(array)), array)
        yield case(f"print of {name}", str(tf.constant(array)), array)
    yield case("variable", repr(tf.Variable(LOGITS)), LOGITS)
    yield case("printed variable", str(tf.Variable(LOGITS)), LOGITS)
    yield case("bfloat16", repr(tf.constant(LOGITS, tf.bfloat16)), LOGITS) | {"dtype": "bfloat16"}
    yield case("tf.strings.format", tf.strings.format("{}", tf.constant(LOGITS), summarize=-1).numpy().decode(), LOGITS)


def keras_cases(keras):
    """Variables."""
    yield case("variable", repr(keras.Variable(LOGITS)), LOGITS)
    yield case("printed variable", str(keras.Variable(LOGITS)), LOGITS)


def jax_cases(jax):
    """Both prints."""
    jax.config.update("jax_enable_x64", True)
    for name, array in ARRAYS.items():
        yield case(f"repr of {name}", repr(jax.numpy.asarray(array)), array)
        yield case(f"print of {name}", str(jax.numpy.asarray(array)), array)


CASES = {
    "numpy": numpy_cases,
    "torch": torch_cases,
    "tensorflow": tensorflow_cases,
    "keras": keras_cases,
    "jax": jax_cases,
}


def main():
    """Write a file for each framework that is here."""
    for name, cases in CASES.items():
        try:
            framework = importlib.import_module(name)
        except ImportError:
            continue
        path = HERE / f"{name}-{framework.__version__.split('+')[0]}.json"
        lines = ",\n".join(json.dumps(made, ensure_ascii=False) for made in cases(framework))
        path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
