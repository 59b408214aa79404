"""Arrow tables as what estimators take, and their answers as Arrow."""

import numpy as np
import pandas as pd
import pyarrow as pa

from .refused import Refused


def read_table(part):
    with pa.ipc.open_stream(pa.py_buffer(part)) as reader:
        return reader.read_all()


def write_column(values):
    """One column of numbers as an Arrow stream."""
    sink = pa.BufferOutputStream()
    table = pa.table({"values": pa.array(values)})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def training_features(table, y):
    """(frame, features): every column but y; of texts the sorted categories."""
    names = [name for name in table.column_names if name != y]
    features = [_feature(name, table.column(name)) for name in names]
    return features_of(table, features), features


def features_of(table, features):
    """The columns a model was trained on, in its order."""
    return pd.DataFrame({feature["name"]: _values(table, feature) for feature in features})


def _feature(name, column):
    if not is_text(column.type):
        return {"name": name}
    return {"name": name, "categories": sorted(_coded(column)[1])}


def _values(table, feature):
    name = feature["name"]
    column = table.column(name)
    categories = feature.get("categories")
    if is_text(column.type) != (categories is not None):
        was = "numbers" if categories is None else "text"
        message = f'Column "{name}" is {column.type}; the model was trained on {was}.'
        raise Refused("column", message, column=name, type=str(column.type))
    if categories is None:
        return numbers_of(column)
    return pd.Categorical.from_codes(_ranks(column, categories), categories=categories)


def numbers_of(column):
    """Numbers and truth values; what is missing makes them floats with NaN."""
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_boolean(column.type) and column.null_count > 0:
        column = column.cast(pa.int8())
    # a copy: estimators may want to write
    return np.array(column.to_numpy())


def labels_of(column):
    """The sorted classes of a column without nulls, and which of them each row has."""
    if is_text(column.type):
        classes = sorted(_coded(column)[1])
        return classes, _ranks(column, classes)
    classes, codes = np.unique(numbers_of(column), return_inverse=True)
    return classes.tolist(), codes.astype(np.int32)


def codes_of(column, classes):
    """Which class each row has; -1 where the model never saw it."""
    if is_text(column.type):
        return _ranks(column, classes)
    found, codes = np.unique(numbers_of(column), return_inverse=True)
    known = {label: code for code, label in enumerate(classes)}
    return np.array([known.get(value, -1) for value in found.tolist()], dtype=np.int32)[codes]


def is_text(kind):
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _ranks(column, texts):
    """Which of the texts each row has; -1 for another one, and for none."""
    codes, found = _coded(column)
    known = {text: rank for rank, text in enumerate(texts)}
    # the last place is that of -1
    ranks = np.array([*(known.get(text, -1) for text in found), -1], dtype=np.int32)
    return ranks[codes]


def _coded(column):
    """(codes, texts): each text once, and which one each row has, -1 where there is none."""
    coded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes, coded.dictionary.to_pylist()
