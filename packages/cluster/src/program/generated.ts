import { createHash } from "node:crypto";
import { CapturedVariableError } from "@graphvm/engine";
import * as rules from "@graphvm/rules";
import { freeVariables, memberOf } from "@graphvm/rules/internal";
import { SESSION_MODULE } from "./session-module.js";

/** The bodies of rules that are added to a namespace of a live session, by name. */
export type RuleBodies = { readonly [name: string]: (...params: never[]) => unknown };

/**
 * Writes the module that adds rules to a namespace. Bodies may use the DSL's names and the session's namespaces, and
 * nothing else from outside.
 *
 * @throws CapturedVariableError
 */
export function rulesModule(ns: string, bodies: RuleBodies, namespaces: readonly string[]): string {
  const dsl = new Set<string>(["rule"]);
  const session = new Set<string>();
  const entries: string[] = [];
  for (const [name, body] of Object.entries(bodies)) {
    const free = memberOf(body) ? undefined : freeVariables(body);
    const others = (free?.names ?? [name]).filter((each) => {
      if (each === ns) return false;
      if (namespaces.includes(each)) return !session.add(each);
      return each in rules ? !dsl.add(each) : true;
    });
    if (!free || others.length > 0) throw captures(ns, name, others);
    entries.push(`  ${JSON.stringify(name)}: rule(${free.source}),`);
  }
  return [
    `import { ${[...dsl].sort().join(", ")} } from "@graphvm/rules";`,
    `import { ${["extend", ...[...session].sort()].join(", ")} } from "${SESSION_MODULE}";`,
    `export const ${ns} = extend(${JSON.stringify(ns)}, {`,
    ...entries,
    "});",
  ].join("\n");
}

/** A name for a generated program: equal text has an equal name. */
export function generatedName(kind: string, source: string): string {
  return `${kind}-${createHash("sha256").update(source).digest("hex").slice(0, 8)}`;
}

function captures(ns: string, name: string, variables: readonly string[]): CapturedVariableError {
  const what = variables.map((each) => `"${each}"`).join(", ");
  return new CapturedVariableError(
    `The rule ${ns}.${name} captures ${what}: addRules takes bodies that use the DSL and the session's namespaces only; load a module for the rest.`,
    { rule: `${ns}.${name}`, variables },
  );
}
