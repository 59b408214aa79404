import { holdsCode } from "@graphvm/rules/internal";
import { RefusedError } from "../errors.js";
import type { Method, Methods } from "../rpc/peer.js";
import type { Role } from "../transport/roles.js";

/** Who may use a master's calls. */
export type ClientRole = Exclude<Role, "worker">;

const OPERATOR: readonly ClientRole[] = ["operator"];
/** For calls that change nothing of a session. What they are given must hold no code. */
const READERS: readonly ClientRole[] = ["operator", "auditor"];

/** Every call of a master and who may use it. One that is missing here can't be served at all. */
export const METHOD_ROLES: { readonly [method: string]: readonly ClientRole[] } = {
  hello: READERS,
  status: READERS,
  look: READERS,
  explain: READERS,
  graph: READERS,
  graphStats: READERS,
  getData: READERS,
  value: READERS,
  getRecording: READERS,
  recordingPiece: READERS,
  nodeDigests: READERS,
  node: READERS,
  nodeValue: READERS,
  runAgain: OPERATOR,
  placeInput: OPERATOR,
  load: OPERATOR,
  remoteEval: OPERATOR,
  addRules: OPERATOR,
  initGraph: OPERATOR,
  jobDeps: OPERATOR,
  dispatchJobs: OPERATOR,
  calc: OPERATOR,
  cancel: OPERATOR,
  wait: OPERATOR,
  setRecording: OPERATOR,
  clearRecording: OPERATOR,
  restart: OPERATOR,
  endCluster: OPERATOR,
};

/**
 * The calls as a role has them: one it may not use refuses whatever comes, and an auditor's params are searched for source
 * text, before anybody reads them.
 */
export function methodsFor(role: ClientRole, methods: Methods): Methods {
  return Object.fromEntries(Object.entries(methods).map(([name, each]) => [name, methodFor(role, name, each)]));
}

function methodFor(role: ClientRole, name: string, method: Method): Method {
  const roles = METHOD_ROLES[name];
  if (!roles) throw new Error(`The call ${name} is missing in METHOD_ROLES: say there who may use it.`);
  if (!roles.includes(role)) return { ...method, gate: () => refuse(role, name, `${name} needs the operator's`) };
  if (role === "operator") return method;
  const gate = (params: unknown): void => {
    if (holdsCode(params)) refuse(role, name, "refs that hold a function's source text need the operator's");
  };
  return { ...method, gate };
}

function refuse(role: ClientRole, name: string, needs: string): never {
  throw new RefusedError(`This is an ${role}'s token, and ${needs}: an ${role} looks, and changes or runs nothing.`, {
    role,
    method: name,
  });
}
