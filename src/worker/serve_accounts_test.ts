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
});
