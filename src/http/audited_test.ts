import { describe, expect, test } from "vitest";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import { silentLogger } from "../ports/mod.ts";
import { SqlRegistry } from "../service/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { audited } from "./audited.ts";

describe("audited", () => {
  test("joins what one token repeats on one account within an hour of the clock, where that is asked for", async () => {
    const host = fakeHost();
    const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
    const registry = await SqlRegistry.open(driver, host.clock);
    host.clock.advance(3_600_000 - (host.clock.nowMs() % 3_600_000));
    const read = async (account: string, by: string, joined = true) =>
      await audited(
        { principal: { id: by } },
        { accounts: { registry }, host },
        { action: "snapshot.unredacted", account },
        async () => {},
        { joined },
      );
    for (let reads = 0; reads < 1_000; reads += 1) await read("ann", "t1");
    host.clock.advance(3_599_999);
    await read("ann", "t1");
    await read("ben", "t1");
    await read("ann", "t2");
    host.clock.advance(1);
    await read("ann", "t1");
    await read("ann", "t1", false);
    const listed = await registry.listActions({ after: undefined, limit: 10 });
    expect(listed.map(({ account, by, times }) => [account, by, times])).toEqual([
      ["ann", "t1", undefined],
      ["ann", "t1", undefined],
      ["ann", "t2", undefined],
      ["ben", "t1", undefined],
      ["ann", "t1", 1_001],
    ]);
    driver.close();
  });
});
