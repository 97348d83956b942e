import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryFaults, memoryBackend } from "../adapters/memory/mod.ts";
import { type Jid, parseJid } from "../addresses/mod.ts";
import type { Write } from "../backend/mod.ts";
import { PortableCache } from "../cache/mod.ts";
import { FakeClock } from "../testing/mod.ts";
import {
  addParticipants,
  GroupCache,
  type GroupInfo,
  type KeyHolders,
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

test("adding keeps each user once, and fills a phone number in for one who is there already", () => {
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

test("removing works by either name, and cleans both ways", () => {
  const removed = removeParticipants(LIDS, [jid("51@s.whatsapp.net"), jid("1009@lid")]);
  expect(removed.participants).toEqual([{ user: "1002" }]);
  expect([phoneNumberIn(removed, "1001"), lidIn(removed, "51")]).toEqual([undefined, undefined]);
  expect(removeParticipants(removed, [jid("1001@lid")])).toBe(removed);
});

test("a group of phone numbers names members by them", () => {
  const info: GroupInfo = { addressing: "pn", participants: [{ user: "51" }] };
  const added = addParticipants(info, [{ jid: jid("52:3@s.whatsapp.net"), phoneNumber: "52" }]);
  expect(added.participants).toEqual([{ user: "51" }, { user: "52" }]);
});

test("adding and removing is idempotent, and members stay unique", () => {
  const user = fc.constantFrom("1001", "1002", "1003", "1004");
  const changes = fc.array(
    fc.record({
      add: fc.boolean(),
      user,
      number: fc.option(fc.constantFrom("51", "52"), { nil: undefined }),
    }),
  );
  fc.assert(
    fc.property(changes, (steps) => {
      let info: GroupInfo = { addressing: "lid", participants: [] };
      const members = new Set<string>();
      for (const { add, user: name, number } of steps) {
        const change = { jid: jid(`${name}@lid`), phoneNumber: number };
        const apply = (group: GroupInfo) =>
          add ? addParticipants(group, [change]) : removeParticipants(group, [change.jid]);
        info = apply(info);
        expect(apply(info)).toBe(info);
        if (add) members.add(name);
        else members.delete(name);
        expect(info.participants.map((participant) => participant.user).sort()).toEqual([...members].sort());
      }
    }),
  );
});

class World {
  readonly clock = new FakeClock();
  readonly faults = new MemoryFaults();
  readonly backend = memoryBackend({ clock: this.clock, faults: this.faults });
  readonly commit = (writes: readonly Write[]) => this.backend.commit(writes);
  readonly groups = new GroupCache({
    commit: this.commit,
    cache: new PortableCache<string, GroupInfo>({ capacity: 250, ttlMs: 3_600_000, clock: this.clock }),
  });
  readonly dropped: string[] = [];
  readonly marks = this.openMarks();

  openMarks(): SenderKeyDevices {
    return new SenderKeyDevices({
      reads: this.backend,
      commit: this.commit,
      cache: new PortableCache<string, KeyHolders>({ capacity: 500, idleMs: 3_600_000, clock: this.clock }),
      dropSenderKey: async (name) => {
        this.dropped.push(name);
      },
    });
  }
}

test("a notification changes what is in memory, deletes what is stored, and fetches nothing", async () => {
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

test("of an answer count the participants that the server accepted", async () => {
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

test("leaving forgets a group, and one that is not in memory stays unknown", async () => {
  const { groups, backend } = new World();
  await groups.insert(GROUP, LIDS);
  await backend.putGroupMetadata(GROUP, Uint8Array.of(1));
  await groups.leave(GROUP);
  expect([await groups.get(GROUP), await backend.getGroupMetadata(GROUP)]).toEqual([undefined, undefined]);
  await groups.added(GROUP, [{ jid: jid("1003@lid") }]);
  expect(await groups.get(GROUP)).toBeUndefined();
});

test("a group whose stored metadata could not be deleted is served no more", async () => {
  const { groups, faults } = new World();
  await groups.insert(GROUP, LIDS);
  faults.failCommitAt(0);
  await expect(groups.added(GROUP, [{ jid: jid("1003@lid") }])).rejects.toThrow();
  expect(await groups.get(GROUP)).toBeUndefined();
});

test("two changes at once are both made", async () => {
  const { groups } = new World();
  await groups.insert(GROUP, LIDS);
  const users = Array.from({ length: 20 }, (_, n) => `20${n}`);
  await Promise.all(users.map((user) => groups.added(GROUP, [{ jid: jid(`${user}@lid`) }])));
  expect((await groups.get(GROUP))?.participants).toHaveLength(22);
});

const DEVICES = ["1001:1@lid", "1001:2@lid", "1002@lid"].map(jid);

test("a device is marked when the server has acknowledged, durably, and not before", async () => {
  const world = new World();
  expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
  world.faults.failCommitAt(0);
  await expect(world.marks.acknowledged(GROUP, DEVICES)).rejects.toThrow();
  expect(await world.marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES);
  await world.marks.acknowledged(GROUP, DEVICES.slice(0, 2));
  for (const marks of [world.marks, world.openMarks()]) {
    expect(await marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES.slice(2));
  }
});

test("who has forgotten the key is sent it again", async () => {
  const { marks } = new World();
  await marks.acknowledged(GROUP, DEVICES);
  await marks.forget(GROUP, DEVICES.slice(0, 1));
  expect(await marks.withoutKey(GROUP, DEVICES)).toEqual(DEVICES.slice(0, 1));
});

test("a rotation clears the marks before it drops the key; if that fails the key stays", async () => {
  const world = new World();
  await world.marks.acknowledged(GROUP, DEVICES);
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
