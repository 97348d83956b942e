import type { Clock, Logger } from "../../../ports/mod.ts";
import type { ServiceConsole } from "./service_console.ts";

/** Routes of the API of the console. The name of an account is never logged. */
const ROUTES: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/console$/, "/v1/console"],
  [/^\/v1\/console\/accounts$/, "/v1/console/accounts"],
  [/^\/v1\/console\/events$/, "/v1/console/events"],
  [/^\/v1\/console\/accounts\/[^/]+$/, "/v1/console/accounts/:account"],
  [/^\/v1\/console\/accounts\/[^/]+\/verify$/, "/v1/console/accounts/:account/verify"],
  [/^\/v1\/console\/accounts\/[^/]+\/actions\/[^/]+$/, "/v1/console/accounts/:account/actions/:action"],
  [/^\/v1\/console\//, "/v1/console/*"],
];

/**
 * Answers what is of the console, and logs each request of its API, also one that is refused. Pages are not
 * logged.
 */
export function loggedConsole(
  pages: Pick<ServiceConsole, "answer">,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): ServiceConsole["answer"] {
  return async (request) => {
    const startedAtMs = clock.nowMs();
    const response = await pages.answer(request);
    const { pathname } = new URL(request.url);
    const route = ROUTES.find(([pattern]) => pattern.test(pathname))?.[1];
    if (response === undefined || route === undefined) return response;
    const requestId = response.headers.get("x-request-id") ?? undefined;
    const tookMs = clock.nowMs() - startedAtMs;
    const { method } = request;
    logger.log("info", "http: answered", { requestId, method, route, status: response.status, tookMs });
    return response;
  };
}
