import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

interface Schema {
  /** Where the schema of a kind is, by `apiVersion kind`. */
  readonly kinds: { readonly [kind: string]: string };
}

const file = new URL("../fixtures/kubernetes-1.33.schema.json", import.meta.url);
const schema = JSON.parse(readFileSync(file, "utf8")) as Schema;
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false }).addSchema(schema, "kubernetes");

/** What is wrong with a manifest by Kubernetes' own schema, where a field that it does not know is wrong too. */
export function kubernetesErrors(manifest: unknown): string[] {
  const { apiVersion, kind } = (manifest ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown };
  const place = schema.kinds[`${apiVersion} ${kind}`];
  if (place === undefined) return [`${apiVersion} ${kind} is no kind that test/fixtures has the schema of`];
  const valid = ajv.getSchema(`kubernetes${place}`)!;
  if (valid(manifest)) return [];
  return valid.errors!.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
