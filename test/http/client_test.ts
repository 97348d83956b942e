import { hc } from "hono/client";
import { describe, expect, test } from "vitest";
import type { AppType } from "../../src/http/mod.ts";
import { memoryService } from "./local_service.ts";

describe("AppType", () => {
  test("types every route that answers JSON for hono/client", async () => {
    await using service = await memoryService();
    const client = (token: string) =>
      hc<AppType>(service.baseUrl, {
        headers: { authorization: `Bearer ${token}` },
        fetch: async (...[url, init]: Parameters<typeof fetch>) => await service.send(new Request(url, init)),
      });
    const admin = client(service.adminToken).v1;
    const status: "ok" = (await (await admin.health.$get()).json()).status;
    expect(status).toBe("ok");
    expect(await (await admin["openapi.json"].$get()).json()).toHaveProperty("openapi", "3.1.0");
    const created = await admin.accounts.$post({ json: { name: "ann" } });
    const { name, created: isNew }: { name: string; created: boolean } = await created.json();
    expect([created.status, name, isNew]).toEqual([201, "ann", true]);
    const { accounts } = await (await admin.accounts.$get({ query: { limit: "5" } })).json();
    expect(accounts.map((account) => account.name)).toEqual(["ann"]);
    const issued = await (
      await admin.tokens.$post({ json: { account: "ann", permissions: ["account"] } })
    ).json();
    const { tokens } = await (await admin.tokens.$get({ query: { account: "ann" } })).json();
    expect(tokens.map(({ id }) => id)).toEqual([issued.id]);

    const account = client(issued.token).v1.accounts[":account"];
    const param = { account: "ann" };
    const commands = [{ kind: "incrementLoginCounter" } as const];
    const saved = await (await account.device.commands.$post({ param, json: { commands } })).json();
    expect(saved.open).toBe(true);
    const device = await (await account.device.$get({ param })).json();
    expect(device.loginCounter).toBe(1);
    const flushed = await (await account.flush.$post({ param })).json();
    expect(flushed.isolated).toBe(0);
    const stats = await (await account.stats.$get({ param })).json();
    expect(stats.account?.saver.consecutiveFailures).toBe(0);
    const snapshot = await (await account.snapshot.$get({ param, query: { redacted: "true" } })).json();
    expect(snapshot.database.account).toBe("ann");

    expect((await admin.tokens[":id"].$delete({ param: { id: issued.id } })).status).toBe(204);
    expect((await admin.accounts[":account"].$delete({ param })).status).toBe(204);
  });
});
