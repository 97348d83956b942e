import { describe, expect, test } from "vitest";
import { pathOf, ServiceClient } from "../kit/service/client.ts";
import { memoryService } from "./local_service.ts";

describe("a token with an end", () => {
  test("is refused from then on, like one that is unknown", async () => {
    await using service = await memoryService();
    const client = new ServiceClient(service);
    await client.create("ann");
    const json = { account: "ann", permissions: ["account"], expiresInS: 60 };
    const { token } = (await client.json("POST", "/v1/tokens", 201, { json })) as { readonly token: string };
    const path = "/v1/accounts/ann/stats";
    service.host.clock.advance(59_999);
    await client.json("GET", path, 200, { token });
    service.host.clock.advance(1);
    const expired = await client.refused("GET", path, { token }, 401, "unauthorized");
    const unknown = `hf_${"0".repeat(16)}_${"1".repeat(64)}`;
    const other = await client.refused("GET", path, { token: unknown }, 401, "unauthorized");
    expect({ ...expired, requestId: "" }).toEqual({ ...other, requestId: "" });
  });

  test("shows its last use in the list, some seconds later", async () => {
    await using service = await memoryService();
    const client = new ServiceClient(service);
    const { name, token } = await client.account("used");
    const usedAtMs = async () => {
      const { tokens } = (await client.json("GET", "/v1/tokens", 200)) as {
        readonly tokens: readonly { readonly lastUsedAtMs?: number }[];
      };
      return tokens[0]?.lastUsedAtMs;
    };
    await client.json("GET", pathOf(name, "/stats"), 200, { token });
    expect(await usedAtMs()).toBeUndefined();
    await service.registry.writeUses();
    expect(await usedAtMs()).toBe(service.host.clock.nowMs());
  });
});
