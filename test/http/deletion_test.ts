import { describe, expect, test } from "vitest";
import { BackendError } from "../../src/errors/mod.ts";
import { pathOf, ServiceClient } from "../kit/service/client.ts";
import { memoryService } from "./local_service.ts";

describe("DELETE /v1/accounts/:account", () => {
  test("does not change the next account when it ends late", async () => {
    await using service = await memoryService();
    const { accounts } = service;
    const client = new ServiceClient(service);
    const name = client.newName("late");
    await client.create(name);
    const { registeredAtMs } = await service.registry.admit(undefined, name);
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let isReached = false;
    const { account } = accounts;
    // The first deletion returns late from its last step.
    accounts.account = (...args) => {
      const handle = account.apply(accounts, args);
      const isFirst = !isReached;
      const deleteAccount = async (): Promise<void> => {
        isReached = true;
        await handle.deleteAccount();
        if (isFirst) await held;
      };
      return { ...handle, deleteAccount };
    };
    const late = client.json("DELETE", pathOf(name, ""), 204);
    await expect.poll(() => isReached).toBe(true);
    await client.json("DELETE", pathOf(name, ""), 204);
    await client.create(name);
    const token = await client.issue(name, "account");
    await client.makeDevice({ name, token });
    go();
    await late;
    await client.json("GET", pathOf(name, "/device"), 200, { token });
    const next = await service.registry.admit(undefined, name);
    // The clock of the test does not move.
    expect(next).toMatchObject({ account: "present", registeredAtMs: (registeredAtMs ?? 0) + 1 });
  });

  test("lists the account as deleting until a deletion succeeds", async () => {
    await using service = await memoryService();
    const { accounts } = service;
    const client = new ServiceClient(service);
    const [stuck, other] = [client.newName("stuck"), client.newName("well")];
    await client.create(stuck);
    await client.create(other);
    const { account } = accounts;
    accounts.account = (...args) => ({
      ...account.apply(accounts, args),
      deleteAccount: () => Promise.reject(new BackendError("delete account: no database")),
    });
    const listed = async (): Promise<unknown> => {
      const { accounts: all } = (await client.json("GET", "/v1/accounts", 200)) as {
        readonly accounts: readonly { readonly name: string; readonly deleting?: true }[];
      };
      return all.map(({ name, deleting }) => [name, deleting]);
    };
    await client.refused("DELETE", pathOf(stuck, ""), { token: service.adminToken }, 500, "failed");
    expect(await listed()).toEqual([
      [stuck, true],
      [other, undefined],
    ]);
    accounts.account = account;
    await client.json("DELETE", pathOf(stuck, ""), 204);
    expect(await listed()).toEqual([[other, undefined]]);
  });
});
