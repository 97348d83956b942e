import type { Hono } from "hono";
import { ServiceError } from "../service/mod.ts";
import type { AppEnv } from "./app_env.ts";
import { problemOf, problemResponse } from "./problem.ts";
import { RequestError } from "./request_error.ts";

/**
 * Adds what follows from the other routes: the index of the service, OPTIONS, and what answers a method that
 * a path does not have. Call it last. None of it needs a token, since paths are no secret.
 */
export function describeRoutes(app: Hono<AppEnv>): void {
  app.get("/v1", (c) => c.json({ name: "Holdfast", links }));
  const methodsOf = new Map<string, Set<string>>();
  for (const { method, path } of app.routes)
    if (method !== "ALL") methodsOf.set(path, (methodsOf.get(path) ?? new Set()).add(method));
  const links = [...methodsOf].map(([path, methods]) => ({
    href: path.replace(/:(\w+)/g, "{$1}"),
    methods: [...methods],
  }));
  const patterns = [...methodsOf].map(
    ([path, methods]) => [new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`), methods] as const,
  );
  app.notFound((c) => {
    const { method, path } = c.req;
    const [, methods] = patterns.find(([pattern]) => pattern.test(path)) ?? [];
    if (methods === undefined) {
      const error = new ServiceError("not-found", "find route: no such route");
      return problemResponse(problemOf(error, c.get("requestId")));
    }
    const allow = [...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
    if (method === "OPTIONS") return c.body(null, 204, { allow });
    const error = new RequestError("method-not-allowed", `find route: the path allows ${allow}`);
    const response = problemResponse(problemOf(error, c.get("requestId")));
    response.headers.set("allow", allow);
    return response;
  });
}
