// Whether the master of this container answers: exit code 0. GRAPHVM_HEALTH names another address than its default.
const url = process.env.GRAPHVM_HEALTH ?? "http://127.0.0.1:7225/healthz";
const answer = await fetch(url, { signal: AbortSignal.timeout(4000) }).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);
