import { describe, expect, expectTypeOf, test } from "vitest";
import { DirectoryWorld } from "../../test/support/account/directory_world.ts";
import { directory } from "./mod.ts";

describe("directory", () => {
  test("returns the same directory for an account", async () => {
    const { account } = await new DirectoryWorld().open();
    expect(directory(account)).toBe(directory(account));
    await account.close();
  });

  test("offers `learn` on the directory alone", async () => {
    const { account, directory: opened } = await new DirectoryWorld().open();
    expectTypeOf(account.lid).not.toHaveProperty("learn");
    expectTypeOf(opened.lid).not.toHaveProperty("learn");
    expect(opened.lid).toBe(account.lid);
    await account.close();
  });

  test("knows which user is ours from the device", async () => {
    const { account, directory: opened } = await new DirectoryWorld().open();
    account.device.processCommand({ kind: "setId", pn: "15550000001:3@s.whatsapp.net" });
    const peer = { lid: "200000000000002", phoneNumber: "15550000002" };
    const told = [{ ...peer, phoneNumber: "15550000001" }, peer];
    expect(await opened.learn(told, { source: "usync" })).toMatchObject({ written: 1, refused: 1 });
    expect(await account.lid.getLids(["15550000001", "15550000002"])).toEqual([undefined, peer.lid]);
    await account.close();
  });

  test("reports phone numbers whose known LID is contradicted", async () => {
    const { account, directory: opened } = await new DirectoryWorld().open();
    const known = { lid: "200000000000002", phoneNumber: "15550000002" };
    await opened.learn([known, { lid: "200000000000003", phoneNumber: "15550000003" }], { source: "usync" });
    const told = [{ ...known, lid: "200000000000003" }];
    const { written, contradicted } = await opened.learn(told, { source: "device_notification" });
    expect([written, contradicted]).toEqual([0, ["15550000002", "15550000003"]]);
    await account.close();
  });
});
