import { hexOf } from "../../../bytes/mod.ts";
import { bearerOf, faultOf, problemOf, problemResponse } from "../../../http/mod.ts";
import { type AccountMetrics, METRICS_TYPE } from "../../../metrics/mod.ts";
import { type Logger, systemRandom } from "../../../ports/mod.ts";
import { authenticate, hashToken, isAdmin, type Registry, ServiceError } from "../../../service/mod.ts";

/** What answers scrapes. */
export interface MetricsRouteOptions {
  readonly registry: Registry;
  readonly adminToken: string;
  readonly metrics: Pick<AccountMetrics, "text">;
  readonly logger: Logger;
}

const PATH = "/metrics";

/**
 * Answers `GET /metrics` for a token that administers the service; `undefined` for every other path. The text
 * names no account, but tells how much goes on.
 */
export function metricsRoute({
  registry,
  adminToken,
  metrics,
  logger,
}: MetricsRouteOptions): (request: Request) => Promise<Response | undefined> {
  const rootHash = hashToken(adminToken);
  return async (request) => {
    if (new URL(request.url).pathname !== PATH) return undefined;
    try {
      if (request.method !== "GET") throw new ServiceError("not-found", "find route: no such route");
      const token = bearerOf(request.headers.get("authorization") ?? undefined);
      const { principal } = await authenticate(token, undefined, { registry, rootHash });
      if (!isAdmin(principal))
        throw new ServiceError("forbidden", "read metrics: the token is not one of an administrator");
      const headers = { "content-type": METRICS_TYPE, "cache-control": "no-store" };
      return new Response(metrics.text(), { headers });
    } catch (error) {
      const requestId = hexOf(systemRandom.bytes(8));
      const problem = problemOf(error, requestId);
      if (problem.status >= 500) logger.log("error", "metrics: failed", { requestId, ...faultOf(error) });
      return problemResponse(problem);
    }
  };
}
