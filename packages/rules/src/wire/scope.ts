import type { Rule } from "@graphvm/engine/internal";
import { memberOf } from "../dsl/definition.js";
import { namespaceInfo } from "../dsl/namespace.js";
import { UnknownNameError } from "../errors.js";

// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
export type AnyFunction = Function;

/** Makes a function from source, with namespaces for its free variables. Only whoever loads user code can. */
export type Compile = (source: string, namespaces: ReadonlyMap<string, object>) => AnyFunction;

/** What names mean while a message is read: the namespaces and exports of the loaded programs. */
export class Scope {
  readonly #namespaces = new Map<string, object>();
  readonly #exports = new Map<string, AnyFunction>();
  readonly #closed = new Map<string, AnyFunction>();
  readonly #compile: Compile;

  constructor(compile: Compile) {
    this.#compile = compile;
  }

  /** Adds a namespace; a later one of the same name replaces it. */
  addNamespace(namespace: object): void {
    const info = namespaceInfo(namespace);
    if (!info) return;
    // functions made from source hold the namespaces they were made with
    if (this.#namespaces.has(info.name)) this.#closed.clear();
    this.#namespaces.set(info.name, namespace);
  }

  addExport(program: string, name: string, fn: AnyFunction): void {
    this.#exports.set(`${program}\0${name}`, fn);
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(name);
  }

  namespaceNames(): string[] {
    return [...this.#namespaces.keys()].sort();
  }

  rule(ns: string, name: string): Rule {
    const rule = namespaceInfo(this.namespace(ns))?.rules.get(name);
    if (!rule) {
      const rules = [...(namespaceInfo(this.namespace(ns))?.rules.keys() ?? [])].join(", ");
      throw new UnknownNameError(`There is no rule ${ns}.${name}: ${ns} has ${rules || "none"}.`, {
        rule: `${ns}.${name}`,
      });
    }
    return rule;
  }

  /** A rule's or macro's callable. */
  member(ns: string, name: string): AnyFunction {
    const namespace = this.namespace(ns) as { [name: string]: unknown };
    const member = Object.hasOwn(namespace, name) ? namespace[name] : undefined;
    if (typeof member !== "function" || !memberOf(member))
      throw new UnknownNameError(`There is no ${ns}.${name}.`, { rule: `${ns}.${name}` });
    return member;
  }

  exported(program: string, name: string): AnyFunction {
    const fn = this.#exports.get(`${program}\0${name}`);
    if (!fn)
      throw new UnknownNameError(`The program ${program} exports no function ${name}: load it first.`, {
        program,
        name,
      });
    return fn;
  }

  /** The function with that source, made once. */
  closed(source: string, namespaces: readonly string[]): AnyFunction {
    let fn = this.#closed.get(source);
    if (!fn) {
      fn = this.#compile(source, new Map(namespaces.map((name) => [name, this.namespace(name)])));
      this.#closed.set(source, fn);
    }
    return fn;
  }

  /** @throws UnknownNameError */
  namespace(ns: string): object {
    const namespace = this.#namespaces.get(ns);
    if (!namespace) {
      const known = this.namespaceNames().join(", ") || "none";
      throw new UnknownNameError(`There is no namespace ${ns}: load the module that declares it (loaded: ${known}).`, {
        ns,
      });
    }
    return namespace;
  }
}
