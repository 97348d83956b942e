/**
 * The adapter over the write-behind cache: the state that a crash may lose, and the state that it must not.
 * Does not cover kills between two statements of one commit (see the process tests) or sockets (see
 * socket_test.ts).
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { BackendError, CorruptError } from "../../src/errors/mod.ts";
import { RewindError } from "../../src/signal/mod.ts";
import { FaultPlan, faultyCommitter, SeededRandom } from "../../src/testing/mod.ts";
import { dose } from "../support/dose.ts";
import { type HoldfastPeer, openPeer, type PeerAccountOptions } from "./holdfast_peer.ts";
import { type Frame, groupKeyName, messageKeyName } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const BEN_STORED = "100000000000002:2@lid.0";
const BEN_NODE = "100000000000002_1.2";
const ANNA_NODE = "100000000000001_1.1";
const GROUP = "120363000000000001@g.us";

beforeEach(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** No automatic flushes, so that a crash loses every change without an explicit wait. */
const MANUAL: PeerAccountOptions = { saverIntervalMs: "manual", housekeeping: false };

/** A device over a database that outlives it. */
class Device {
  readonly jid: string;
  readonly plan = new FaultPlan();
  readonly #database = new MemoryDatabase();
  readonly #options: PeerAccountOptions;
  #opened: HoldfastPeer | undefined;

  constructor(jid: string, options: PeerAccountOptions = MANUAL) {
    this.jid = jid;
    this.#options = options;
  }

  /** Opens it again. The previous opening has crashed, unless it was closed. */
  async open(): Promise<HoldfastPeer> {
    const backend: Backend = faultyCommitter(memoryBackend({ database: this.#database }), this.plan);
    this.#opened = await openPeer(this.jid, backend, this.#options);
    return this.#opened;
  }

  get opened(): HoldfastPeer {
    if (this.#opened === undefined) throw new Error("not open");
    return this.#opened;
  }

  get peer(): HoldfastPeer["peer"] {
    return this.opened.peer;
  }

  get account(): HoldfastPeer["account"] {
    return this.opened.account;
  }
}

/** Two devices that have exchanged messages. */
async function talking(options?: PeerAccountOptions): Promise<[anna: Device, ben: Device]> {
  const [anna, ben] = [new Device(ANNA, options), new Device(BEN, options)];
  await anna.open();
  await ben.open();
  await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId);
  expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "hello"))).toBe("hello");
  expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "hi"))).toBe("hi");
  return [anna, ben];
}

function counterOf(frame: Frame): number {
  return Number(messageKeyName(frame).split("#")[1]);
}

/** libsignal-node records the use of a session in milliseconds. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
}

describe("baileysAuthState over crashes", () => {
  test.each(dose({ short: [1], long: [1, 2, 3, 4, 5, 6] }))(
    "repeats no key and loses no message with crashes (seed %i)",
    async (seed) => {
      const random = new SeededRandom(seed);
      const [anna, ben] = await talking();
      const used = new Set<string>();
      const counts = { sent: 0, read: 0, group: 0 };
      const unread: { readonly text: string; readonly frame: Frame }[] = [];
      let knowsSenderKey = false;
      const use = (name: string): void => {
        expect(used.has(name), `seed ${seed}: ${name} again`).toBe(false);
        used.add(name);
      };
      for (let step = 0; step < 90; step += 1) {
        const text = `${step}`;
        switch (random.below(4)) {
          case 0: {
            const frame = await anna.peer.send(ben.peer, text);
            use(messageKeyName(frame));
            counts.sent += 1;
            // Some messages arrive late, after a crash of Anna, or never.
            if (random.below(4) > 0) expect(await ben.peer.receive(anna.peer, frame)).toBe(text);
            break;
          }
          case 1: {
            const { message, senderKey } = await anna.peer.sendToGroup(GROUP, text);
            use(groupKeyName(message));
            if (!knowsSenderKey) await ben.peer.learnSenderKey(GROUP, anna.peer, senderKey);
            knowsSenderKey = true;
            counts.group += 1;
            expect(await ben.peer.receiveFromGroup(GROUP, anna.peer, message)).toBe(text);
            break;
          }
          default: {
            unread.push({ text, frame: await ben.peer.send(anna.peer, text) });
            while (unread.length > random.below(3)) {
              const [letter] = unread.splice(random.below(unread.length), 1);
              if (letter === undefined) break;
              expect(await anna.peer.receive(ben.peer, letter.frame), `seed ${seed}`).toBe(letter.text);
              counts.read += 1;
            }
          }
        }
        // Ben crashes less often.
        if (random.below(3) === 0) await ben.open();
        await anna.open();
      }
      expect(Math.min(counts.sent, counts.read, counts.group)).toBeGreaterThan(10);
    },
  );

  test("needs few commits per burst and burns at most a lease in a crash", async () => {
    const [anna, ben] = await talking();
    const before = anna.plan.commits;
    for (let n = 0; n < 500; n += 1) {
      const frame = await anna.peer.send(ben.peer, `${n}`);
      if (n % 100 === 0) await ben.peer.receive(anna.peer, frame);
    }
    expect(anna.plan.commits - before).toBeLessThan(16);
    const last = counterOf(await anna.peer.send(ben.peer, "last"));
    await anna.open();
    const next = await anna.peer.send(ben.peer, "after the crash");
    expect(counterOf(next) - last).toBeLessThanOrEqual(64);
    expect(await ben.peer.receive(anna.peer, next)).toBe("after the crash");
  });

  test("burns no key when closed cleanly", async () => {
    const [anna, ben] = await talking();
    for (let opening = 0; opening < 5; opening += 1) {
      for (let n = 0; n < 9; n += 1) {
        const frame = await anna.peer.send(ben.peer, `${n}`);
        expect(counterOf(frame)).toBe(opening * 9 + n);
      }
      await anna.account.close();
      await anna.open();
    }
  });

  test("does not send a message whose key could not be saved", async () => {
    const [anna, ben] = await talking();
    anna.plan.always(new BackendError("commit: the disk is away"));
    await expect(anna.peer.send(ben.peer, "1")).rejects.toThrow("the disk is away");
    await expect(anna.peer.sendToGroup(GROUP, "1")).rejects.toThrow("the disk is away");
    await expect(
      anna.peer.repository.getSenderKeyDistributionMessage({ group: GROUP, meId: ANNA }),
    ).rejects.toThrow("the disk is away");
    anna.plan.always("pass");
    const frame = await anna.peer.send(ben.peer, "2");
    expect(counterOf(frame)).toBe(1);
    expect(await ben.peer.receive(anna.peer, frame)).toBe("2");
    const { message, senderKey } = await anna.peer.sendToGroup(GROUP, "2");
    await ben.peer.learnSenderKey(GROUP, anna.peer, senderKey);
    expect(await ben.peer.receiveFromGroup(GROUP, anna.peer, message)).toBe("2");
  });

  test("stores a sender key before its distribution message is used", async () => {
    const [anna, ben] = await talking();
    const senderKey = await anna.peer.repository.getSenderKeyDistributionMessage({
      group: GROUP,
      meId: ANNA,
    });
    await ben.peer.learnSenderKey(GROUP, anna.peer, senderKey);
    await anna.open();
    await ben.open();
    const { message } = await anna.peer.sendToGroup(GROUP, "text");
    expect(await ben.peer.receiveFromGroup(GROUP, anna.peer, message)).toBe("text");
  });

  test("answers without waiting and repeats no key when relaxed", async () => {
    const [anna, ben] = await talking({ ...MANUAL, signal: { durability: "relaxed" } });
    const used = new Set<string>();
    for (let n = 0; n < 10; n += 1) {
      const frame = await anna.peer.send(ben.peer, `${n}`);
      used.add(messageKeyName(frame));
      await ben.peer.receive(anna.peer, frame);
    }
    const before = anna.plan.commits;
    for (let n = 0; n < 20; n += 1) {
      await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, `${n}`));
      const frame = await anna.peer.send(ben.peer, `${n}`);
      used.add(messageKeyName(frame));
      await ben.peer.receive(anna.peer, frame);
    }
    expect(anna.plan.commits).toBe(before);
    await anna.open();
    for (let n = 0; n < 5; n += 1) used.add(messageKeyName(await anna.peer.send(ben.peer, `${n}`)));
    expect(used.size).toBe(35);
  });

  test("removes a pre-key together with the session that consumed it", async () => {
    const [anna, ben] = [new Device(ANNA), new Device(BEN)];
    await anna.open();
    await ben.open();
    const id = ben.peer.creds.firstUnuploadedPreKeyId;
    const stored = async (): Promise<number> => (await ben.account.store.loadPreKeys([id])).length;
    const visible = async (): Promise<number> =>
      Object.keys(await ben.peer.socketKeys.get("pre-key", [String(id)])).length;
    await anna.peer.greet(ben.peer, id);
    const frames = [await anna.peer.send(ben.peer, "1"), await anna.peer.send(ben.peer, "2")] as const;
    expect(await ben.peer.receive(anna.peer, frames[0])).toBe("1");
    expect([await stored(), await visible()]).toEqual([1, 0]);
    await ben.open();
    expect([await stored(), await visible()]).toEqual([1, 1]);
    // Ben has lost the session, but still has the pre-key that its messages name.
    expect(await ben.peer.receive(anna.peer, frames[1])).toBe("2");
    await ben.account.flush();
    expect([await stored(), await visible()]).toEqual([0, 0]);
    await ben.open();
    expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "3"))).toBe("3");
  });

  test("restores the pre-key of a session deleted before its flush", async () => {
    const [anna, ben] = [new Device(ANNA), new Device(BEN)];
    await anna.open();
    await ben.open();
    const id = ben.peer.creds.firstUnuploadedPreKeyId;
    await anna.peer.greet(ben.peer, id);
    await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "1"));
    await ben.peer.repository.deleteSession([ANNA]);
    expect(Object.keys(await ben.peer.socketKeys.get("pre-key", [String(id)]))).toEqual([String(id)]);
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "2"))).toBe("2");
  });

  test("refuses a second sender that uses the same pre-key", async () => {
    const [anna, carla, ben] = [new Device(ANNA), new Device("100000000000003:3@lid"), new Device(BEN)];
    for (const device of [anna, carla, ben]) await device.open();
    const id = ben.peer.creds.firstUnuploadedPreKeyId;
    await anna.peer.greet(ben.peer, id);
    await carla.peer.greet(ben.peer, id);
    const frames = [await anna.peer.send(ben.peer, "1"), await carla.peer.send(ben.peer, "1")] as const;
    const outcomes = await Promise.allSettled([
      ben.peer.receive(anna.peer, frames[0]),
      ben.peer.receive(carla.peer, frames[1]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  test("makes the socket's own types durable when `set` resolves", async () => {
    const [anna, ben] = await talking();
    const { [BEN_NODE]: session } = await anna.opened.keys.get("session", [BEN_NODE]);
    const row = () => anna.account.store.getSession(BEN_STORED);
    await anna.peer.repository.deleteSession([BEN]);
    expect(await row()).toBeUndefined();
    const commits = anna.plan.commits;
    await anna.opened.keys.set({ session: { [BEN_NODE]: session } });
    expect(await row()).toBeInstanceOf(Uint8Array);
    expect(anna.plan.commits).toBe(commits + 1);
    await anna.opened.keys.set({
      session: { [BEN_NODE]: null },
      "device-list": { "100000000000002": ["2"] },
    });
    expect(await row()).toBeUndefined();
    expect(anna.plan.commits).toBe(commits + 2);
    anna.plan.always(new BackendError("commit: the disk is away"));
    await expect(anna.opened.keys.set({ session: { [BEN_NODE]: session } })).rejects.toThrow();
    expect(ben.account.health().consecutiveFailures).toBe(0);
  });

  test("commits all values of one `set` together", async () => {
    const [anna] = await talking();
    const { account, plan } = anna;
    const { keys } = anna.opened;
    const { [BEN_NODE]: session } = await keys.get("session", [BEN_NODE]);
    /** The commit of each write. */
    const commitsOf = new Map<string, number>();
    plan.refuse((write) => {
      if (write.kind === "session.put") commitsOf.set(write.address, plan.commits);
      if (write.kind === "deviceList.put")
        for (const { user } of write.records) commitsOf.set(user, plan.commits);
      return false;
    });
    for (let hops = 0; hops < 60; hops += 1) {
      const users = [0, 1, 2].map((number) => `2000000000${100 + 3 * hops + number}`);
      const setting = keys.set({
        session: Object.fromEntries(users.map((user) => [`${user}_1.0`, session])),
        "device-list": { [`${users[0]}`]: ["0"] },
      });
      for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
      await Promise.all([account.flush(), setting]);
      const commits = [...users.map((user) => `${user}@lid.0`), `${users[0]}`].map((name) =>
        commitsOf.get(name),
      );
      expect(commits[0]).toBeDefined();
      expect(new Set(commits).size).toBe(1);
    }
  });

  test("refuses a session that goes back on its chain", async () => {
    const [anna, ben] = await talking();
    const { [BEN_NODE]: older } = await anna.opened.keys.get("session", [BEN_NODE]);
    const frame = await anna.peer.send(ben.peer, "1");
    await expect(anna.opened.keys.set({ session: { [BEN_NODE]: older } })).rejects.toThrow(RewindError);
    const next = await anna.peer.send(ben.peer, "2");
    expect(counterOf(next)).toBe(counterOf(frame) + 1);
  });

  test("copies values on the way in and out", async () => {
    const [anna, ben] = await talking();
    const { keys } = anna.opened;
    const scribble = async (): Promise<void> => {
      const { [BEN_NODE]: session } = await keys.get("session", [BEN_NODE]);
      for (const part of Object.values(session._sessions) as { _chains: object }[]) part._chains = {};
    };
    await scribble();
    const { [BEN_NODE]: mine } = await keys.get("session", [BEN_NODE]);
    await keys.set({ session: { [BEN_NODE]: mine } });
    mine._sessions = {};
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "whole"))).toBe("whole");
  });

  test("quarantines a damaged session and starts a new one", async () => {
    const [anna, ben] = await talking();
    await anna.account.close();
    await anna.open();
    const damaged = new Uint8Array([0xff, 1, 2, 3]);
    await anna.account.store.putSession(BEN_STORED, damaged);
    expect(await anna.peer.repository.validateSession(BEN)).toMatchObject({ exists: false });
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId + 1);
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "again"))).toBe("again");
    await anna.account.flush();
    const [kept] = await anna.account.store.listQuarantined();
    expect(kept).toMatchObject({ store: "session", address: BEN_STORED, bytes: damaged.length });
    expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "read"))).toBe("read");
  });

  test("rejects our own damaged sender key until it is deleted", async () => {
    const anna = new Device(ANNA);
    const { saveCreds } = await anna.open();
    anna.peer.creds.me = { id: "15550000001:1@s.whatsapp.net", lid: ANNA };
    anna.peer.creds.account = { details: Buffer.from([1]) };
    await saveCreds();
    await anna.peer.sendToGroup(GROUP, "1");
    await anna.account.close();
    const { keys, account } = await anna.open();
    const name = `${GROUP}:100000000000001:1@lid.0`;
    expect(await account.store.getSenderKey(name)).toBeInstanceOf(Uint8Array);
    await account.store.putSenderKey(name, new Uint8Array([0xff]));
    await expect(anna.peer.sendToGroup(GROUP, "2")).rejects.toThrow(CorruptError);
    await keys.set({ "sender-key": { [`${GROUP}::100000000000001_1::1`]: null } });
    await anna.peer.sendToGroup(GROUP, "3");
  });

  test("clears the marks of a sender key discarded after a restore", async () => {
    const database = new MemoryDatabase();
    const open = (restoreEpoch: number) =>
      openPeer(ANNA, memoryBackend({ database }), { ...MANUAL, signal: { restoreEpoch } });
    const before = await open(0);
    before.peer.creds.me = { id: "15550000001:1@s.whatsapp.net", lid: ANNA };
    before.peer.creds.account = { details: Buffer.from([1]) };
    await before.saveCreds();
    await before.peer.sendToGroup(GROUP, "1");
    await before.keys.set({ "sender-key-memory": { [GROUP]: { [BEN]: true } } });
    await before.account.close();
    const same = await open(0);
    expect(await same.keys.get("sender-key-memory", [GROUP])).toEqual({ [GROUP]: { [BEN]: true } });
    await same.account.close();
    const restored = await open(1);
    expect(await restored.keys.get("sender-key-memory", [GROUP])).toEqual({});
  });

  test("requests a peer's damaged sender key again", async () => {
    const [anna, ben] = await talking();
    const { senderKey } = await anna.peer.sendToGroup(GROUP, "1");
    await ben.peer.learnSenderKey(GROUP, anna.peer, senderKey);
    await ben.account.close();
    await ben.open();
    await ben.account.store.putSenderKey(`${GROUP}:100000000000001:1@lid.0`, new Uint8Array([0xff]));
    const { message, senderKey: again } = await anna.peer.sendToGroup(GROUP, "2");
    await expect(ben.peer.receiveFromGroup(GROUP, anna.peer, message)).rejects.toThrow("No session found");
    await ben.peer.learnSenderKey(GROUP, anna.peer, again);
    expect(await ben.peer.receiveFromGroup(GROUP, anna.peer, message)).toBe("2");
  });

  test("reads a session with too many burned keys as closed", async () => {
    const [anna, ben] = await talking();
    await anna.peer.send(ben.peer, "1");
    const late = await ben.peer.send(anna.peer, "late");
    await anna.account.close();
    await anna.open();
    const row = await anna.account.store.loadSessionRow(BEN_STORED);
    if (row?.lease === undefined) throw new Error("no lease");
    const lease = { ...row.lease, reservedUntil: row.lease.reservedUntil + 64, burned: 1_450 };
    await anna.account.commitWith([{ kind: "session.put", address: BEN_STORED, record: row.record, lease }]);
    expect(await anna.peer.repository.validateSession(BEN)).toEqual({
      exists: false,
      reason: "no open session",
    });
    expect(await anna.peer.repository.getSessionInfo(BEN)).toBeNull();
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId + 1);
    expect(await anna.peer.repository.validateSession(BEN)).toEqual({ exists: true });
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "again"))).toBe("again");
    expect(await anna.peer.receive(ben.peer, late)).toBe("late");
  });

  test("keeps the open session when a message for a closed one arrives", async () => {
    const [anna, ben] = await talking();
    const late = await ben.peer.send(anna.peer, "late");
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId + 1);
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "new"))).toBe("new");
    expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "answer"))).toBe("answer");
    await nextMillisecond();
    expect(await anna.peer.receive(ben.peer, late)).toBe("late");
    expect(await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "on"))).toBe("on");
    expect(await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "and on"))).toBe("and on");
  });

  test("stops only the messages of a record that cannot be stored", async () => {
    const [anna, ben] = await talking();
    anna.plan.refuse((write) => write.kind === "session.put");
    await expect(anna.peer.send(ben.peer, "1")).rejects.toThrow();
    await anna.peer.sendToGroup(GROUP, "1");
    anna.plan.clear();
    const frame = await anna.peer.send(ben.peer, "2");
    expect(await ben.peer.receive(anna.peer, frame)).toBe("2");
  });

  test("saves credentials without sessions that may wait", async () => {
    const [anna, ben] = await talking();
    await anna.account.flush();
    await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "1"));
    const { rowsWritten } = anna.account.stats();
    Object.assign(anna.peer.creds, { platform: "android" });
    await anna.opened.saveCreds();
    expect(anna.account.stats().rowsWritten - rowsWritten).toBe(1);
  });

  test("does not write known identities and names again", async () => {
    const [anna, ben] = await talking();
    await ben.account.flush();
    const { [ANNA_NODE]: identity } = await ben.opened.keys.get("identity-key", [ANNA_NODE]);
    expect(identity).toHaveLength(33);
    const before = ben.plan.commits;
    await ben.opened.keys.set({ "identity-key": { [ANNA_NODE]: identity } });
    expect(ben.plan.commits).toBe(before);
    expect(anna.account.health().state).toBe("idle");
  });
});
