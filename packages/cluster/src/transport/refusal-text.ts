import type { Refusal } from "./guard.js";

/** What to do about a refusal, in one sentence. */
export function refusalText(refusal: unknown, url: string): string | undefined {
  switch (refusal as Refusal) {
    case "token":
      return `The master at ${url} wants another token: set --token-file or GRAPHVM_TOKEN.`;
    case "role":
      return `The master at ${url} knows this token as another role's: a worker shows the workers' token, a client the operator's or an auditor's.`;
    case "host":
      return `The master at ${url} has no token and answers only to its machine's own name: use 127.0.0.1 there, or start it with a token.`;
    case "browser":
      return `The process at ${url} answers no browsers: connect from a program, without an Origin header.`;
    case "certificate":
      return `The process at ${url} wants a certificate that its authority signed: show one with --tls-cert and --tls-key that has not expired.`;
    case "tokens":
      return `The process at ${url} got too many wrong tokens from this address: wait a minute, then show the right one.`;
    case "busy":
      return `The process at ${url} has too many connections: close some, or raise its limits.connections and limits.connectionsPerAddress.`;
    case "path":
      return `The process at ${url} is no graphvm master, or one of another version that does not know this kind of link: check the address.`;
    default:
      return undefined;
  }
}
