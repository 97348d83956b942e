import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../account/mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../adapters/memory/mod.ts";
import { encodeUtf8 } from "../../bytes/mod.ts";
import { generateKeyPair } from "../../device/mod.ts";
import { directory } from "../../directory/mod.ts";
import { BackendError } from "../../errors/mod.ts";
import { type FakeHost, fakeHost } from "../../testing/mod.ts";
import { baileysAuthState } from "../auth_state.ts";
import { groupMetadata } from "./group_metadata.ts";
import type { GroupMetadataLike } from "./group_metadata_value.ts";
import type { NodeLike } from "./node.ts";

const GROUP = "120363000000000001@g.us";
const ANNA = "1001@lid";
const BEN = "1002@lid";
const CARA = "1003@lid";

type Attributes = Record<string, string>;

function el(tag: string, attrs: Attributes = {}, content?: unknown): NodeLike {
  return { tag, attrs, content };
}

const member = (jid: string, attrs: Attributes = {}): NodeLike => el("participant", { jid, ...attrs });

function groupNode(members: readonly NodeLike[], attrs: Attributes = {}, id = GROUP): NodeLike {
  const all = { id: id.split("@")[0] ?? "", subject: "tea", addressing_mode: "lid", ...attrs };
  return el("group", all, members);
}

/** A socket that receives nodes, and the hook over an account. */
class World {
  readonly account: Account;
  readonly host: FakeHost;
  readonly database: MemoryDatabase;
  readonly faults: MemoryFaults;
  readonly #ev = new EventEmitter();
  readonly #ws = new EventEmitter();
  readonly unfollow: () => void;
  readonly #cached: (jid: string) => Promise<GroupMetadataLike | undefined>;

  private constructor(parts: Pick<World, "account" | "host" | "database" | "faults">) {
    this.account = parts.account;
    this.host = parts.host;
    this.database = parts.database;
    this.faults = parts.faults;
    const hook = groupMetadata(parts.account);
    if (hook.options === undefined || hook.follow === undefined) throw new Error("not a hook");
    this.#cached = hook.options.cachedGroupMetadata;
    const socket = { ev: this.#ev, ws: this.#ws, end: () => {} };
    this.unfollow = hook.follow(socket);
  }

  /** Opens an account whose notifications have come, unless `isBehind`. */
  static async open(database = new MemoryDatabase(), isBehind = false): Promise<World> {
    const host = fakeHost();
    const faults = new MemoryFaults();
    const account = await openAccount({ backend: memoryBackend({ database, faults }), host });
    await baileysAuthState(account);
    await account.flush();
    const world = new World({ account, host, database, faults });
    if (!isBehind) world.update({ receivedPendingNotifications: true });
    return world;
  }

  /** The account in a new process, after this one was killed. */
  async crash(isBehind = false): Promise<World> {
    return await World.open(this.database, isBehind);
  }

  async close(): Promise<void> {
    await this.account.close();
  }

  update(update: object): void {
    this.#ev.emit("connection.update", update);
  }

  /** Emits a node under the names of Baileys. */
  receive(node: NodeLike): void {
    const { tag, attrs } = node;
    const [first] = Array.isArray(node.content) ? (node.content as NodeLike[]) : [];
    for (const [name, value] of Object.entries(attrs)) this.#ws.emit(`CB:${tag},${name}:${value}`, node);
    this.#ws.emit(`CB:${tag},,${first?.tag ?? ""}`, node);
    this.#ws.emit(`CB:${tag}`, node);
  }

  notify(parts: readonly NodeLike[], attrs: Attributes = {}): void {
    this.receive(el("notification", { type: "w:gp2", from: GROUP, ...attrs }, parts));
  }

  /** Answers a query of the group. */
  answer(members: readonly NodeLike[], attrs: Attributes = {}, id = GROUP): void {
    this.receive(el("iq", { type: "result", from: id }, [groupNode(members, attrs, id)]));
  }

  cached(group = GROUP): Promise<GroupMetadataLike | undefined> {
    return this.#cached(group);
  }

  async members(): Promise<string[] | undefined> {
    return (await this.cached())?.participants.map(({ id }) => id);
  }

  async stored(): Promise<boolean> {
    return (await this.account.store.getGroupMetadata(GROUP)) !== undefined;
  }
}

const TWO = [member(ANNA, { type: "superadmin" }), member(BEN, { phone_number: "52@s.whatsapp.net" })];

describe("cachedGroupMetadata", () => {
  test("is unknown until an answer of the server comes", async () => {
    const world = await World.open();
    expect(await world.cached()).toBeUndefined();
    world.answer(TWO, { s_t: "5", creator: "1001:2@lid" });
    expect(await world.cached()).toEqual({
      id: GROUP,
      subject: "tea",
      subjectTime: 5,
      addressingMode: "lid",
      owner: ANNA,
      size: 2,
      restrict: false,
      announce: false,
      isCommunity: false,
      isCommunityAnnounce: false,
      joinApprovalMode: false,
      memberAddMode: false,
      participants: [
        { id: ANNA, admin: "superadmin" },
        { id: BEN, phoneNumber: "52@s.whatsapp.net", admin: null },
      ],
    });
    await world.close();
  });

  test("is of no use for what is no group", async () => {
    const world = await World.open();
    for (const jid of ["status@broadcast", ANNA, "", 7 as unknown as string])
      expect(await world.cached(jid)).toBeUndefined();
    await world.close();
  });

  test("cannot be changed by who reads it", async () => {
    const world = await World.open();
    world.answer(TWO);
    const known = (await world.cached()) as unknown as { participants: { id: string }[] };
    expect(() => known.participants.pop()).toThrow(TypeError);
    expect(() => Object.assign(known.participants[0] ?? {}, { id: CARA })).toThrow(TypeError);
    await world.close();
  });

  test("ignores an answer about another group, and one without members", async () => {
    const world = await World.open();
    world.receive(el("iq", { type: "result", from: "120363000000000009@g.us" }, [groupNode(TWO)]));
    world.receive(el("iq", { type: "result", from: "@g.us" }, [groupNode(TWO)]));
    world.answer([]);
    world.answer([member("malformed")]);
    expect(await world.cached()).toBeUndefined();
    await world.close();
  });

  test("has the groups of groupFetchAllParticipating", async () => {
    const world = await World.open();
    const other = "120363000000000002@g.us";
    const groups = el("groups", {}, [groupNode(TWO), groupNode(TWO, {}, other)]);
    world.receive(el("iq", { type: "result", from: "@g.us" }, [groups]));
    expect([await world.members(), (await world.cached(other))?.id]).toEqual([[ANNA, BEN], other]);
    await world.close();
  });
});

describe("a notification of a group", () => {
  test.each<[string, readonly NodeLike[], readonly string[] | undefined]>([
    ["added", [el("add", {}, [member(CARA)])], [ANNA, BEN, CARA]],
    ["added twice", [el("add", {}, [member(BEN)])], [ANNA, BEN]],
    ["removed", [el("remove", {}, [member(BEN)])], [ANNA]],
    ["left", [el("leave", {}, [member(BEN)])], [ANNA]],
    ["removed by phone number", [el("remove", {}, [member("52@s.whatsapp.net")])], [ANNA]],
    ["removed by an unknown phone number", [el("remove", {}, [member("53@s.whatsapp.net")])], undefined],
    ["removed again", [el("remove", {}, [member(CARA)])], [ANNA, BEN]],
    ["added by phone number", [el("add", {}, [member("53@s.whatsapp.net")])], undefined],
    ["another number", [el("modify", {}, [member(CARA)])], undefined],
    ["an unknown part", [el("rearranged")], undefined],
    ["removed without a name", [el("remove")], undefined],
    ["the last member left", [el("remove", {}, TWO)], undefined],
    [
      "two parts",
      [el("remove", {}, [member(BEN)]), el("add", {}, [member(CARA), member(BEN)])],
      [ANNA, CARA, BEN],
    ],
    ["made anew", [el("create", {}, [groupNode([member(CARA)])])], [CARA]],
  ])("is honoured: %s", async (_, parts, expected) => {
    const world = await World.open();
    world.answer(TWO);
    world.notify(parts);
    expect(await world.members()).toEqual(expected);
    await world.account.flush();
    const next = await world.crash();
    expect(await next.members()).toEqual(expected);
    await next.close();
  });

  test.each<[string, NodeLike, object]>([
    [
      "subject",
      el("subject", { subject: "coffee", s_o: BEN, s_t: "9" }),
      { subject: "coffee", subjectTime: 9 },
    ],
    [
      "description",
      el("description", { id: "D", t: "3", participant: BEN }, [el("body", {}, encodeUtf8("hi"))]),
      { desc: "hi", descId: "D", descTime: 3, descOwner: BEN },
    ],
    ["announcement", el("announcement"), { announce: true }],
    ["locked", el("locked"), { restrict: true }],
    ["ephemeral", el("ephemeral", { expiration: "86400" }), { ephemeralDuration: 86_400 }],
    ["member_add_mode", el("member_add_mode", {}, "all_member_add"), { memberAddMode: true }],
    [
      "approval",
      el("membership_approval_mode", {}, [el("group_join", { state: "on" })]),
      { joinApprovalMode: true },
    ],
    [
      "promote",
      el("promote", {}, [member(BEN)]),
      { participants: [{ admin: "superadmin" }, { admin: "admin" }] },
    ],
    ["demote", el("demote", {}, [member(ANNA)]), { participants: [{ admin: null }, { admin: null }] }],
    ["a request to join", el("created_membership_requests"), { size: 2 }],
  ])("changes the fields of %s", async (_, part, expected) => {
    const world = await World.open();
    world.answer(TWO);
    world.notify([part]);
    expect(await world.cached()).toMatchObject(expected);
    await world.close();
  });

  test("ends the time after which messages disappear", async () => {
    const world = await World.open();
    world.answer([...TWO, el("ephemeral", { expiration: "60" })]);
    expect((await world.cached())?.ephemeralDuration).toBe(60);
    world.notify([el("not_ephemeral")]);
    expect((await world.cached())?.ephemeralDuration).toBeUndefined();
    await world.close();
  });

  test("forgets a group that we have left", async () => {
    const world = await World.open();
    world.account.device.modifyDevice((draft) => {
      draft.lid = "1001:4@lid";
    });
    world.answer(TWO);
    world.notify([el("remove", {}, [member(ANNA)])]);
    expect(await world.cached()).toBeUndefined();
    world.answer(TWO);
    const left = el("leave", {}, [el("group", { id: GROUP })]);
    world.receive(el("iq", { type: "result", from: "@g.us" }, [left]));
    expect(await world.cached()).toBeUndefined();
    await world.close();
  });

  test("changes a group that is only stored", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.account.flush();
    const next = await world.crash(true);
    next.notify([el("add", {}, [member(CARA)])]);
    next.notify([el("remove", {}, [member(BEN)])]);
    next.update({ receivedPendingNotifications: true });
    expect(await next.members()).toEqual([ANNA, CARA]);
    await next.close();
  });

  test("is not lost while its group is being read", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.account.flush();
    const next = await world.crash();
    const reading = next.members();
    next.notify([el("add", {}, [member(CARA)])]);
    expect(await reading).toEqual([ANNA, BEN, CARA]);
    await next.close();
  });
});

describe("an answer to a request of ours", () => {
  test("changes the members that the server accepted", async () => {
    const world = await World.open();
    world.answer(TWO);
    const added = el("add", {}, [member(CARA), member("1004@lid", { error: "403" })]);
    world.receive(el("iq", { type: "result", from: GROUP }, [added]));
    expect(await world.members()).toEqual([ANNA, BEN, CARA]);
    world.receive(el("iq", { type: "result", from: GROUP }, [el("invite", { code: "x" })]));
    expect((await world.cached())?.inviteCode).toBeUndefined();
    await world.close();
  });
});

describe("trust", () => {
  test("ends with the connection, and comes with waiting notifications", async () => {
    const world = await World.open();
    world.answer(TWO);
    world.update({ connection: "close" });
    expect(await world.cached()).toBeUndefined();
    world.update({ receivedPendingNotifications: false });
    expect(await world.cached()).toBeUndefined();
    world.update({ receivedPendingNotifications: true });
    expect(await world.members()).toEqual([ANNA, BEN]);
    await world.close();
  });

  test("is given to an answer of this connection at once", async () => {
    const world = await World.open(new MemoryDatabase(), true);
    world.answer(TWO);
    world.notify([el("add", {}, [member(CARA)])]);
    expect(await world.members()).toEqual([ANNA, BEN, CARA]);
    world.update({ connection: "close" });
    expect(await world.cached()).toBeUndefined();
    await world.close();
  });

  test("is not given to what is stored before notifications have come", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.account.flush();
    const next = await world.crash(true);
    expect(await next.cached()).toBeUndefined();
    next.update({ receivedPendingNotifications: true });
    expect(await next.members()).toEqual([ANNA, BEN]);
    await next.close();
  });

  test("ends with the socket", async () => {
    const world = await World.open();
    world.answer(TWO);
    world.unfollow();
    expect(await world.cached()).toBeUndefined();
    world.answer([member(CARA)]);
    expect(await world.cached()).toBeUndefined();
    await world.close();
  });

  test("ends while the server calls the groups outdated", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.account.flush();
    const next = await world.crash();
    next.receive(el("ib", {}, [el("dirty", { type: "groups" })]));
    expect(await next.cached()).toBeUndefined();
    next.receive(el("iq", { type: "result", from: "@g.us" }, [el("groups", {}, [])]));
    expect(await next.members()).toEqual([ANNA, BEN]);
    await next.close();
  });

  test("ends when messages name members in another way", async () => {
    const world = await World.open();
    world.answer(TWO);
    world.receive(el("message", { from: GROUP, addressing_mode: "lid" }));
    expect(await world.members()).toEqual([ANNA, BEN]);
    world.receive(el("message", { from: GROUP, addressing_mode: "pn" }));
    expect(await world.cached()).toBeUndefined();
    world.answer([member("52@s.whatsapp.net")], { addressing_mode: "pn" });
    expect(await world.members()).toEqual(["52@s.whatsapp.net"]);
    await world.close();
  });
});

describe("storing", () => {
  test("costs no commit for a notification, and one for many", async () => {
    const world = await World.open();
    world.answer(TWO);
    const before = world.account.stats().commits;
    for (let number = 0; number < 1_000; number += 1) {
      world.notify([el("add", {}, [member(`${2_000 + number}@lid`)])]);
      if (number % 100 === 99) await world.host.scheduler.advance(1_000);
    }
    expect(world.account.stats().commits).toBe(before);
    await world.host.scheduler.advance(60_000);
    expect(world.account.stats().commits).toBe(before + 1);
    const next = await world.crash();
    expect(await next.members()).toHaveLength(1_002);
    await next.close();
  });

  test("loses nothing at a clean end", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.close();
    const next = await World.open(world.database);
    expect(await next.members()).toEqual([ANNA, BEN]);
    next.notify([el("modify")]);
    await next.close();
    const last = await World.open(world.database);
    expect(await last.stored()).toBe(false);
    await last.close();
  });

  test("stays dirty after a failed commit", async () => {
    const world = await World.open();
    world.answer(TWO);
    world.faults.failCommitAt(0);
    await expect(world.account.flush()).rejects.toThrow(BackendError);
    expect(await world.stored()).toBe(false);
    await world.account.flush();
    expect(await world.stored()).toBe(true);
    await world.close();
  });

  test("keeps what changed while it was being stored", async () => {
    const world = await World.open();
    world.answer(TWO);
    const flushing = world.account.flush();
    world.notify([el("remove", {}, [member(BEN)])]);
    await flushing;
    await world.account.flush();
    const next = await world.crash();
    expect(await next.members()).toEqual([ANNA]);
    await next.close();
  });

  test.each([new Uint8Array(0), encodeUtf8("{"), encodeUtf8(`{"id":"${GROUP}"}`), new Uint8Array([0xff])])(
    "treats damaged metadata as unknown",
    async (blob) => {
      const world = await World.open();
      await world.account.store.putGroupMetadata(GROUP, blob);
      expect(await world.cached()).toBeUndefined();
      expect(world.host.logger.messages("warn").join()).toMatch(/cannot be read/);
      world.answer(TWO);
      expect(await world.members()).toEqual([ANNA, BEN]);
      await world.close();
    },
  );

  test("queries the group when the store cannot be read", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.account.flush();
    const next = await world.crash();
    next.faults.failReads(new BackendError("no"));
    expect(await next.cached()).toBeUndefined();
    next.notify([el("add", {}, [member(CARA)])]);
    expect(await next.cached()).toBeUndefined();
    next.faults.failReads(undefined);
    await next.account.flush();
    // The stored row lacks the change.
    expect(await next.stored()).toBe(false);
    await next.close();
  });

  test("follows what others store and delete", async () => {
    const world = await World.open();
    world.answer(TWO);
    await world.account.flush();
    await world.account.commitWith([{ kind: "groupMetadata.delete", group: GROUP }]);
    expect(await world.cached()).toBeUndefined();
    world.answer(TWO);
    await world.account.store.deleteGroupMetadata(GROUP);
    expect(await world.cached()).toBeUndefined();
    await world.close();
  });

  test("agrees with the members in the directory", async () => {
    const world = await World.open();
    const { groups } = directory(world.account);
    await groups.insert(GROUP, { addressing: "lid", participants: [{ user: "1001" }] });
    world.answer(TWO);
    expect(await groups.get(GROUP)).toBeUndefined();
    await world.account.flush();
    await groups.removed(GROUP, []);
    expect(await world.cached()).toBeUndefined();
    expect(await world.stored()).toBe(false);
    world.answer(TWO);
    await world.account.flush();
    await groups.leave(GROUP);
    expect(await world.stored()).toBe(false);
    await world.close();
  });

  test("bounds the members in memory", async () => {
    const world = await World.open();
    const many = Array.from({ length: 5_000 }, (_, user) => member(`${user + 1}@lid`));
    const groups = Array.from({ length: 8 }, (_, index) => `12036300000000010${index}@g.us`);
    for (const group of groups) world.answer(many, {}, group);
    await world.account.flush();
    const read = (group: string): Promise<unknown> => world.cached(group);
    await world.account.store.getGroupMetadata(GROUP);
    for (const group of groups) expect(await read(group)).toBeDefined();
    world.faults.failReads(new BackendError("no"));
    const left = (await Promise.all(groups.map(read))).filter((known) => known !== undefined);
    expect(left).toHaveLength(5);
    world.faults.failReads(undefined);
    await world.close();
  });

  test("forgets everything with the identity", async () => {
    const world = await World.open();
    world.answer(TWO);
    const { publicKey, privateKey } = generateKeyPair(world.host.random);
    world.account.device.modifyDevice((draft) => {
      draft.identityKey = { publicKey, privateKey };
    });
    expect(await world.cached()).toBeUndefined();
    await world.account.flush();
    expect(await world.stored()).toBe(false);
    await world.close();
  });
});
