import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { MemoryFaults, memoryBackend } from "../../adapters/memory/mod.ts";
import { formatJid, type Jid, parseJid } from "../../addresses/mod.ts";
import type { Write } from "../../backend/mod.ts";
import { PortableCache } from "../../cache/mod.ts";
import { FakeClock } from "../../testing/mod.ts";
import { Forgettings } from "./forgettings.ts";
import {
  addParticipants,
  GroupCache,
  type GroupInfo,
  type KeyDistribution,
  type KeyMarks,
  lidIn,
  phoneNumberIn,
  removeParticipants,
  SenderKeyDevices,
} from "./mod.ts";

const GROUP = "120363000000000001@g.us";
const LIDS: GroupInfo = {
  addressing: "lid",
  participants: [{ user: "1001", phoneNumber: "51" }, { user: "1002" }],
};

function jid(text: string): Jid {
  return parseJid(text);
}

/** Model of a group of LIDs as two plain maps. */
class GroupModel {
  readonly members = new Set<string>();
  readonly lidToPn = new Map<string, string>();
  readonly pnToLid = new Map<string, string>();

  add(named: string, isNumber: boolean, phoneNumber: string | undefined): void {
    const user = isNumber ? (this.pnToLid.get(named) ?? named) : named;
    this.members.add(user);
    if (phoneNumber === undefined || phoneNumber === user) return;
    const before = this.pnToLid.get(phoneNumber);
    if (before !== undefined) this.lidToPn.delete(before);
    const old = this.lidToPn.get(user);
    if (old !== undefined) this.pnToLid.delete(old);
    this.members.delete(phoneNumber);
    this.lidToPn.set(user, phoneNumber);
    this.pnToLid.set(phoneNumber, user);
  }

  remove(named: string, isNumber: boolean): void {
    const user = isNumber ? (this.pnToLid.get(named) ?? named) : named;
    this.members.delete(user);
    const phoneNumber = this.lidToPn.get(user);
    this.lidToPn.delete(user);
    if (phoneNumber !== undefined) this.pnToLid.delete(phoneNumber);
  }
}

class World {
  readonly clock = new FakeClock();
  readonly faults = new MemoryFaults();
  readonly backend = memoryBackend({ clock: this.clock, faults: this.faults });
  readonly commits: (readonly Write[])[] = [];
  beforeCommit: () => Promise<void> = async () => {};
  readonly commit = async (writes: readonly Write[]) => {
    this.commits.push(writes);
    await this.beforeCommit();
    return await this.backend.commit(writes);
  };
  readonly groups = new GroupCache({
    reads: this.backend,
    commit: this.commit,
    cache: new PortableCache<string, GroupInfo>({ capacity: 250, ttlMs: 3_600_000, clock: this.clock }),
  });
  readonly dropped: string[] = [];
  beforeDropping: () => Promise<void> = async () => {};
  readonly marks = this.openMarks();

  openMarks(): SenderKeyDevices {
    return new SenderKeyDevices({
      reads: this.backend,
      commit: this.commit,
      cache: new PortableCache<string, KeyMarks>({ capacity: 500, idleMs: 3_600_000, clock: this.clock }),
      dropSenderKey: async (name) => {
        await this.beforeDropping();
        this.dropped.push(name);
      },
    });
  }
}

describe("addParticipants and removeParticipants", () => {
  test("keeps each user once and fills in a missing phone number", () => {
    const added = addParticipants(LIDS, [
      { jid: jid("1002@lid"), phoneNumber: "52" },
      { jid: jid("1003@lid"), phoneNumber: "53" },
      { jid: jid("1003@lid") },
      { jid: jid("51@s.whatsapp.net") },
    ]);
    expect(added.participants).toEqual([
      { user: "1001", phoneNumber: "51" },
      { user: "1002", phoneNumber: "52" },
      { user: "1003", phoneNumber: "53" },
    ]);
    expect([phoneNumberIn(added, "1002"), lidIn(added, "53"), lidIn(added, "99")]).toEqual([
      "52",
      "1003",
      undefined,
    ]);
    expect(addParticipants(added, [{ jid: jid("1003@lid"), phoneNumber: "53" }])).toBe(added);
  });

  test("removes a member by either name", () => {
    const removed = removeParticipants(LIDS, [jid("51@s.whatsapp.net"), jid("1009@lid")]);
    expect(removed.participants).toEqual([{ user: "1002" }]);
    expect([phoneNumberIn(removed, "1001"), lidIn(removed, "51")]).toEqual([undefined, undefined]);
    expect(removeParticipants(removed, [jid("1001@lid")])).toBe(removed);
  });

  test("names members by phone number in a group of phone numbers", () => {
    const info: GroupInfo = { addressing: "pn", participants: [{ user: "51" }] };
    const added = addParticipants(info, [{ jid: jid("52:3@s.whatsapp.net"), phoneNumber: "52" }]);
    expect(added.participants).toEqual([{ user: "51" }, { user: "52" }]);
  });

  test("gives each phone number to one member", () => {
    const bare = addParticipants(LIDS, [{ jid: jid("53@s.whatsapp.net") }]);
    expect(bare.participants.at(-1)).toEqual({ user: "53" });
    const named = addParticipants(bare, [
      { jid: jid("1003@lid"), phoneNumber: "53" },
      { jid: jid("53@s.whatsapp.net") },
    ]);
    expect(named.participants.slice(2)).toEqual([{ user: "1003", phoneNumber: "53" }]);
    const moved = addParticipants(named, [{ jid: jid("1009@lid"), phoneNumber: "51" }]);
    expect([lidIn(moved, "51"), phoneNumberIn(moved, "1001")]).toEqual(["1009", undefined]);
    const left = removeParticipants(moved, [jid("51@s.whatsapp.net")]);
    expect(left.participants.map(({ user }) => user)).toEqual(["1001", "1002", "1003"]);
  });

  test("agrees with two plain maps in random sequences, idempotently", () => {
    const named = fc.oneof(
      fc.constantFrom("1001", "1002", "1003", "1004").map((user) => ({ user, isNumber: false })),
      fc.constantFrom("51", "52", "53").map((user) => ({ user, isNumber: true })),
    );
    const changes = fc.array(
      fc.record({
        add: fc.boolean(),
        named,
        number: fc.option(fc.constantFrom("51", "52", "53"), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(changes, (steps) => {
        let info: GroupInfo = { addressing: "lid", participants: [] };
        const model = new GroupModel();
        for (const { add, named: who, number } of steps) {
          const { user, isNumber } = who;
          const phoneNumber = isNumber ? undefined : number;
          const change = { jid: jid(`${user}@${isNumber ? "s.whatsapp.net" : "lid"}`), phoneNumber };
          const apply = (group: GroupInfo) =>
            add ? addParticipants(group, [change]) : removeParticipants(group, [change.jid]);
          info = apply(info);
          expect(apply(info)).toBe(info);
          if (add) model.add(user, isNumber, phoneNumber);
          else model.remove(user, isNumber);
          const users = info.participants.map((participant) => participant.user);
          expect(users.toSorted()).toEqual([...model.members].sort());
          for (const lid of users) expect(phoneNumberIn(info, lid)).toBe(model.lidToPn.get(lid));
          for (const phone of ["51", "52", "53"]) expect(lidIn(info, phone)).toBe(model.pnToLid.get(phone));
        }
      }),
      { numRuns: 200 },
    );
  });
});

const DEVICES = ["1001:1@lid", "1001:2@lid", "1002@lid"].map(jid);

/** Sends our key to these devices and acknowledges the message. */
async function give(marks: SenderKeyDevices, devices: readonly Jid[]): Promise<void> {
  await (await marks.beginDistribution(GROUP, devices)).acknowledged();
}

describe("GroupCache", () => {
  test("updates the cached group and deletes its stored metadata", async () => {
    const { groups, backend } = new World();
    await backend.putGroupMetadata(GROUP, Uint8Array.of(1));
    let fetched = 0;
    const fetch = async () => {
      fetched += 1;
      return LIDS;
    };
    await Promise.all([groups.getWith(GROUP, fetch), groups.getWith(GROUP, fetch)]);
    await groups.added(GROUP, [{ jid: jid("1003@lid") }]);
    await groups.removed(GROUP, [jid("1001@lid")]);
    const info = await groups.getWith(GROUP, fetch);
    expect(info.participants.map(({ user }) => user)).toEqual(["1002", "1003"]);
    expect(fetched).toBe(1);
    expect(await backend.getGroupMetadata(GROUP)).toBeUndefined();
  });

  test("applies only the participants that the server accepted", async () => {
    const { groups } = new World();
    await groups.insert(GROUP, LIDS);
    await groups.answered(GROUP, "add", [
      { jid: jid("1003@lid"), status: 200 },
      { jid: jid("1004@lid"), status: 403 },
    ]);
    await groups.answered(GROUP, "remove", [
      { jid: jid("1001@lid"), status: 200 },
      { jid: jid("1002@lid"), status: 404 },
    ]);
    expect((await groups.get(GROUP))?.participants.map(({ user }) => user)).toEqual(["1002", "1003"]);
  });

  test("forgets a group on leaving, and keeps an unknown one unknown", async () => {
    const { groups, backend } = new World();
    await groups.insert(GROUP, LIDS);
    await backend.putGroupMetadata(GROUP, Uint8Array.of(1));
    await groups.leave(GROUP);
    expect([await groups.get(GROUP), await backend.getGroupMetadata(GROUP)]).toEqual([undefined, undefined]);
    await groups.added(GROUP, [{ jid: jid("1003@lid") }]);
    expect(await groups.get(GROUP)).toBeUndefined();
  });

  test("stops serving a group whose stored metadata cannot be deleted", async () => {
    const { groups, backend, faults } = new World();
    await backend.putGroupMetadata(GROUP, Uint8Array.of(1));
    await groups.insert(GROUP, LIDS);
    faults.failCommitAt(0);
    await expect(groups.added(GROUP, [{ jid: jid("1003@lid") }])).rejects.toThrow();
    expect(await groups.get(GROUP)).toBeUndefined();
  });

  test("applies concurrent changes", async () => {
    const { groups } = new World();
    await groups.insert(GROUP, LIDS);
    const users = Array.from({ length: 20 }, (_, n) => `20${n}`);
    await Promise.all(users.map((user) => groups.added(GROUP, [{ jid: jid(`${user}@lid`) }])));
    expect((await groups.get(GROUP))?.participants).toHaveLength(22);
  });

  test("deletes stored metadata even if memory knows the change", async () => {
    const { groups, backend } = new World();
    await backend.putGroupMetadata(GROUP, Uint8Array.of(1));
    await groups.insert(GROUP, LIDS);
    await groups.added(GROUP, [{ jid: jid("1002@lid") }]);
    expect(await backend.getGroupMetadata(GROUP)).toBeUndefined();
    expect(await groups.get(GROUP)).toEqual(LIDS);
  });

  test("commits nothing for any number of notifications if none is stored", async () => {
    const { groups, backend, commits } = new World();
    const reads = vi.spyOn(backend, "getGroupMetadata");
    await groups.insert(GROUP, LIDS);
    for (let n = 0; n < 50; n += 1) await groups.added(GROUP, [{ jid: jid(`20${n}@lid`) }]);
    // Known already, and of a group that is not cached.
    await groups.added(GROUP, [{ jid: jid("1002@lid") }]);
    await groups.removed("120363000000000009@g.us", [jid("1002@lid")]);
    expect(commits).toEqual([]);
    // It asks the store once for each group.
    expect(reads.mock.calls.length).toBe(2);
    expect((await groups.get(GROUP))?.participants).toHaveLength(52);
    const put: Write = { kind: "groupMetadata.put", group: GROUP, blob: Uint8Array.of(1) };
    await backend.commit([put]);
    groups.follow([put]);
    for (let n = 0; n < 50; n += 1) await groups.removed(GROUP, [jid(`20${n}@lid`)]);
    expect(commits).toEqual([[{ kind: "groupMetadata.delete", group: GROUP }]]);
    expect(await backend.getGroupMetadata(GROUP)).toBeUndefined();
  });

  test("deletes metadata that is stored while it is being deleted", async () => {
    const world = new World();
    const { groups, backend } = world;
    const put: Write = { kind: "groupMetadata.put", group: GROUP, blob: Uint8Array.of(1) };
    await backend.commit([put]);
    world.beforeCommit = async () => {
      world.beforeCommit = async () => {};
      groups.follow([put]);
    };
    await groups.added(GROUP, [{ jid: jid("1003@lid") }]);
    await backend.commit([put]);
    await groups.added(GROUP, [{ jid: jid("1004@lid") }]);
    expect(await backend.getGroupMetadata(GROUP)).toBeUndefined();
  });

  test("drops fetched members that are older than a change", async () => {
    const { groups } = new World();
    let arrive: (info: GroupInfo) => void = () => {};
    const fetched = new Promise<GroupInfo>((resolve) => {
      arrive = resolve;
    });
    const asking = groups.getWith(GROUP, () => fetched);
    await groups.removed(GROUP, [jid("1001@lid")]);
    arrive(LIDS);
    expect(await asking).toEqual(LIDS);
    expect(await groups.get(GROUP)).toBeUndefined();
  });

  test("fetches after a running change", async () => {
    const world = new World();
    const { groups } = world;
    await groups.insert(GROUP, LIDS);
    const fresh: GroupInfo = { addressing: "lid", participants: [{ user: "1009" }] };
    await Promise.all([
      groups.added(GROUP, [{ jid: jid("1003@lid") }]),
      groups.insert(GROUP, fresh),
      groups.added(GROUP, [{ jid: jid("1010@lid") }]),
    ]);
    const info = await groups.get(GROUP);
    expect(info?.participants.map(({ user }) => user)).toEqual(["1009", "1010"]);
  });
});

describe("SenderKeyDevices.beginDistribution", () => {
  test("marks a device durably when the server acknowledges", async () => {
    const world = new World();
    const { devices, acknowledged } = await world.marks.beginDistribution(GROUP, DEVICES.slice(0, 2));
    expect(devices).toEqual(DEVICES.slice(0, 2));
    expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
    world.faults.failCommitAt(0);
    await expect(acknowledged()).rejects.toThrow();
    expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
    await acknowledged();
    for (const marks of [world.marks, world.openMarks()]) {
      expect(await marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES.slice(2));
      expect((await marks.beginDistribution(GROUP, DEVICES)).devices).toEqual(DEVICES.slice(2));
    }
  });

  test("sends the key again to a device that forgot it", async () => {
    const { marks } = new World();
    await give(marks, DEVICES);
    await marks.forget(GROUP, DEVICES.slice(0, 1));
    expect(await marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES.slice(0, 1));
    await give(marks, DEVICES);
    expect(await marks.withoutKey(GROUP, DEVICES)).toEqual([]);
  });

  test("ignores an acknowledgement of a key that has been dropped", async () => {
    for (const giveUp of ["rotate", "lost"] as const) {
      const { marks } = new World();
      const before = await marks.beginDistribution(GROUP, DEVICES.slice(0, 2));
      if (giveUp === "rotate") await marks.rotate(GROUP, "name");
      else marks.lost(GROUP);
      const after = await marks.beginDistribution(GROUP, DEVICES.slice(2));
      await Promise.all([before.acknowledged(), after.acknowledged()]);
      expect(await marks.withoutKey(GROUP, DEVICES), giveUp).toEqual(DEVICES.slice(0, 2));
    }
  });

  test("ignores a distribution that began during a rotation", async () => {
    const world = new World();
    let during: KeyDistribution | undefined;
    world.beforeDropping = async () => {
      during = await world.marks.beginDistribution(GROUP, DEVICES);
    };
    await world.marks.rotate(GROUP, "name");
    expect(during?.devices).toEqual(DEVICES);
    await during?.acknowledged();
    expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
  });

  test("ignores a distribution older than a device's removal or retry", async () => {
    const { marks, backend } = new World();
    const sent = await marks.beginDistribution(GROUP, DEVICES);
    await Promise.all([marks.forget(GROUP, DEVICES.slice(0, 1)), sent.acknowledged()]);
    expect(await marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES.slice(0, 1));

    const gone = formatJid(DEVICES[1] as Jid);
    const again = await marks.beginDistribution(GROUP, DEVICES);
    await marks.forget(GROUP, DEVICES);
    const sentAgain = await marks.beginDistribution(GROUP, DEVICES);
    await marks.whileRemoved([gone], async () => {
      await backend.deleteSenderKeyDeviceRows([gone]);
      await sentAgain.acknowledged();
    });
    await again.acknowledged();
    await sentAgain.acknowledged();
    expect(await marks.withoutKey(GROUP, DEVICES)).toEqual([DEVICES[1]]);
  });

  test("does not cache marks that were read while a device was marked", async () => {
    const { marks } = new World();
    const sent = await marks.beginDistribution(GROUP, DEVICES);
    await Promise.all([
      sent.acknowledged(),
      ...Array.from({ length: 5 }, async (_, turns) => {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        await marks.withoutKey(GROUP, DEVICES);
      }),
    ]);
    expect(await marks.withoutKey(GROUP, DEVICES)).toEqual([]);
  });

  test("ignores stored marks of a dropped key", async () => {
    const world = new World();
    await give(world.marks, DEVICES);
    world.marks.lost(GROUP);
    world.faults.failCommitAt(0);
    await expect(world.marks.withoutKey(GROUP, DEVICES)).rejects.toThrow();
    expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
    expect(await world.openMarks().withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
    await give(world.marks, DEVICES);
    expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual([]);
  });
});

describe("SenderKeyDevices.rotate", () => {
  test("clears the marks before it drops the key", async () => {
    const world = new World();
    await give(world.marks, DEVICES);
    world.faults.failCommitAt(0);
    await expect(world.marks.rotate(GROUP, "name")).rejects.toThrow();
    expect(world.dropped).toEqual([]);
    expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual([]);
    await world.marks.rotate(GROUP, "name");
    expect(world.dropped).toEqual(["name"]);
    for (const marks of [world.marks, world.openMarks()]) {
      expect(await marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
    }
  });
});

describe("Forgettings.hasForgotten", () => {
  test("treats distributions as outdated once their entries are dropped", () => {
    const forgettings = new Forgettings();
    const since = forgettings.now;
    forgettings.addGroup(GROUP);
    const later = forgettings.now;
    for (let n = 0; n < 10_000; n += 1) forgettings.addDevice("g", `${n}`);
    expect(forgettings.hasForgotten({ group: "h", device: "x", since })).toBe(true);
    expect(forgettings.hasForgotten({ group: "h", device: "x", since: later })).toBe(false);
    expect(forgettings.hasForgotten({ group: "g", device: "5", since: later })).toBe(true);
    expect(forgettings.hasForgotten({ group: "g", device: "5", since: forgettings.now })).toBe(false);
  });
});
