import type { Program } from "acorn";

interface Syntax {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a function has of its own at some place in it: an arrow function has neither. */
interface Own {
  readonly self: boolean;
  readonly home: boolean;
}

/**
 * What a function takes from where it stands without naming a variable: an arrow function's `this`, a method's `super`,
 * `import.meta` and `import(...)`, whose meaning is the module's.
 */
export function surroundings(program: Program): string[] {
  const found = new Set<string>();
  visit(program as unknown as Syntax, { self: false, home: false }, found);
  return [...found];
}

function visit(node: Syntax, own: Own, found: Set<string>): void {
  if (node.type === "ThisExpression" && !own.self) found.add("this");
  if (node.type === "Super" && !own.home) found.add("super");
  if (node.type === "ImportExpression") found.add("import");
  if (node.type === "MetaProperty" && (node.meta as Syntax).name === "import") found.add("import.meta");
  const inside = ownOf(node, own);
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) {
      for (const item of child) if (isSyntax(item)) visit(item, inside, found);
    } else if (isSyntax(child)) visit(child, inside, found);
  }
}

function ownOf(node: Syntax, own: Own): Own {
  switch (node.type) {
    case "FunctionExpression":
    case "FunctionDeclaration":
      return { self: true, home: own.home };
    case "ClassBody":
      return { self: true, home: true };
    case "ObjectExpression":
      // the outermost object is the one `asExpression` put around a method
      return { self: own.self, home: own.self };
    default:
      return own;
  }
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
