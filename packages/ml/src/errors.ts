import { GraphvmError, registerErrors } from "@graphvm/engine";

/** A file is missing or cannot be opened. Fields: `file`. */
export class FileMissingError extends GraphvmError {
  static override readonly code = "GVM5001";
  static override readonly exitCode = 2;
}

/** A CSV file has no bytes, or a header and no rows. Fields: `file`. */
export class CsvEmptyError extends GraphvmError {
  static override readonly code = "GVM5002";
  static override readonly exitCode = 2;
}

/** A CSV header names a column twice. Fields: `file`, `line`, `column`. */
export class CsvHeaderError extends GraphvmError {
  static override readonly code = "GVM5003";
  static override readonly exitCode = 2;
}

/** A CSV row has more or fewer fields than the header. Fields: `file`, `line`, `expected`, `found`. */
export class CsvRaggedError extends GraphvmError {
  static override readonly code = "GVM5004";
  static override readonly exitCode = 2;
}

/** A CSV value does not fit its column's type. Fields: `file`, `line`, `column`, `type`, `text`. */
export class CsvValueError extends GraphvmError {
  static override readonly code = "GVM5005";
  static override readonly exitCode = 2;
}

/** A quoted CSV field is never closed, or has text after its closing quote. Fields: `file`, `line`. */
export class CsvQuoteError extends GraphvmError {
  static override readonly code = "GVM5006";
  static override readonly exitCode = 2;
}

/** A CSV file is not UTF-8 text. Fields: `file`, `line`. */
export class CsvEncodingError extends GraphvmError {
  static override readonly code = "GVM5007";
  static override readonly exitCode = 2;
}

/** A CSV block does not lie on the rows of the file: the file is not the one that was scanned. Fields: `file`, `offset`. */
export class CsvBlockError extends GraphvmError {
  static override readonly code = "GVM5008";
  static override readonly exitCode = 2;
}

/** A table or file lacks a column. Fields: `column`, `columns` (those there are) and, for a file, `file`. */
export class MissingColumnError extends GraphvmError {
  static override readonly code = "GVM5009";
  static override readonly exitCode = 2;
}

/** An option has a value outside its range. Fields: `option`, `value`. */
export class BadOptionError extends GraphvmError {
  static override readonly code = "GVM5010";
  static override readonly exitCode = 2;
}

/** A column's type is not one this operation takes. Fields: `column`, `type`. */
export class ColumnTypeError extends GraphvmError {
  static override readonly code = "GVM5011";
  static override readonly exitCode = 2;
}

/** A text column has too many distinct values to be a feature. Fields: `column`, `limit`. */
export class TooManyCategoriesError extends GraphvmError {
  static override readonly code = "GVM5012";
  static override readonly exitCode = 2;
}

/** A column that must be complete has a null or NaN. Fields: `column`, `row` (from 0). */
export class MissingValueError extends GraphvmError {
  static override readonly code = "GVM5013";
  static override readonly exitCode = 2;
}

/** A measure that needs two classes was given another number of them. Fields: `classes`. */
export class ClassCountError extends GraphvmError {
  static override readonly code = "GVM5014";
  static override readonly exitCode = 2;
}

/** Two inputs that belong together differ in length or classes. Fields: `expected`, `found`. */
export class ShapeError extends GraphvmError {
  static override readonly code = "GVM5015";
  static override readonly exitCode = 2;
}

/** Bytes that are no model, or of a version that isn't known. */
export class ModelFormatError extends GraphvmError {
  static override readonly code = "GVM5016";
  static override readonly exitCode = 2;
}

/** A query can't be understood or fails. Fields: `query`, `why` (DuckDB's words). */
export class SqlError extends GraphvmError {
  static override readonly code = "GVM5040";
  static override readonly exitCode = 2;
}

/** A Parquet or JSON lines file can't be read. Fields: `file`, `why` and, where it is known, `line`. */
export class TableFileError extends GraphvmError {
  static override readonly code = "GVM5041";
  static override readonly exitCode = 2;
}

/** Tables that go together differ in columns or types. Fields: `column`, `expected`, `found`. */
export class SchemaMismatchError extends GraphvmError {
  static override readonly code = "GVM5042";
  static override readonly exitCode = 2;
}

/** A CSV row is longer than a row can be: the file is no CSV, or has no line ends. Fields: `file`, `line`, `limit` (bytes). */
export class CsvLongRowError extends GraphvmError {
  static override readonly code = "GVM5043";
  static override readonly exitCode = 2;
}

/** danfojs-node, which nothing here needs, is not installed. Fields: `package`. */
export class DanfoMissingError extends GraphvmError {
  static override readonly code = "GVM5044";
  static override readonly exitCode = 2;
}

/** A formula can't be read, or not with these columns. Fields: `formula`, `position` (from 1). */
export class FormulaError extends GraphvmError {
  static override readonly code = "GVM5050";
  static override readonly exitCode = 2;
}

/** A category that fitting never saw, where the step was told to refuse those. Fields: `column`, `value`, `row` (from 0). */
export class UnseenCategoryError extends GraphvmError {
  static override readonly code = "GVM5051";
  static override readonly exitCode = 2;
}

/** Models can't be stacked. Fields: `models` or `blocks`. */
export class StackingError extends GraphvmError {
  static override readonly code = "GVM5070";
  static override readonly exitCode = 2;
}

/** Charts can't be drawn, since vega or vega-lite is not installed. Fields: `tool`. */
export class ChartToolsError extends GraphvmError {
  static override readonly code = "GVM5071";
}

/** A specification that can't be drawn. Fields: `why` (vega's words). */
export class ChartError extends GraphvmError {
  static override readonly code = "GVM5072";
  static override readonly exitCode = 2;
}

/** A model that has no form in ONNX. Fields: `model`. */
export class OnnxError extends GraphvmError {
  static override readonly code = "GVM5073";
  static override readonly exitCode = 2;
}

/** There is no Python where it was looked for. Fields: `looked`. */
export class PythonMissingError extends GraphvmError {
  static override readonly code = "GVM5060";
  static override readonly exitCode = 2;
}

/** Python lacks a package. Fields: `package`. */
export class PythonPackageError extends GraphvmError {
  static override readonly code = "GVM5061";
  static override readonly exitCode = 2;
}

/** A name is no Python class with fit and predict, or one that cannot do what is asked. Fields: `estimator`. */
export class EstimatorError extends GraphvmError {
  static override readonly code = "GVM5062";
  static override readonly exitCode = 2;
}

/** The Python process ended in the middle of a job. Fields: `python`, `how`, `printed` (its last lines). */
export class PythonDiedError extends GraphvmError {
  static override readonly code = "GVM5063";
}

/** Python raised an exception. Fields: `type`, `why` (its message), `traceback` (the last lines). */
export class PythonError extends GraphvmError {
  static override readonly code = "GVM5064";
}

/** A model was made with other packages than this Python has. Fields: `model`, `here`: versions by package. */
export class ModelVersionError extends GraphvmError {
  static override readonly code = "GVM5065";
  static override readonly exitCode = 2;
}

/** What goes to Python is too large, or what came from it is no frame. Fields: `bytes` and `limit`, or `what`. */
export class FrameError extends GraphvmError {
  static override readonly code = "GVM5066";
  static override readonly exitCode = 2;
}

/** A command cannot be started, or ends with another exit code than 0. Fields: `command`, `exitCode`, `signal`, `printed`. */
export class CommandFailedError extends GraphvmError {
  static override readonly code = "GVM5067";
}

/** A command took longer than it may. Fields: `command`, `seconds`. */
export class CommandTimeoutError extends GraphvmError {
  static override readonly code = "GVM5068";
}

/** A command did not write what it declared, or more than it may. Fields: `command`, `output`. */
export class CommandOutputError extends GraphvmError {
  static override readonly code = "GVM5069";
}

registerErrors(
  FileMissingError,
  CsvEmptyError,
  CsvHeaderError,
  CsvRaggedError,
  CsvValueError,
  CsvQuoteError,
  CsvEncodingError,
  CsvBlockError,
  MissingColumnError,
  BadOptionError,
  ColumnTypeError,
  TooManyCategoriesError,
  MissingValueError,
  ClassCountError,
  ShapeError,
  ModelFormatError,
  SqlError,
  TableFileError,
  SchemaMismatchError,
  CsvLongRowError,
  DanfoMissingError,
  FormulaError,
  UnseenCategoryError,
  StackingError,
  ChartToolsError,
  ChartError,
  OnnxError,
  PythonMissingError,
  PythonPackageError,
  EstimatorError,
  PythonDiedError,
  PythonError,
  ModelVersionError,
  FrameError,
  CommandFailedError,
  CommandTimeoutError,
  CommandOutputError,
);
