import type { MiddlewareHandler } from "hono";
import { ArgumentRangeError } from "../errors/mod.ts";

/** Scheme, host and port as browsers write them: lower case, and no slash at the end. */
const ORIGIN = /^[a-z][\w+.-]*:\/\/[a-z\d._:[\]-]+$/;

/** The answer of a preflight. A browser may remember it for two hours, which is Chromium's maximum. */
const PREFLIGHT: Readonly<Record<string, string>> = {
  "access-control-allow-headers": "authorization, content-type, x-request-id",
  "access-control-allow-methods": "GET, POST, PUT, DELETE",
  "access-control-max-age": "7200",
};

/**
 * Allows pages of these origins to call the service, without credentials of the browser. The middleware of
 * `hono/cors` does the same with options that a Worker would bundle and not use.
 *
 * @throws {RangeError} When one is no origin, such as `*` or a URL with a path.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  if (!origins.every((origin) => ORIGIN.test(origin)))
    throw new ArgumentRangeError(
      "create app: an entry of corsOrigins is no origin, expected one such as https://console.example",
    );
  return async (c, next) => {
    const origin = c.req.header("origin") ?? "";
    const isPreflight =
      c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    if (isPreflight) c.res = c.body(null, 204, PREFLIGHT);
    else await next();
    const { headers } = c.res;
    // Also for origins that are not allowed, or a cache would give their answer to others.
    headers.set("vary", "Origin");
    if (!origins.includes(origin)) return;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "allow, retry-after, www-authenticate, x-request-id");
  };
}
