/**
 * Real sockets over Holdfast accounts, against a local server: what a frame needs to be understood, or never to be
 * repeated, is durable before the frame leaves. What it does not prove: anything about WhatsApp's own servers.
 */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, type Write, withCommitter } from "../../src/backend/mod.ts";
import { baileysAuthState, signalRepository } from "../../src/baileys/mod.ts";
import {
  bytesOf,
  child,
  concerns,
  type LeftFrame,
  leaves,
  makeTestSocket,
  pairedCreds,
  startWhatsAppServer,
  type TestSocket,
  Timeline,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";

const ANNA = "15550000001";
const BEN = "15550000002";

let server: WhatsAppServer;
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
});
afterEach(async () => {
  for (const closing of opened.splice(0).reverse()) await closing[Symbol.asyncDispose]();
  const { incidents } = server;
  await server[Symbol.asyncDispose]();
  vi.restoreAllMocks();
  expect(incidents).toEqual([]);
});

interface Client {
  readonly socket: TestSocket;
  readonly account: Account;
  readonly database: MemoryDatabase;
  readonly timeline: Timeline;
}

/** Connects an account; with a `database` of an earlier client it comes back as the same device. */
async function connect(pn: string, database = new MemoryDatabase()): Promise<Client> {
  const timeline = new Timeline();
  const account = await openAccount({ backend: observed(memoryBackend({ database }), timeline) });
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
  return { socket, account, database, timeline };
}

/** A backend that tells the timeline what became durable. */
function observed(backend: Backend, timeline: Timeline): Backend {
  return withCommitter(backend, {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    async commit(writes, options) {
      const changed = await backend.commit(writes, options);
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

test("1:1: the ratchet step is durable before its frame leaves", async () => {
  const anna = await connect(ANNA);
  const ben = await connect(BEN);
  for (const number of [1, 2, 3]) {
    const start = anna.timeline.events.length;
    await anna.socket.sendText(ben.socket.userJid, `message ${number}`);
    await ben.socket.receivedCount(number);
    const durable = anna.timeline.find(concerns("durable", "session:"), start);
    const left = anna.timeline.find(leaves("message"), start);
    expect(durable).toBeGreaterThan(-1);
    expect(left).toBeGreaterThan(durable);
  }
  expect(ben.socket.received.map(textOf)).toEqual(["message 1", "message 2", "message 3"]);
});

test("group: the sender key and every session are durable before the frame leaves", async () => {
  const anna = await connect(ANNA);
  const ben = await connect(BEN);
  const group = server.createGroup({ members: [anna.socket.jid, ben.socket.jid] });
  const start = anna.timeline.events.length;
  await anna.socket.sendText(group, "hello");
  expect((await ben.socket.receivedCount(1)).map(textOf)).toEqual(["hello"]);
  const left = anna.timeline.find(leaves("message", { to: group }), start);
  for (const record of ["sender-key:", "session:"]) {
    const durable = anna.timeline.find(concerns("durable", record), start);
    expect(durable, record).toBeGreaterThan(-1);
    expect(left, record).toBeGreaterThan(durable);
  }
  await ben.socket.sendText(group, "hello yourself");
  expect((await anna.socket.receivedCount(1)).map(textOf)).toEqual(["hello yourself"]);
});

test("retry: the pre-key that a retry request offers is durable before the request leaves", async () => {
  const anna = await connect(ANNA);
  const ben = await connect(BEN);
  await anna.socket.sendText(ben.socket.userJid, "before");
  await ben.socket.receivedCount(1);
  await lose(ben.account);
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

test("a device that comes back after a crash goes on in the sessions it had", async () => {
  const anna = await connect(ANNA);
  const ben = await connect(BEN);
  await anna.socket.sendText(ben.socket.userJid, "one");
  await ben.socket.receivedCount(1);
  // Neither the account nor its state is closed: only the connection dies.
  await anna.socket.close();
  const again = await connect(ANNA, anna.database);
  await again.socket.sendText(ben.socket.userJid, "two");
  expect((await ben.socket.receivedCount(2)).map(textOf)).toEqual(["one", "two"]);
  expect(ben.socket.undecryptable).toEqual([]);
  await expect(anna.account.commitWith([{ kind: "senderKeyDevices.clearAll" }])).rejects.toThrow(/owner/);
});

/** What a damaged disk or a restored backup does: sessions and served pre-keys are gone. */
async function lose(account: Account): Promise<void> {
  const writes: Write[] = [];
  for (const { kind, address } of await account.store.listSignalAddresses([`9${ANNA}`, ANNA])) {
    if (kind === "session") writes.push({ kind: "session.delete", address });
  }
  expect(writes.length).toBeGreaterThan(0);
  const { firstUnuploadedPreKeyId } = account.device.getDeviceSnapshot();
  for (let id = 1; id < firstUnuploadedPreKeyId; id += 1) writes.push({ kind: "preKey.remove", id });
  await account.commitWith(writes);
}

/** The id of the one-time key in a retry receipt; 0 when it has none. */
function offered(frame: LeftFrame): number {
  if (frame.node?.tag !== "receipt" || frame.node.attrs.type !== "retry") return 0;
  const id = bytesOf(child(child(child(frame.node, "keys"), "key"), "id"));
  return id === undefined ? 0 : Buffer.from(id).readUIntBE(0, id.length);
}
