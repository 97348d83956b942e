import { describe, expect, test } from "vitest";
import { BusyError, ClosedError, HaltedError } from "../../src/errors/mod.ts";
import { pathOf, ServiceClient } from "../kit/service/client.ts";
import { memoryService } from "./local_service.ts";

describe("createApp", () => {
  test.each([
    ["busy", new BusyError("commit: busy")],
    ["closed", new ClosedError("commit: closed")],
    ["halted", new HaltedError("commit: halted")],
  ])("answers %s with 503 and when to try again", async (code, error) => {
    await using service = await memoryService();
    const { accounts } = service;
    const client = new ServiceClient(service);
    const { name, token } = await client.account("later");
    const { account } = accounts;
    accounts.account = (...args) => ({
      ...account.apply(accounts, args),
      stats: () => Promise.reject(error),
    });
    await client.refused("GET", pathOf(name, "/stats"), { token }, 503, code);
  });

  test("logs the stack of an unexpected error without its message", async () => {
    await using service = await memoryService();
    const { accounts } = service;
    const client = new ServiceClient(service);
    const { name, token } = await client.account("fault");
    const { account } = accounts;
    for (const error of [
      new TypeError("secret\n    at secret (secret:1:1)"),
      new RangeError("secret"),
      new Error("$& secret"),
    ]) {
      accounts.account = (...args) => ({
        ...account.apply(accounts, args),
        stats: () => Promise.reject(error),
      });
      const logged = service.host.logger.messages("error").length;
      await client.refused("GET", pathOf(name, "/stats"), { token }, 500, "failed");
      expect(service.host.logger.messages("error")).toHaveLength(logged + 1);
    }
    expect(service.logs?.()).toContain("fault_test");
    expect(service.logs?.()).toContain("TypeError");
    expect(service.logs?.()).not.toContain("secret");
  });
});
