/** What Python needs to find itself and its libraries. Nothing else of this process's environment reaches it: no tokens. */
const PASSED = [
  "PATH HOME TMPDIR TEMP TMP SYSTEMROOT LD_LIBRARY_PATH DYLD_LIBRARY_PATH",
  "PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX PYENV_ROOT PYENV_VERSION",
]
  .join(" ")
  .split(" ");

/** The same in every run: hashes of texts, threads (sums in another order are other bits), language, time zone. */
const FIXED = {
  PYTHONHASHSEED: "0",
  PYTHONUTF8: "1",
  PYTHONDONTWRITEBYTECODE: "1",
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
  NUMEXPR_NUM_THREADS: "1",
  VECLIB_MAXIMUM_THREADS: "1",
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
};

/** The environment of the Python process. */
export function pythonEnvironment(env: NodeJS.ProcessEnv = process.env): { [name: string]: string } {
  const passed = PASSED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { ...Object.fromEntries(passed), ...FIXED };
}
