import { describe, expect, test } from "vitest";
import { createApp } from "../../src/http/mod.ts";
import { type LocalService, memoryService, ORIGIN } from "./local_service.ts";

async function ask(service: LocalService, method: string, path: string, headers: Record<string, string>) {
  return await service.send(new Request(`${service.baseUrl}${path}`, { method, headers }));
}

describe("corsOrigins", () => {
  test("allows a listed origin, without credentials", async () => {
    await using service = await memoryService();
    const { headers } = await ask(service, "GET", "/v1/health", { origin: ORIGIN });
    expect(headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(headers.get("access-control-expose-headers")).toContain("retry-after");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    expect(headers.get("vary")).toBe("Origin");
    // A refusal too, or a page could not read why.
    const refused = await ask(service, "GET", "/v1/accounts", { origin: ORIGIN });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, ORIGIN]);
  });

  test("answers a preflight, which a browser remembers", async () => {
    await using service = await memoryService();
    const asked = { origin: ORIGIN, "access-control-request-method": "DELETE" };
    const { status, headers } = await ask(service, "OPTIONS", "/v1/accounts/ann", asked);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(headers.get("access-control-allow-headers")).toContain("authorization");
    expect(headers.get("access-control-max-age")).toBe("7200");
    expect(headers.get("vary")).toContain("Origin");
  });

  test("allows no other origin, and none by default", async () => {
    await using service = await memoryService();
    const { accounts } = service;
    const others = [
      "https://console.example.evil.example",
      "http://console.example",
      `${ORIGIN}:444`,
      "null",
    ];
    for (const origin of others) {
      const asked = { origin, "access-control-request-method": "POST" };
      for (const method of ["GET", "OPTIONS"]) {
        const { headers } = await ask(service, method, "/v1/health", asked);
        expect(headers.get("access-control-allow-origin"), origin).toBeNull();
        expect(headers.get("vary"), origin).toContain("Origin");
      }
    }
    const closed = createApp({ accounts });
    const request = new Request("https://holdfast.example/v1/health", { headers: { origin: ORIGIN } });
    const { headers } = await closed.fetch(request);
    expect([headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual([null, null]);
  });

  test.each(["*", "null", "https://a.example/", "https://a.example/x", "a.example", "HTTPS://a.example"])(
    "refuses %s, which is no origin",
    async (origin) => {
      await using service = await memoryService();
      const { accounts } = service;
      expect(() => createApp({ accounts, corsOrigins: [origin] })).toThrow(RangeError);
    },
  );
});
