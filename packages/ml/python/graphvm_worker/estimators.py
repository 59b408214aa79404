"""From the name of a class to an estimator whose every random number comes from one seed."""

import difflib
import importlib
import inspect
import random

import numpy as np

from .refused import Refused


def find_class(name):
    """`package.module.Class`."""
    path, _, last = name.rpartition(".")
    module = _module(path, name)
    found = getattr(module, last, None)
    if found is None:
        near = difflib.get_close_matches(last, [each for each in dir(module) if not each.startswith("_")], n=3)
        hint = f"; there is {', '.join(near)}" if near else ""
        raise Refused("estimator", f"{path} has no {last}{hint}.", estimator=name)
    if not inspect.isclass(found) or not all(callable(getattr(found, each, None)) for each in ("fit", "predict")):
        raise Refused("estimator", f"{name} is no class with fit and predict.", estimator=name)
    return found


def build(name, options, seed):
    """The estimator with its options. What it does not say itself: random_state from the seed, and one thread."""
    kind = find_class(name)
    known, anything = _options(kind)
    unknown = [option for option in options if option not in known]
    if unknown and not anything:
        message = f"{name} has no option {unknown[0]}; it has {', '.join(sorted(known)) or 'none'}."
        raise Refused("option", message, option=unknown[0], value=options[unknown[0]])
    given = dict(options)
    if "random_state" in known and given.get("random_state") is None:
        given["random_state"] = seed
    # scikit-learn's None is one thread already, other packages' is all of them
    if "n_jobs" in known and "n_jobs" not in given and not kind.__module__.startswith("sklearn."):
        given["n_jobs"] = 1
    seed_everything(seed)
    return kind(**given)


def seed_everything(seed):
    """For estimators that draw from the generators that everybody shares."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def task_of(estimator, y):
    """classify, regress, or cluster where there is nothing to learn."""
    if y is None:
        return "cluster"
    try:
        from sklearn.base import is_classifier

        classifies = is_classifier(estimator)
    except Exception:  # no scikit-learn, or an estimator that knows nothing of it
        classifies = False
    return "classify" if classifies or hasattr(estimator, "predict_proba") else "regress"


def _module(path, name):
    if path == "":
        raise Refused("estimator", f'"{name}" names no module: say package.module.Class.', estimator=name)
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        missing = error.name or path
        top = missing.split(".")[0]
        if missing == top:
            raise Refused("package", f"{name} needs {top}, which this Python does not have.", package=top) from error
        raise Refused("estimator", f"There is no module {missing}.", estimator=name) from error


def _options(kind):
    """The names of a class's options, and whether it takes others too."""
    params = list(inspect.signature(kind).parameters.values())
    names = {each.name for each in params if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)}
    anything = any(each.kind == each.VAR_KEYWORD for each in params)
    if anything and hasattr(kind, "get_params"):
        names |= set(kind().get_params(deep=False))
    return names, anything
