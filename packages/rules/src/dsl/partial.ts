import { PARTIAL, type PartialParts } from "@graphvm/engine/internal";
import { NamespaceError } from "../errors.js";
import { memberOf } from "./definition.js";
import { checkParams } from "./params.js";

/**
 * A rule (or macro) with every param but the first bound. It is a function of that first param, and a value: it can be a
 * param of another rule, such as the mapper of `mr.mapReduce`. It keeps the namespace it was made in: made while a clone's
 * rule runs it is the clone's, made elsewhere it stays the base's even when a clone's rule calls it.
 *
 * @example partial(ml.downsample, "isFraud", 0.05)
 */
export function partial<H, A extends unknown[], R>(target: (head: H, ...rest: A) => R, ...rest: A): (head: H) => R {
  const named = memberOf(target);
  if (!named) throw new NamespaceError("partial() takes a rule or macro of a namespace: name it as ns.rule.", {});
  const member = memberOf(named.current()) ?? named;
  const parts: PartialParts = {
    ns: member.ns,
    name: member.name,
    rest: checkParams(rest, `${member.ns}.${member.name}`),
  };
  const direct = member.direct as (head: H, ...rest: A) => R;
  const bound = (head: H): R => direct(head, ...(parts.rest as A));
  return Object.defineProperty(bound, PARTIAL, { value: parts });
}
