/**
 * A database that is unreachable while Baileys continues to send. No session may be lost or reported as
 * absent. Does not cover a socket's own reaction to the errors.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../src/adapters/memory/mod.ts";
import {
  formatNodeSenderKeyName,
  formatSignalAddress,
  parseJid,
  parseSenderKeyName,
  toSignalAddress,
} from "../../src/addresses/mod.ts";
import { bindingOf } from "../../src/baileys/binding.ts";
import { BackendError, HaltedError } from "../../src/errors/mod.ts";
import { FaultPlan, faultyCommitter } from "../../src/testing/mod.ts";
import { type HoldfastPeer, openPeer, type PeerAccountOptions } from "./holdfast_peer.ts";
import type { SignalPeer } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";
const OTHER_GROUP = "120363000000000002@g.us";
const DOWN = new BackendError("commit: unreachable");

/** More messages than a receiver allows a chain to skip. */
const MANY = 2_100;

beforeEach(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Anna, whose database can be unreachable, and Ben, who reads her messages. */
class Pair {
  readonly plan = new FaultPlan();
  readonly faults = new MemoryFaults();
  readonly #database = new MemoryDatabase();
  readonly #options: PeerAccountOptions;
  anna!: HoldfastPeer;
  ben!: HoldfastPeer;

  constructor(options: PeerAccountOptions = {}) {
    this.#options = { saverIntervalMs: "manual", housekeeping: false, ...options };
  }

  /** Opens a pair after both have exchanged direct and group messages. */
  static async open(options?: PeerAccountOptions): Promise<Pair> {
    const pair = new Pair(options);
    await pair.reopen();
    pair.ben = await openPeer(BEN, memoryBackend());
    await pair.peer.greet(pair.ben.peer, pair.ben.peer.creds.firstUnuploadedPreKeyId);
    await pair.expectRead();
    await pair.peer.receive(pair.ben.peer, await pair.ben.peer.send(pair.peer, "answer"));
    await pair.expectRead();
    return pair;
  }

  /** Opens Anna's account in a new process. The previous one has crashed, unless it was closed. */
  async reopen(): Promise<void> {
    const backend = memoryBackend({ database: this.#database, faults: this.faults });
    this.anna = await openPeer(ANNA, faultyCommitter(backend, this.plan), this.#options);
  }

  get peer(): SignalPeer {
    return this.anna.peer;
  }

  async send(): Promise<void> {
    await this.peer.send(this.ben.peer, "text");
  }

  async sendToGroup(): Promise<void> {
    await this.peer.sendToGroup(GROUP, "text");
  }

  /**
   * Expects that Ben can read a direct and a group message. The group message carries the key if he does not
   * hold it, as in Baileys.
   */
  async expectRead(): Promise<void> {
    const { peer, ben } = this;
    if (!(await peer.repository.validateSession(BEN)).exists) {
      await peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId + 1);
    }
    expect(await ben.peer.receive(peer, await peer.send(ben.peer, "direct"))).toBe("direct");
    const { [GROUP]: marks } = await this.anna.keys.get("sender-key-memory", [GROUP]);
    const { message, senderKey } = await peer.sendToGroup(GROUP, "to all");
    if (marks?.[BEN] !== true) await ben.peer.learnSenderKey(GROUP, peer, senderKey);
    expect(await ben.peer.receiveFromGroup(GROUP, peer, message)).toBe("to all");
    await this.anna.keys.set({ "sender-key-memory": { [GROUP]: { [BEN]: true } } });
  }

  /** Runs `section` while every commit fails. */
  async whileDown(section: () => Promise<void>): Promise<void> {
    this.plan.always(DOWN);
    await section();
    this.plan.always("pass");
    await this.anna.account.flush();
  }

  /** Uses up the leases until saving is halted. */
  async halt(): Promise<void> {
    for (let sends = 0; sends < 100 && this.state !== "halted"; sends += 1) await this.send().catch(() => {});
    expect(this.state).toBe("halted");
  }

  get state(): string {
    return this.anna.account.health().state;
  }

  async refused(count: number, send: () => Promise<void>): Promise<number> {
    let refused = 0;
    for (let sent = 0; sent < count; sent += 1) await send().catch(() => (refused += 1));
    return refused;
  }
}

/** Baileys' name of our sender key in the group. */
function nameOfOurKey(): string {
  const address = formatSignalAddress(toSignalAddress(parseJid(ANNA)));
  return formatNodeSenderKeyName(parseSenderKeyName(`${GROUP}:${address}`));
}

describe("an outage of thousands of messages", () => {
  test.each([undefined, 1_000_000])(
    "leaves everything readable (halted after %s failures)",
    async (haltAfter) => {
      const pair = await Pair.open(haltAfter === undefined ? {} : { policy: { haltAfter } });
      await pair.whileDown(async () => {
        expect(await pair.refused(MANY, () => pair.send())).toBeGreaterThan(MANY - 64);
        expect(await pair.refused(MANY, () => pair.sendToGroup())).toBeGreaterThan(MANY - 64);
      });
      for (let n = 0; n < 3; n += 1) await pair.expectRead();
    },
  );

  test("leaves everything readable after two outages and a crash", async () => {
    const pair = await Pair.open();
    for (let outage = 0; outage < 2; outage += 1) {
      await pair.whileDown(async () => {
        await pair.refused(1_000, () => pair.send());
        await pair.refused(1_000, () => pair.sendToGroup());
      });
      await pair.reopen();
    }
    await pair.expectRead();
  });
});

describe("our own sender key, given up in an outage", () => {
  /** As a client does when a member has left. It is refused. */
  async function giveUp({ anna }: Pair): Promise<void> {
    const nothing = { "sender-key": { [nameOfOurKey()]: null }, "sender-key-memory": { [GROUP]: null } };
    await expect(anna.keys.set(nothing)).rejects.toThrow(DOWN);
  }

  /** Calls `section` before the cache changes the next time. */
  function beforeChange({ anna }: Pair, section: () => Promise<unknown>): void {
    const { cache } = bindingOf(anna.account);
    const change = cache.change.bind(cache);
    vi.spyOn(cache, "change").mockImplementationOnce(async (changes, applied) => {
      await section();
      return await change(changes, applied);
    });
  }

  // The key goes with a later commit. Its marks must not stay behind.
  test.each([true, false])(
    "takes the marks of those who hold it along (flushed before: %s)",
    async (isFlushed) => {
      const pair = await Pair.open();
      pair.plan.always(DOWN);
      await giveUp(pair);
      pair.plan.always("pass");
      if (isFlushed) await pair.anna.account.flush();
      await pair.expectRead();
      expect(await pair.anna.keys.get("sender-key-memory", [GROUP])).toEqual({ [GROUP]: { [BEN]: true } });
    },
  );

  test("is not asked for who holds it before it is gone", async () => {
    const pair = await Pair.open();
    pair.plan.always(DOWN);
    await giveUp(pair);
    await expect(pair.anna.keys.get("sender-key-memory", [GROUP])).rejects.toThrow(DOWN);
    pair.plan.always("pass");
    expect(await pair.anna.keys.get("sender-key-memory", [GROUP])).toEqual({});
  });

  // The client asks about another group while it waits for room, or for a read, before the key is given up.
  test("is not asked for who holds it after a question about another group", async () => {
    const pair = await Pair.open();
    pair.plan.always(DOWN);
    beforeChange(pair, () => pair.anna.keys.get("sender-key-memory", [OTHER_GROUP]));
    await giveUp(pair);
    await expect(pair.anna.keys.get("sender-key-memory", [GROUP])).rejects.toThrow(DOWN);
    pair.plan.always("pass");
    expect(await pair.anna.keys.get("sender-key-memory", [GROUP])).toEqual({});
  });

  test("does not keep the client from asking about another group", async () => {
    const pair = await Pair.open();
    pair.plan.always(DOWN);
    await giveUp(pair);
    expect(await pair.anna.keys.get("sender-key-memory", [OTHER_GROUP])).toEqual({});
  });
});

describe("signalRepository while saving is halted", () => {
  test("sends within the lease", async () => {
    const pair = await Pair.open();
    for (let n = 0; n < 20; n += 1) await pair.expectRead();
    await pair.whileDown(async () => {
      // Another change keeps failing.
      pair.anna.account.device.modifyDevice((draft) => {
        draft.pushName = "Anna";
      });
      while (pair.state !== "halted") await pair.anna.account.flush().catch(() => {});
      const frame = await pair.peer.send(pair.ben.peer, "within the lease");
      expect(await pair.ben.peer.receive(pair.peer, frame)).toBe("within the lease");
      const { message } = await pair.peer.sendToGroup(GROUP, "likewise");
      expect(await pair.ben.peer.receiveFromGroup(GROUP, pair.peer, message)).toBe("likewise");
    });
  });

  test("takes no key for a group message with too few left", async () => {
    const pair = await Pair.open();
    for (let n = 0; n < 20; n += 1) await pair.expectRead();
    await pair.whileDown(async () => {
      pair.anna.account.device.modifyDevice((draft) => {
        draft.pushName = "Anna";
      });
      while (pair.state !== "halted") await pair.anna.account.flush().catch(() => {});
      const senderKey = () => pair.anna.keys.get("sender-key", [nameOfOurKey()]);
      let before = await senderKey();
      let error: unknown;
      for (let sends = 0; sends < 100 && error === undefined; sends += 1) {
        before = await senderKey();
        error = await pair.sendToGroup().catch((refused: unknown) => refused);
      }
      expect(error).toBeInstanceOf(HaltedError);
      expect(await senderKey()).toEqual(before);
    });
  });

  test("rejects sends that need a commit", async () => {
    const pair = await Pair.open();
    await pair.whileDown(async () => {
      await pair.halt();
      await expect(pair.send()).rejects.toThrow(HaltedError);
    });
  });

  test("validates an open session from memory", async () => {
    const pair = await Pair.open();
    await pair.whileDown(async () => {
      await pair.halt();
      pair.faults.failReads(new BackendError("read: unreachable"));
      expect(await pair.peer.repository.validateSession(BEN)).toEqual({ exists: true });
      pair.faults.failReads(undefined);
    });
  });

  test("neither reports a missing session nor starts one", async () => {
    const pair = await Pair.open();
    await pair.whileDown(async () => {
      await pair.halt();
      const { repository } = pair.peer;
      await expect(repository.validateSession("100000000000003@lid")).rejects.toThrow(HaltedError);
      const greeting = pair.peer.greet(pair.ben.peer, pair.ben.peer.creds.firstUnuploadedPreKeyId + 1);
      await expect(greeting).rejects.toThrow(HaltedError);
    });
    expect(await pair.peer.repository.validateSession("100000000000003@lid")).toEqual({
      exists: false,
      reason: "no session",
    });
  });
});

describe("signalRepository.validateSession", () => {
  test("rejects with the error of the read", async () => {
    const pair = await Pair.open();
    await pair.anna.account.close();
    await pair.reopen();
    pair.faults.failReads(new BackendError("read: unreachable"));
    for (const jid of [BEN, "5511900000002@s.whatsapp.net"])
      await expect(pair.peer.repository.validateSession(jid)).rejects.toThrow("read: unreachable");
    pair.faults.failReads(undefined);
    expect(await pair.peer.repository.validateSession(BEN)).toEqual({ exists: true });
  });

  test("rejects when the session alone cannot be read", async () => {
    const pair = await Pair.open();
    await pair.anna.account.close();
    await pair.reopen();
    const { repository } = pair.peer;
    // Where the user's state is, is known from here on.
    expect((await repository.validateSession("100000000000002:9@lid")).exists).toBe(false);
    pair.faults.failReads(new BackendError("read: unreachable"));
    await expect(repository.validateSession(BEN)).rejects.toThrow("read: unreachable");
    pair.faults.failReads(undefined);
    expect(await repository.validateSession(BEN)).toEqual({ exists: true });
  });
});
