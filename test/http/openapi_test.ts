import { describe, expect, test } from "vitest";
import { ROUTES } from "../kit/service/routes.ts";
import { memoryService } from "./local_service.ts";

describe("GET /v1/openapi.json", () => {
  // The list of routes in the service cases must be complete too.
  test("describes exactly the routes of the application", async () => {
    await using service = await memoryService();
    const routes = service.app.routes.filter(({ method }) => method !== "ALL");
    const served = new Set(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`));
    const document = await (await service.app.request("/v1/openapi.json")).json();
    const described = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((name) => name !== "parameters")
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([...served].sort());
    const tested = ROUTES.map(({ method, pattern }) => `${method} ${pattern.replace(/:(\w+)/g, "{$1}")}`);
    expect([...tested, "GET /v1/openapi.json"].sort()).toEqual(described);
  });

  test("has no dangling reference and no repeated operation id", async () => {
    await using service = await memoryService();
    const text = await (await service.app.request("/v1/openapi.json")).text();
    const document = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path.split("/"));
    expect(references.length).toBeGreaterThan(10);
    for (const path of references) {
      expect(path.reduce((part, name) => part?.[name], document)).toBeDefined();
    }
    const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
