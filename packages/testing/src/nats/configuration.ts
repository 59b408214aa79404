/** A NATS configuration, in its own words: NATS reads JSON. */
export type NatsConfig = { readonly [key: string]: unknown };

/** A server of the hub: where it listens on loopback, and what it keeps. */
export interface HubPlan {
  readonly name: string;
  readonly ports: { readonly client: number; readonly monitor: number; readonly route: number; readonly leaf: number };
  /** The folder of its JetStream. */
  readonly store: string;
  /** `host:port` of the other servers' routes; none where it is alone. */
  readonly routes: readonly string[];
  /** What it tells other servers to be reached by, where that is not its route port. */
  readonly advertise?: string;
}

/** A leaf node: a server of its own that has no JetStream and reaches the hub by one outgoing connection. */
export interface LeafOptions {
  readonly name: string;
  /** Whom it connects to the hub as; anybody where it is left out. */
  readonly user?: { readonly user: string; readonly password: string; readonly account?: string };
  /** Subjects that don't come in from the hub. */
  readonly denyImports?: readonly string[];
  /** Subjects that don't go out to the hub. */
  readonly denyExports?: readonly string[];
  /** More of its configuration, such as `authorization`. */
  readonly config?: NatsConfig;
}

/** What all servers of a hub have in common. */
export interface HubOptions {
  /** With JetStream (the default), and how many bytes it may keep: NATS's own defaults where left out. */
  readonly jetstream?: boolean | { readonly maxFile?: number; readonly maxMemory?: number };
  /** Bytes of the largest message. */
  readonly maxPayload?: number;
  readonly leaves?: readonly LeafOptions[];
  /** More of their configuration, such as `authorization` or `accounts`. */
  readonly config?: NatsConfig;
}

/** The hub's JetStream: leaf nodes map what their clients ask of a JetStream to this one, which they would not let through else. */
const DOMAIN = "hub";

/** The configuration of a server of the hub. */
export function hubConfig(
  plan: HubPlan,
  { jetstream = true, maxPayload, leaves = [], config = {} }: HubOptions,
): NatsConfig {
  const { ports, store, routes, advertise } = plan;
  const limits = typeof jetstream === "object" ? jetstream : {};
  const users = leaves.flatMap(({ user }) => (user ? [user] : []));
  return merged(
    {
      ...listening(plan.name, ports),
      ...(maxPayload === undefined ? {} : { max_payload: maxPayload }),
      ...(jetstream === false
        ? {}
        : {
            jetstream: defined({
              store_dir: store,
              domain: DOMAIN,
              max_file_store: limits.maxFile,
              max_mem: limits.maxMemory,
            }),
          }),
      ...(routes.length === 0
        ? {}
        : {
            cluster: defined({
              name: "graphvm_hub",
              listen: local(ports.route),
              routes: routes.map(routeUrl),
              advertise,
            }),
          }),
      ...(leaves.length === 0
        ? {}
        : { leafnodes: { listen: local(ports.leaf), ...(users.length === 0 ? {} : { authorization: { users } }) } }),
    },
    config,
  );
}

/**
 * The configuration of a leaf node.
 *
 * @param hub Leaf ports of the hub's servers.
 */
export function leafConfig(
  leaf: LeafOptions,
  ports: { readonly client: number; readonly monitor: number },
  hub: readonly number[],
): NatsConfig {
  const { name, user, denyImports, denyExports, config = {} } = leaf;
  const login = user ? `${user.user}:${user.password}@` : "";
  const urls = hub.map((port) => `nats-leaf://${login}${local(port)}`);
  const remote = defined({ urls, deny_imports: denyImports, deny_exports: denyExports });
  return merged(
    { ...listening(name, ports), leafnodes: { remotes: [remote] }, default_js_domain: { $G: DOMAIN } },
    config,
  );
}

/** A peer that stands still is noticed after some seconds, not after NATS's four minutes. */
function listening(name: string, ports: { readonly client: number; readonly monitor: number }): NatsConfig {
  return {
    server_name: name,
    listen: local(ports.client),
    http: local(ports.monitor),
    ping_interval: "5s",
    ping_max: 2,
  };
}

function local(port: number): string {
  return `127.0.0.1:${port}`;
}

function routeUrl(address: string): string {
  return `nats-route://${address}`;
}

function defined(config: NatsConfig): NatsConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function merged(base: NatsConfig, more: NatsConfig): NatsConfig {
  const out: { [key: string]: unknown } = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const old = out[key];
    out[key] = isPlain(old) && isPlain(value) ? merged(old, value) : value;
  }
  return out;
}

function isPlain(value: unknown): value is NatsConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
