import { describe, expect, test } from "vitest";
import { ServiceError } from "../service/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { ConsoleApi } from "./console_api.ts";
import type { ConsoleSource } from "./console_source.ts";

const TOKEN = "a-token";

interface Live {
  readonly host: ReturnType<typeof fakeHost>;
  readonly changedByTime: () => readonly string[];
  readonly isDown: () => boolean;
}

function apiOf(source: Partial<ConsoleSource>, live?: Live) {
  const host = live?.host ?? fakeHost();
  const api = new ConsoleApi({
    source: {
      info: async () => ({ kind: "file", shown: "x", readOnly: true, actions: [], live: false }),
      accounts: async () => ({ accounts: [] }),
      account: async () => {
        throw new ServiceError("not-found", "find account: no such account");
      },
      verify: async () => ({ rows: 0, findings: 0 }),
      ...source,
    },
    live: live && {
      rows: async () => {
        if (live.isDown()) throw new Error("no database");
        return [];
      },
      open: () => null,
      changedByTime: live.changedByTime,
    },
    version: "1.2.3",
    authorize: async (token) => {
      if (token === TOKEN) return "id";
      throw new ServiceError("unauthorized", "authenticate: no valid token");
    },
    host,
  });
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${TOKEN}`, ...init.headers };
    const answer = await api.answer(new Request(`http://x${path}`, { ...init, headers }));
    if (answer === undefined) throw new Error(`${path}: not answered`);
    return answer;
  };
  return { api, ask, host };
}

describe("ConsoleApi", () => {
  test("answers what is below its path, and nothing else", async () => {
    const { api, ask, host } = apiOf({});
    for (const path of ["/", "/v1", "/v1/consoles", "/v1/accounts"])
      expect(await api.answer(new Request(`http://x${path}`))).toBeUndefined();
    const info = await (await ask("/v1/console")).json();
    expect(info).toMatchObject({ kind: "file", version: "1.2.3", nowMs: host.clock.nowMs() });
  });

  test("answers 64 requests at a time, and then says so", async () => {
    let open: () => void = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { ask } = apiOf({
      accounts: async () => {
        await opened;
        return { accounts: [] };
      },
    });
    const running = Array.from({ length: 64 }, () => ask("/v1/console/accounts"));
    await Promise.resolve();
    const refused = await ask("/v1/console/accounts");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    open();
    for (const answer of await Promise.all(running)) expect(answer.status).toBe(200);
    expect((await ask("/v1/console/accounts")).status).toBe(200);
  });

  test("takes limits for the action that sets them, and says which one is none", async () => {
    const asked: unknown[] = [];
    const { ask } = apiOf({
      info: async () => ({
        kind: "service",
        shown: "x",
        readOnly: false,
        actions: ["limit", "flush"],
        live: false,
      }),
      act: async (action) => {
        asked.push(action);
        return { said: "Done." };
      },
    });
    const act = async (action: string, body: object): Promise<object> => {
      const init = { method: "POST", body: JSON.stringify({ confirm: "a", ...body }) };
      const headers = { "content-type": "application/json" };
      return (await ask(`/v1/console/accounts/a/actions/${action}`, { ...init, headers })).json();
    };
    expect(await act("limit", { limits: { maxRows: 5 } })).toEqual({ said: "Done." });
    expect(asked).toEqual([
      { account: "a", action: "limit", by: "id", confirm: "a", limits: { maxRows: 5 } },
    ]);
    expect(await act("limit", { limits: { maxFiles: 5 } })).toMatchObject({ status: 400 });
    expect(await act("limit", { limits: { requestsPerMinute: 0 } })).toMatchObject({
      errors: [{ in: "body", pointer: "#/limits/requestsPerMinute", rule: "minimum", allowed: 1 }],
    });
    expect(await act("limit", {})).toMatchObject({
      status: 400,
      message: expect.stringContaining('"limits"'),
    });
    expect(await act("flush", { limits: {} })).toMatchObject({ status: 400 });
    expect(asked).toHaveLength(1);
  });

  test("says nothing of an unexpected error, and logs it without its message", async () => {
    const { ask, host } = apiOf({
      account: async () => {
        throw new Error("a secret of 32 bytes");
      },
    });
    const answer = await ask("/v1/console/accounts/a");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret");
    expect(JSON.stringify(host.logger.entries)).not.toContain("secret");
    expect(host.logger.messages("error")).toEqual(["console: failed"]);
  });

  test("tells the problem of a check as its last event, and ends a check that nobody reads", async () => {
    let rows = 0;
    const { ask } = apiOf({
      verify: async (name, listener) => {
        if (name === "absent") throw new ServiceError("not-found", "find account: no such account");
        for (;;) {
          rows += 1;
          listener.progress({ table: "session", rows });
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    const text = await (await ask("/v1/console/accounts/absent/verify")).text();
    expect(text).toContain('event: problem\ndata: {"code":"not-found"');
    const running = await ask("/v1/console/accounts/a/verify");
    await running.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = rows;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rows).toBe(before);
  });

  test("tells a thousand findings to a reader that reads", async () => {
    const { ask } = apiOf({
      verify: async (_name, listener) => {
        for (let n = 0; n < 1_000; n += 1)
          await listener.finding({ where: "session", text: "x".repeat(500), advice: "y".repeat(200) });
        return { rows: 1_000, findings: 1_000 };
      },
    });
    const text = await (await ask("/v1/console/accounts/a/verify")).text();
    expect(text.split("event: finding").length - 1).toBe(1_000);
    expect(text).toContain("event: done");
  });

  test("logs the first of the updates that fail in a row", async () => {
    let isDown = true;
    const host = fakeHost();
    const { ask, api } = apiOf({}, { host, changedByTime: () => ["a"], isDown: () => isDown });
    const stream = await ask("/v1/console/events");
    await host.scheduler.advance(5_000);
    expect(host.logger.messages("error")).toEqual(["console: an update failed"]);
    isDown = false;
    await host.scheduler.advance(1_000);
    isDown = true;
    await host.scheduler.advance(2_000);
    expect(host.logger.messages("error")).toHaveLength(2);
    await stream.body?.cancel();
    api.stop();
  });
});
