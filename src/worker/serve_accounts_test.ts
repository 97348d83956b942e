import { describe, expect, test } from "vitest";
import { silentLogger } from "../ports/mod.ts";
import { type AccountsEnv, serveAccounts } from "./serve_accounts.ts";

const NAMESPACE = { idFromName: (name: string) => name, get: () => ({ fetch: async () => new Response() }) };

function serve(env: Partial<AccountsEnv>): Promise<Response> {
  return serveAccounts(new Request("https://service.example/v1/health"), env as AccountsEnv, silentLogger);
}

describe("serveAccounts", () => {
  test("names a missing binding", async () => {
    await expect(serve({})).rejects.toThrow("the binding ACCOUNTS is missing");
    await expect(serve({ ACCOUNTS: NAMESPACE })).rejects.toThrow("the binding REGISTRY is missing");
    expect((await serve({ ACCOUNTS: NAMESPACE, REGISTRY: NAMESPACE })).status).toBe(200);
  });

  test("names an admin token that is too short, without its text", async () => {
    const env = { ACCOUNTS: NAMESPACE, REGISTRY: NAMESPACE, HOLDFAST_ADMIN_TOKEN: "short-secret" };
    await expect(serve(env)).rejects.toThrow(/HOLDFAST_ADMIN_TOKEN\) has 12 characters/);
    await expect(serve(env)).rejects.not.toThrow("short-secret");
  });

  test("names what is wrong with the limits of accounts, without their text", async () => {
    const serveWith = (limits: string): Promise<Response> =>
      serve({ ACCOUNTS: NAMESPACE, REGISTRY: NAMESPACE, HOLDFAST_ACCOUNT_LIMITS: limits });
    expect((await serveWith('{ "maxBytes": 5, "requestsPerMinute": 1 }')).status).toBe(200);
    for (const [limits, why] of [
      ["token-secret", "is not JSON"],
      ["null", "# breaks type: object"],
      ['{ "maxbytes": 5 }', "# breaks additionalProperties: maxBytes,maxRows,requestsPerMinute"],
      ['{ "maxRows": "many-secret" }', "#/maxRows breaks type: integer"],
      ['{ "maxBytes": -1 }', "#/maxBytes breaks minimum: 0"],
      ['{ "requestsPerMinute": 0 }', "#/requestsPerMinute breaks minimum: 1"],
    ] as const) {
      const refused = serveWith(limits);
      await expect(refused, limits).rejects.toThrow(TypeError);
      await expect(refused, limits).rejects.toThrow(`HOLDFAST_ACCOUNT_LIMITS ${why}`);
      await expect(refused, limits).rejects.not.toThrow("secret");
    }
  });
});
