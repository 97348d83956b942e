import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { LearningSource, LidPnMapping } from "../backend/mod.ts";
import { createDevice } from "../device/mod.ts";
import { directory } from "../directory/mod.ts";
import { BackendError } from "../errors/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { type Account, openAccount } from "./mod.ts";

const [PN, LID] = ["15550000001", "915550000001"];
const OURS = { pn: `${PN}:3@s.whatsapp.net`, lid: `${LID}:3@lid` };
const [PEER_PN, PEER_LID] = ["15550000002", "200000000000002"];

/** One database; each opening is a process of its own. */
class World {
  readonly database = new MemoryDatabase();
  readonly plan = new FaultPlan();

  async open(own: { pn?: string; lid?: string } = OURS): Promise<Account> {
    const host = fakeHost({ seed: 1 });
    const backend = faultyCommitter(memoryBackend({ database: this.database }), this.plan, {
      clock: host.clock,
    });
    return await openAccount({
      ...{ backend, host, saverIntervalMs: "manual", housekeeping: false },
      newDevice: async (given) => ({ ...(await createDevice(given)), ...own }),
    });
  }

  async put(
    lid: string,
    phoneNumber: string,
    learningSource: LearningSource = "other",
    createdAt = 9e9,
  ): Promise<void> {
    const entry = { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource };
    const account = await this.open();
    await account.store.putLidMapping(entry);
  }

  async stored(): Promise<string[]> {
    const found: LidPnMapping[] = [];
    for await (const mapping of memoryBackend({ database: this.database }).getAllLidMappings())
      found.push(mapping);
    return found.map(({ lid, phoneNumber }) => `${lid} ${phoneNumber}`).sort();
  }
}

describe("openAccount", () => {
  test("stores our own mapping once", async () => {
    const world = new World();
    const account = await world.open();
    expect(await world.stored()).toEqual([`${LID} ${PN}`]);
    expect([await account.lid.getLid(PN), await account.lid.getPn(LID)]).toEqual([LID, PN]);
    const commits = [await world.open(), await world.open()].map((again) => again.stats().commits);
    expect(commits[0]).toBe(commits[1]);
    expect(commits[0]).toBeLessThan(account.stats().commits);
  });

  test("removes what pairs us with another user, and what is swapped", async () => {
    const world = new World();
    await world.put(PEER_LID, PN);
    await world.put("300000000000003", PN);
    await world.put(PN, LID);
    await world.put(PEER_LID, LID);
    await world.put(LID, PEER_PN);
    await world.put("400000000000004", "15550000004");
    const account = await world.open();
    expect(await world.stored()).toEqual(["400000000000004 15550000004", `${LID} ${PN}`]);
    expect(await account.lid.getLid(PN)).toBe(LID);
    expect(await account.lid.getLid(PEER_PN)).toBeUndefined();
  });

  test("leaves what a wrong mapping has moved where it is", async () => {
    const world = new World();
    const account = await world.open();
    await account.store.putSession(`${PEER_LID}@lid.0`, new Uint8Array([1]));
    await world.put(PEER_LID, PN);
    const again = await world.open();
    expect(await again.store.hasSession(`${PEER_LID}@lid.0`)).toBe(true);
  });

  test("believes pairing alone while our LID is not known", async () => {
    for (const source of ["pairing", "other", "usync"] as const) {
      const world = new World();
      const account = await world.open({ pn: OURS.pn });
      await account.store.putLidMapping({
        ...{ lid: LID, phoneNumber: PN, createdAt: 1, updatedAt: 1, learningSource: source },
      });
      const again = await world.open();
      expect(await again.lid.getLid(PN), source).toBe(source === "pairing" ? LID : undefined);
    }
  });

  test("asks for no mapping of an account that was never paired", async () => {
    const world = new World();
    await world.open({});
    expect(await world.stored()).toEqual([]);
  });
});

describe("our own mapping", () => {
  test("lands with the device whose LID becomes known", async () => {
    const world = new World();
    const account = await world.open({ pn: OURS.pn });
    expect(await account.lid.getLid(PN)).toBeUndefined();
    const { commits } = account.stats();
    account.device.processCommand({ kind: "setLid", lid: OURS.lid });
    world.plan.next(new BackendError("commit: down"));
    await expect(account.device.flushDevice()).rejects.toThrow();
    expect(await world.stored()).toEqual([]);
    await account.device.flushDevice();
    expect(account.stats().commits - commits).toBe(1);
    expect(await world.stored()).toEqual([`${LID} ${PN}`]);
    expect([await account.lid.getLid(PN), await account.lid.getPn(LID)]).toEqual([LID, PN]);
  });

  test("is not written again when login has told it", async () => {
    const world = new World();
    const account = await world.open({ pn: OURS.pn });
    await directory(account).learn([{ lid: LID, phoneNumber: PN }], { source: "pairing" });
    const before = await account.store.getLidMapping(LID);
    account.device.processCommand({ kind: "setLid", lid: OURS.lid });
    await account.flush();
    expect(await account.store.getLidMapping(LID)).toEqual(before);
  });

  test("follows a LID and a phone number that change", async () => {
    const world = new World();
    const account = await world.open();
    account.device.processCommand({ kind: "setLid", lid: "500000000000005:3@lid" });
    await account.flush();
    expect(await world.stored()).toEqual([`500000000000005 ${PN}`]);
    account.device.modifyDevice((draft) => {
      draft.pn = "15550000006:3@s.whatsapp.net";
    });
    await account.flush();
    expect(await world.stored()).toEqual(["500000000000005 15550000006"]);
    expect(await account.lid.getLid(PN)).toBeUndefined();
    expect(await account.lid.getLid("15550000006")).toBe("500000000000005");
  });
});
