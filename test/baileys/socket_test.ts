/**
 * Real sockets over Holdfast accounts, against a local server. All state that is needed to decrypt a frame,
 * or to never repeat its key, is durable before the frame is sent. Does not cover WhatsApp's own servers.
 */
import type { BinaryNode } from "baileys";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { parseSignalAddress } from "../../src/addresses/mod.ts";
import { type Backend, type Write, withCommitter } from "../../src/backend/mod.ts";
import {
  baileysAuthState,
  formatNodeAddress,
  type KeyStore,
  signalRepository,
} from "../../src/baileys/mod.ts";
import { SenderKeyRecord, SessionRecord } from "../../src/ratchet/mod.ts";
import {
  bytesOf,
  child,
  type LeftFrame,
  makeTestSocket,
  pairedCreds,
  type TestSocket,
  Timeline,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { serverForEachTest } from "./server_for_each.ts";
import { groupKeyName, messageKeyName } from "./signal_peer.ts";

const ANNA = "15550000001";
const BEN = "15550000002";

let server: WhatsAppServer;
const opened = serverForEachTest((started) => {
  server = started;
});

interface Client {
  readonly socket: TestSocket;
  readonly account: Account;
  readonly database: MemoryDatabase;
  readonly timeline: Timeline;
  readonly keys: KeyStore;
  readonly promises: Promises;
}

/** Connects an account. With the `database` of an earlier client it is the same device again. */
async function connect(pn: string, database = new MemoryDatabase()): Promise<Client> {
  const timeline = new Timeline();
  const promises = new Promises(timeline);
  const account = await openAccount({
    backend: observed(memoryBackend({ database }), timeline, promises),
  });
  const { state, saveCreds } = await baileysAuthState(account);
  if (state.creds.me === undefined) {
    Object.assign(state.creds, pairedCreds({ pn }));
    await saveCreds();
  }
  const socket = await makeTestSocket({
    server,
    // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural.
    creds: state.creds as any,
    keys: state.keys,
    makeSignalRepository: signalRepository(account, makeLibSignalRepository),
    saveCreds,
    onLeave: timeline.onLeave,
  });
  opened.push(account, socket);
  return { socket, account, database, timeline, keys: state.keys, promises };
}

/** A backend that records durable rows and their counters in the timeline. */
function observed(backend: Backend, timeline: Timeline, promises: Promises): Backend {
  return withCommitter(backend, {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    async commit(writes, options) {
      const changed = await backend.commit(writes, options);
      promises.note(writes);
      timeline.markDurable(writes.map(nameOf));
      return changed;
    },
  });
}

function nameOf(write: Write): string {
  if (write.kind === "session.put") return `session:${write.address}`;
  if (write.kind === "senderKey.put") return `sender-key:${write.name}`;
  if (write.kind === "preKey.put") return `pre-key:${write.id}`;
  return write.kind;
}

/** Deletes sessions and served pre-keys, as a damaged disk or a restored backup would. */
async function lose({ account, keys }: Client): Promise<void> {
  await account.flush();
  const addresses = (await account.store.listSignalAddresses([`9${ANNA}`, ANNA])).filter(
    ({ kind }) => kind === "session",
  );
  expect(addresses.length).toBeGreaterThan(0);
  const sessions = addresses.map(({ address }) => formatNodeAddress(parseSignalAddress(address)));
  const { firstUnuploadedPreKeyId } = account.device.getDeviceSnapshot();
  const served = Array.from({ length: firstUnuploadedPreKeyId - 1 }, (_, index) => String(index + 1));
  const gone = (ids: readonly string[]): Record<string, null> =>
    Object.fromEntries(ids.map((id) => [id, null]));
  await keys.set({ session: gone(sessions), "pre-key": gone(served) });
}

/** The id of the one-time key in a retry receipt; 0 when it has none. */
function offered(frame: LeftFrame): number {
  if (frame.node?.tag !== "receipt" || frame.node.attrs.type !== "retry") return 0;
  const id = bytesOf(child(child(child(frame.node, "keys"), "key"), "id"));
  return id === undefined ? 0 : Buffer.from(id).readUIntBE(0, id.length);
}

/** Counters in durable rows, with the time of each. */
class Promises {
  readonly #timeline: Timeline;
  readonly #bounds: { readonly at: number; readonly chain: string; readonly bound: number }[] = [];

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  note(writes: readonly Write[]): void {
    const at = this.#timeline.events.length;
    for (const write of writes) {
      const stored = storedCounter(write);
      if (stored === undefined || !("lease" in write)) continue;
      const bound = Math.max(stored.next, write.lease?.reservedUntil ?? 0);
      this.#bounds.push({ at, chain: stored.chain, bound });
    }
  }

  /** The exclusive bound of a chain that was durable before an event. −1 if there is none. */
  boundOf(chain: string, before: number): number {
    const known = this.#bounds.filter((entry) => entry.chain === chain && entry.at <= before);
    return Math.max(-1, ...known.map(({ bound }) => bound));
  }
}

/** The chain that a stored record sends on, and its next counter. */
function storedCounter(write: Write): { readonly chain: string; readonly next: number } | undefined {
  if (write.kind === "session.put") {
    const chain = SessionRecord.decode(write.record).sendingChain;
    const ratchet = chain && Buffer.from(chain.ratchetKey).toString("base64");
    return chain && ratchet ? { chain: ratchet, next: chain.next } : undefined;
  }
  if (write.kind !== "senderKey.put") return undefined;
  const state = SenderKeyRecord.decode(write.record).sendingState;
  return state && { chain: `sender key ${state.keyId}`, next: state.next };
}

interface LeftKey {
  readonly type: "msg" | "pkmsg" | "skmsg";
  readonly chain: string;
  readonly counter: number;
  readonly at: number;
}

/** The message keys of every ciphertext in the sent frames. */
function keysThatLeft(timeline: Timeline): LeftKey[] {
  return timeline.events.flatMap((event, at) => {
    if (event.kind !== "left" || event.frame.node?.tag !== "message") return [];
    return ciphertextsIn(event.frame.node).map(({ type, bytes }): LeftKey => {
      const name = type === "skmsg" ? groupKeyName(bytes) : messageKeyName({ type, ciphertext: bytes });
      const [chain = "", counter] = name.split("#");
      return { type, chain, counter: Number(counter), at };
    });
  });
}

function ciphertextsIn(node: BinaryNode): { readonly type: LeftKey["type"]; readonly bytes: Uint8Array }[] {
  const found = Array.isArray(node.content) ? node.content.flatMap(ciphertextsIn) : [];
  const bytes = node.tag === "enc" ? bytesOf(node) : undefined;
  return bytes === undefined ? found : [{ type: node.attrs.type as LeftKey["type"], bytes }, ...found];
}

describe("a socket over an account", () => {
  test("sends a 1:1 frame only after its key is durably marked as used", async () => {
    const anna = await connect(ANNA);
    const ben = await connect(BEN);
    for (let number = 1; number <= 6; number += 1) {
      await anna.socket.sendText(ben.socket.userJid, `message ${number}`);
      await ben.socket.receivedCount(number);
    }
    await ben.socket.sendText(anna.socket.userJid, "answer");
    await anna.socket.receivedCount(1);
    await anna.socket.sendText(ben.socket.userJid, "message 7");
    await ben.socket.receivedCount(7);
    const chains = new Set<string>();
    for (const { chain, counter, at } of keysThatLeft(anna.timeline)) {
      expect(anna.promises.boundOf(chain, at), `${chain} #${counter}`).toBeGreaterThan(counter);
      chains.add(chain);
    }
    expect(chains.size).toBeGreaterThan(1);
    expect(ben.socket.received.map(textOf)).toHaveLength(7);
  });

  test("sends a group frame only after its keys are durably marked as used", async () => {
    const anna = await connect(ANNA);
    const ben = await connect(BEN);
    const group = server.createGroup({ members: [anna.socket.jid, ben.socket.jid] });
    for (let number = 1; number <= 4; number += 1) {
      await anna.socket.sendText(group, `hello ${number}`);
      await ben.socket.receivedCount(number);
    }
    const left = keysThatLeft(anna.timeline);
    expect(new Set(left.map(({ type }) => type))).toEqual(new Set(["pkmsg", "skmsg"]));
    for (const { chain, counter, at } of left) {
      expect(anna.promises.boundOf(chain, at), `${chain} #${counter}`).toBeGreaterThan(counter);
    }
    await ben.socket.sendText(group, "hello yourself");
    expect((await anna.socket.receivedCount(1)).map(textOf)).toEqual(["hello yourself"]);
  });

  test("stores the pre-key of a retry request before sending the request", async () => {
    const anna = await connect(ANNA);
    const ben = await connect(BEN);
    await anna.socket.sendText(ben.socket.userJid, "before");
    await ben.socket.receivedCount(1);
    await lose(ben);
    const start = ben.timeline.events.length;
    await anna.socket.sendText(ben.socket.userJid, "lost twice");
    await ben.socket.receivedCount(2);

    const left = ben.timeline.find((event) => event.kind === "left" && offered(event.frame) > 0, start);
    const event = ben.timeline.events[left];
    const id = event?.kind === "left" ? offered(event.frame) : 0;
    expect(id).toBeGreaterThan(0);
    const durable = ben.timeline.find(
      (earlier) => earlier.kind === "durable" && earlier.records.includes(`pre-key:${id}`),
    );
    expect(durable).toBeGreaterThan(-1);
    expect(left).toBeGreaterThan(durable);
    expect(ben.socket.received.map(textOf)).toEqual(["before", "lost twice"]);
  });

  test("continues its sessions after a crash", async () => {
    const anna = await connect(ANNA);
    const ben = await connect(BEN);
    await anna.socket.sendText(ben.socket.userJid, "one");
    await ben.socket.receivedCount(1);
    // Only the connection is closed, not the account or its state.
    await anna.socket.close();
    const again = await connect(ANNA, anna.database);
    await again.socket.sendText(ben.socket.userJid, "two");
    expect((await ben.socket.receivedCount(2)).map(textOf)).toEqual(["one", "two"]);
    expect(ben.socket.undecryptable).toEqual([]);
    await expect(anna.account.commitWith([{ kind: "senderKeyDevices.clearAll" }])).rejects.toThrow(/owner/);
  });
});
