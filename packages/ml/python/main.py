"""Serves graphvm: trains and asks estimators. Started by graphvm; frames come on stdin and go to stdout."""

from graphvm_worker.serve import serve

if __name__ == "__main__":
    serve()
