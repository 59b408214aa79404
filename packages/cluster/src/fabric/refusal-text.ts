import type { Refusal } from "../transport/guard.js";

/** What to do about a refusal, in one sentence. */
export function refusalText(refusal: string, address: string): string {
  switch (refusal as Refusal) {
    case "token":
      return `The process at ${address} wants another token: set --token-file or GRAPHVM_TOKEN.`;
    case "role":
      return `The process at ${address} knows this token as another role's: a worker shows the workers' token, a client the operator's or an auditor's.`;
    case "tokens":
      return `The process at ${address} got too many wrong tokens: wait a minute, then show the right one.`;
    case "busy":
      return `The process at ${address} has too many links: close some, or raise its limits.connections.`;
    default:
      return `The process at ${address} does not know this kind of link: run the same version of graphvm on both sides.`;
  }
}
