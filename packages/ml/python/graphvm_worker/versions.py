"""What a result came from: Python, the packages, and the arithmetic library with the processor it chose for itself."""

import hashlib
import inspect
import platform
import sys
from functools import lru_cache
from importlib import metadata

from .refused import Refused

ALWAYS = ("numpy", "pandas", "pyarrow")


def packages_of(estimator):
    """The packages a model's bytes need, with their versions."""
    own = {kind.__module__.split(".")[0]: kind for kind in reversed(type(estimator).__mro__)}
    tops = {top: kind for top, kind in own.items() if top not in _standard()}
    named = {_distribution(top): _version(top, kind) for top, kind in tops.items()}
    return dict(sorted({**named, "numpy": metadata.version("numpy")}.items()))


def tools_of(packages):
    """All that had a part in a result."""
    always = {name: metadata.version(name) for name in ALWAYS}
    return {"python": platform.python_version(), **always, **packages, **_arithmetic()}


def check_packages(wanted):
    """Before a model's bytes are read: what reading them in other versions does nobody knows."""
    here = {name: version if _is_digest(version) else _installed(name) for name, version in wanted.items()}
    if here != wanted:
        raise other_packages(wanted, here)


def other_packages(model, here):
    return Refused("versions", "The model was made with other packages.", model=model, here=here)


def _is_digest(version):
    return version.startswith("sha256:") or version == "unknown"


def _installed(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _version(top, kind):
    try:
        return metadata.version(_distribution(top))
    except metadata.PackageNotFoundError:
        return _digest(kind)


def _digest(kind):
    """Code that no package brought is named by its text."""
    try:
        with open(inspect.getfile(kind), "rb") as file:
            return f"sha256:{hashlib.sha256(file.read()).hexdigest()}"
    except (OSError, TypeError):
        return "unknown"


@lru_cache(maxsize=None)
def _distribution(top):
    names = _distributions().get(top)
    return sorted(names)[0] if names else top


@lru_cache(maxsize=None)
def _distributions():
    if hasattr(metadata, "packages_distributions"):
        return metadata.packages_distributions()
    return {"sklearn": ["scikit-learn"]}


@lru_cache(maxsize=None)
def _standard():
    return set(getattr(sys, "stdlib_module_names", ("builtins", "abc", "typing"))) | {"builtins"}


def _arithmetic():
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return {}
    found = [each for each in threadpool_info() if each.get("user_api") == "blas"]
    names = {f"{each.get('internal_api')} {each.get('architecture', '')}".strip() for each in found}
    return {"blas": ", ".join(sorted(names))} if names else {}
