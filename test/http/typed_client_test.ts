import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import { describe, expect, test } from "vitest";
import type { paths } from "../../src/exports/openapi.ts";
import { memoryService } from "./local_service.ts";

/** The program of docs/guide/http.md. */
async function newBot(url: string, adminToken: string, fetch: typeof globalThis.fetch): Promise<string> {
  const client = createClient<paths>({
    baseUrl: url,
    headers: { authorization: `Bearer ${adminToken}` },
    fetch,
  });

  await client.POST("/v1/accounts", { body: { name: "bot-1" } });
  const { data, error } = await client.POST("/v1/tokens", {
    body: { account: "bot-1", permissions: ["account"], expiresInS: 7_776_000 },
  });
  if (data === undefined) throw new Error(`${error.code}: ${error.message}`);
  return data.token;
}

describe("the types of the subpath openapi", () => {
  test("type a client of openapi-fetch", async () => {
    await using service = await memoryService();
    const send = async (request: Request): Promise<Response> => await service.send(request);
    const token = await newBot(service.baseUrl, service.adminToken, send as typeof fetch);
    expect(token).toMatch(/^hf_[0-9a-f]{16}_/);
    const client = createClient<paths>({
      baseUrl: service.baseUrl,
      headers: { authorization: `Bearer ${token}` },
      fetch: send,
    });
    const path = { account: "bot-1" };
    const stats = await client.GET("/v1/accounts/{account}/stats", { params: { path } });
    const open: boolean | undefined = stats.data?.open;
    expect(open).toBe(false);
    const refused = await client.POST("/v1/tokens", { body: { permissions: ["account"] } });
    // A refusal is typed, too.
    const code: string | undefined = refused.error?.code;
    expect([refused.response.status, code]).toEqual([403, "forbidden"]);
    // @ts-expect-error There is no such permission.
    await client.POST("/v1/tokens", { body: { permissions: ["root"] } });
    // @ts-expect-error There is no such path.
    await client.GET("/v1/nowhere", {}).catch(() => {});
  });

  test("are used in the guide as they are here", async () => {
    const program = (text: string): string => {
      const [, body = ""] = /async function newBot\([^{]*\{([\s\S]*?)\n\}/.exec(text) ?? [];
      // The formatter of the code breaks other lines than the guide.
      return body.replaceAll(/\s+/g, " ").replaceAll(/,(?= [}\])])/g, "");
    };
    const guide = await readFile("docs/guide/http.md", "utf8");
    const here = await readFile("test/http/typed_client_test.ts", "utf8");
    expect(program(guide).length).toBeGreaterThan(200);
    expect(program(guide)).toBe(program(here));
  });
});
