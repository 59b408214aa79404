"""What can be asked: train, predict, proba, score."""

import pickle
import platform

import numpy as np

from .estimators import build, seed_everything, task_of
from .refused import Refused
from .tables import codes_of, features_of, labels_of, numbers_of, read_table, training_features, write_column
from .versions import check_packages, other_packages, packages_of, tools_of

# fixed: the same in every Python that this runs in
PICKLE = 5


def greeting():
    return {"python": platform.python_version()}


def train(header, parts):
    table = read_table(parts[0])
    y = header["y"]
    features, named = training_features(table, y)
    estimator = build(header["estimator"], header["options"], header["seed"])
    task = task_of(estimator, y)
    said = {"task": task, "features": named}
    if task == "cluster":
        estimator.fit(features)
    elif task == "classify":
        said["classes"], codes = labels_of(table.column(y))
        estimator.fit(features, codes)
    else:
        estimator.fit(features, numbers_of(table.column(y)))
    packages = packages_of(estimator)
    said.update(packages=packages, tools=tools_of(packages))
    return said, [pickle.dumps(estimator, protocol=PICKLE)]


def predict(header, parts):
    estimator, features, said = _asked(header, parts)
    found = np.asarray(estimator.predict(features))
    return said, [write_column(_flat(found, "i4" if header["task"] == "classify" else "f8"))]


def proba(header, parts):
    estimator, features, said = _asked(header, parts)
    if not hasattr(estimator, "predict_proba"):
        message = f"{header['estimator']} gives no probabilities with these options; ask for predictions."
        raise Refused("estimator", message, estimator=header["estimator"])
    found = np.ascontiguousarray(estimator.predict_proba(features), dtype="f8")
    classes = header["classes"]
    if found.shape != (len(features), classes):
        raise Refused("answer", f"{header['estimator']} gave probabilities of shape {found.shape}, not ({len(features)}, {classes}).")
    return said, [write_column(found.ravel())]


def score(header, parts):
    estimator, features, said = _asked(header, parts)
    if not hasattr(estimator, "score"):
        raise Refused("estimator", f"{header['estimator']} has no score; measure its predictions.", estimator=header["estimator"])
    y = header["y"]
    if y is None:
        value = estimator.score(features)
    else:
        column = read_table(parts[2]).column(y)
        truth = codes_of(column, header["labels"]) if header["task"] == "classify" else numbers_of(column)
        value = estimator.score(features, truth)
    return {**said, "score": {"$float": repr(float(value))}}, []


def _asked(header, parts):
    """Reading a pickle runs what it says: whoever made the model is trusted as its code is (docs/security.md)."""
    check_packages(header["packages"])
    seed_everything(header["seed"])
    estimator = pickle.loads(parts[0])
    packages = packages_of(estimator)
    if packages != header["packages"]:
        raise other_packages(header["packages"], packages)
    return estimator, features_of(read_table(parts[1]), header["features"]), {"tools": tools_of(packages)}


def _flat(found, kind):
    if found.ndim == 2 and found.shape[1] == 1:
        found = found.ravel()
    if found.ndim != 1:
        raise Refused("answer", f"Predictions have the shape {found.shape}; one a row is wanted.")
    return found.astype(kind)


JOBS = {"train": train, "predict": predict, "proba": proba, "score": score}
