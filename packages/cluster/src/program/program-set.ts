import type { Ref } from "@graphvm/engine";
import { identifyFunction } from "@graphvm/engine/internal";
import { type Json, memberOf, namespaceInfo, readRefs, Scope, type WireRefs } from "@graphvm/rules/internal";
import { ProgramNameError } from "../errors.js";
import { compileClosed } from "./compile-closed.js";
import { type Evaluated, evaluateProgram } from "./evaluate.js";
import { evaluateOnce } from "./evaluate-once.js";
import { hostModuleUrls, hostOfNamespace } from "./host-modules.js";
import type { Program } from "./program.js";

/** A program's module, and the namespaces that had rules which are others since it was loaded. */
export interface LoadedModule {
  readonly module: Evaluated["module"];
  readonly redefined: readonly string[];
}

/** The programs one thread has loaded for a session, and what names mean with them. */
export class ProgramSet {
  readonly scope = new Scope(compileClosed);
  readonly #loaded = new Map<string, { program: Program; evaluated: Promise<LoadedModule> }>();
  readonly #hosts = new Set<string>();
  readonly #evaluation: typeof evaluateProgram;

  /** @param shared Whether its modules may be those of other sets of this thread: for whoever runs none of their atoms. */
  constructor(shared = false) {
    this.#evaluation = shared ? evaluateOnce : evaluateProgram;
  }

  /** Evaluates a program; loading the same text under the same name again gives the same module. */
  async load(program: Program): Promise<Evaluated["module"]> {
    return (await this.evaluated(program)).module;
  }

  /** The same, and which namespaces it redefined. Text that was there already redefines nothing. */
  async evaluated(program: Program): Promise<LoadedModule> {
    const known = this.#loaded.get(program.name);
    if (known?.program.hash === program.hash) return { ...(await known.evaluated), redefined: [] };
    const evaluated = this.#evaluate(program);
    const loaded = { program, evaluated };
    this.#loaded.set(program.name, loaded);
    try {
      return await evaluated;
    } catch (error) {
      if (this.#loaded.get(program.name) === loaded) this.#loaded.delete(program.name);
      throw error;
    }
  }

  /** Reads refs; namespaces of host modules are imported when a ref first names them. */
  async read(wire: WireRefs): Promise<Ref[]> {
    for (const name of namespacesOf(wire)) {
      const host = this.scope.hasNamespace(name) ? undefined : hostOfNamespace(name);
      if (host !== undefined) await this.#addHost(host);
    }
    return readRefs(wire, this.scope);
  }

  async #evaluate(program: Program): Promise<LoadedModule> {
    const session = Object.fromEntries(this.scope.namespaceNames().map((name) => [name, this.scope.namespace(name)]));
    const evaluated = await this.#evaluation(program, session);
    for (const host of evaluated.hosts) await this.#addHost(host);
    const names = evaluated.namespaces.map((namespace) => namespaceInfo(namespace)!.name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new ProgramNameError(`The module ${program.name} makes two namespaces ${twice}: rename one.`, {
        ns: twice,
      });
    }
    const redefined = evaluated.namespaces.filter((namespace) => this.#redefines(namespace));
    for (const namespace of evaluated.namespaces) this.scope.addNamespace(namespace);
    for (const [name, value] of Object.entries(evaluated.module)) {
      if (typeof value !== "function" || memberOf(value)) continue;
      this.scope.addExport(program.name, name, value);
      identifyFunction(value, { kind: "export", program: program.name, name });
    }
    return { module: evaluated.module, redefined: redefined.map((namespace) => namespaceInfo(namespace)!.name) };
  }

  /** Whether something the namespace of that name has now would be something else. More of it is no redefinition. */
  #redefines(namespace: object): boolean {
    const { name, entries } = namespaceInfo(namespace)!;
    if (!this.scope.hasNamespace(name)) return false;
    const now = namespaceInfo(this.scope.namespace(name))!.entries;
    return Object.keys(now).some((key) => now[key] !== entries[key]);
  }

  /** The namespaces a host module exports, such as `mr`, are there once a program imports it. */
  async #addHost(specifier: string): Promise<void> {
    if (this.#hosts.has(specifier)) return;
    this.#hosts.add(specifier);
    const host = (await import(hostModuleUrls().get(specifier)!)) as { readonly [name: string]: unknown };
    for (const value of Object.values(host)) if (namespaceInfo(value)) this.scope.addNamespace(value as object);
  }
}

/** The namespaces that refs, partials and functions in a message speak of. */
function namespacesOf(wire: WireRefs): Set<string> {
  const names = new Set<string>();
  const look = (json: Json): void => {
    if (typeof json !== "object" || json === null) return;
    if (Array.isArray(json)) for (const item of json as readonly Json[]) look(item);
    else {
      for (const [key, value] of Object.entries(json)) {
        if ((key === "$partial" || key === "$member") && Array.isArray(value)) names.add(String(value[0]));
        if (key === "$closed" && Array.isArray(value) && Array.isArray(value[1]))
          for (const name of value[1]) names.add(String(name));
        look(value);
      }
    }
  };
  for (const [ns, , params] of wire.refs) {
    names.add(ns);
    look(params);
  }
  return names;
}
