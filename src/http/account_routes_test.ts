import { describe, expect, test } from "vitest";
import type { AccountHandle, AccountService, Registry } from "../service/mod.ts";
import { hashToken, makeToken } from "../service/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { createApp } from "./mod.ts";

/** Sends a request to an application, and returns the bytes that it counts as and its status. */
async function counted(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly bytes: readonly number[]; readonly status: number }> {
  const host = fakeHost();
  const { token, id } = await makeToken(host.random);
  const stored = {
    id,
    hash: await hashToken(token),
    account: "ann",
    permissions: ["account", "erase"],
    label: "",
    createdAtMs: 0,
  };
  const bytes: number[] = [];
  const accounts = {
    registry: {
      admit: async () => ({ account: "present", registeredAtMs: 1, token: stored }),
      beginDelete: async () => true,
      endDelete: async () => {},
      recordAction: async () => {},
    } as unknown as Registry,
    account: () =>
      ({ deleteAccount: async () => {}, device: async () => undefined }) as unknown as AccountHandle,
    enter: (_: string, bodyBytes: number) => {
      bytes.push(bodyBytes);
      return { addItems: () => {}, leave: () => {} };
    },
  } satisfies AccountService;
  // As `@hono/node-server` makes it: every request with a method like DELETE has a body, of unknown length.
  const body = new ReadableStream({ start: (controller) => controller.close() });
  const request = new Request(`https://holdfast.example/v1/accounts/ann${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(method === "GET" ? {} : { body, duplex: "half" }),
  } as RequestInit);
  const limits = { jsonBytes: 1_000, callBytes: 100_000 };
  const { status } = await createApp({ accounts, host, limits }).fetch(request);
  return { bytes, status };
}

describe("accountRoutes", () => {
  test("counts a request without arguments as no bytes", async () => {
    expect(await counted("DELETE", "")).toEqual({ bytes: [0], status: 204 });
    expect(await counted("DELETE", "", { "content-length": "9999999" })).toEqual({ bytes: [0], status: 204 });
    expect((await counted("GET", "/device")).bytes).toEqual([0]);
  });

  test("counts a body as its length, and as the limit if that is unknown", async () => {
    expect((await counted("POST", "/device/commands", { "content-length": "7" })).bytes).toEqual([7]);
    for (const length of [undefined, "many", "-1", "1e9", "5000"]) {
      const headers: Record<string, string> = length === undefined ? {} : { "content-length": length };
      expect((await counted("POST", "/device/commands", headers)).bytes, length).toEqual([1_000]);
      if (length !== "5000") expect((await counted("POST", "/backend", headers)).bytes).toEqual([100_000]);
    }
  });
});
