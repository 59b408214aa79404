/**
 * Modules a program shares with its host instead of carrying them: graphvm's own packages, and what their values are
 * instances of. By specifier, the URL of this process's one instance. Each package registers its own.
 */
const hostModules = new Map<string, string>();
const hostNamespaces = new Map<string, string>();

/** @param namespaces Names of the namespaces the module exports: refs to them need no program. */
export function registerHostModule(specifier: string, url: string, namespaces: readonly string[] = []): void {
  hostModules.set(specifier, url);
  for (const namespace of namespaces) hostNamespaces.set(namespace, specifier);
}

/** A host module as another thread of this process registers it. */
export type HostModule = readonly [specifier: string, url: string, namespaces: readonly string[]];

export function listHostModules(): HostModule[] {
  const named = [...hostNamespaces];
  return [...hostModules].map(([specifier, url]) => [
    specifier,
    url,
    named.filter(([, from]) => from === specifier).map(([namespace]) => namespace),
  ]);
}

/** The host module that exports a namespace of that name. */
export function hostOfNamespace(namespace: string): string | undefined {
  return hostNamespaces.get(namespace);
}

export function hostModuleUrls(): ReadonlyMap<string, string> {
  return hostModules;
}

/** The URLs of the host modules that a program's text imports. */
export function findHosts(code: string): string[] {
  return [...hostModules].filter(([specifier]) => code.includes(JSON.stringify(specifier))).map(([, url]) => url);
}

registerHostModule("@graphvm/engine", import.meta.resolve("@graphvm/engine"));
registerHostModule("@graphvm/rules", import.meta.resolve("@graphvm/rules"), ["mr", "num", "stream"]);
registerHostModule("@graphvm/cluster", new URL("../index.js", import.meta.url).href);
