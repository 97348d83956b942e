import { describe, expect, test } from "vitest";
import type { Account } from "../../account/mod.ts";
import { openAccount } from "../../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../adapters/memory/mod.ts";
import { BackendError } from "../../errors/mod.ts";
import { encodePendingMessage } from "../../records/mod.ts";
import { type FakeHost, fakeHost } from "../../testing/mod.ts";
import { type InboxMessage, resolveInboxOptions } from "./inbox_options.ts";
import type { BaileysModule, SocketLike } from "./library.ts";
import { MessageDelivery } from "./message_delivery.ts";
import { PendingMessages } from "./pending_messages.ts";

/** A module whose messages are their stanza's id. */
const BAILEYS = {
  proto: { Message: { decode: () => ({}) } },
  decodeMessageNode: ({ attrs }: { attrs: { id: string } }) => ({
    fullMessage: { id: attrs.id },
    author: "",
  }),
  cleanMessage: () => {},
} as unknown as BaileysModule;

const SOCKET = {} as SocketLike;

interface World {
  readonly host: FakeHost;
  readonly account: Account;
  readonly delivery: MessageDelivery;
  readonly pending: PendingMessages;
  /** The ids of each batch. */
  readonly batches: string[][];
  readonly passed: InboxMessage[];
  /** Replaces what `onMessages` does. */
  handle: (ids: readonly string[]) => void | Promise<void>;
}

async function world(ids: readonly string[], limits: { maxPending?: number } = {}): Promise<World> {
  const host = fakeHost();
  const account = await openAccount({
    backend: memoryBackend({ database: new MemoryDatabase(), clock: host.clock }),
    host,
  });
  await store(account, ids);
  const batches: string[][] = [];
  const passed: InboxMessage[] = [];
  const options = resolveInboxOptions({
    batchSize: 3,
    ...limits,
    onMessages: async (batch) => {
      const names = batch.map(({ message }) => message.id as string);
      batches.push(names);
      passed.push(...batch);
      await here.handle(names);
    },
  });
  const pending = new PendingMessages(account, options);
  await pending.load();
  const delivery = new MessageDelivery({
    baileys: BAILEYS,
    account,
    own: () => ({ id: "", lid: "" }),
    pending,
    options,
    removed: () => {},
  });
  const here: World = { host, account, delivery, pending, batches, passed, handle: () => {} };
  return here;
}

async function store(account: Account, ids: readonly string[]): Promise<void> {
  const payload = (id: string) =>
    encodePendingMessage({ attributes: { id }, plaintexts: [new Uint8Array(1)] });
  await account.store.storePendingInbound(
    ids.map((id, index) => ({ chat: "c", sender: "s", id, payload: payload(id), receivedAt: index })),
  );
}

/** Lets everything that is not scheduled go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}

async function storedIds({ account }: World): Promise<string[]> {
  return (await account.store.listPendingInbound(100)).map(({ id }) => id);
}

describe("MessageDelivery", () => {
  test("passes batches in order and removes each when it is handled", async () => {
    const here = await world(["a", "b", "c", "d", "e"]);
    const left: string[][] = [];
    here.handle = async () => void left.push(await storedIds(here));
    here.delivery.open(SOCKET);
    await settle();
    expect(here.batches).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
    expect(left).toEqual([
      ["a", "b", "c", "d", "e"],
      ["d", "e"],
    ]);
    expect(await storedIds(here)).toEqual([]);
  });

  test("passes nothing to a socket that opens after the account was closed", async () => {
    const here = await world(["a"]);
    await here.account.close();
    here.delivery.open(SOCKET);
    await settle();
    expect(here.batches).toEqual([]);
  });

  test("passes nothing before a socket is open, or after it has ended", async () => {
    const here = await world(["a"]);
    here.delivery.wake();
    here.delivery.open(undefined);
    await settle();
    expect(here.batches).toEqual([]);
  });

  test("passes the messages of a failed batch one by one, after growing pauses", async () => {
    const here = await world(["a", "b", "c", "d"]);
    let isBroken = true;
    here.handle = (ids) => {
      if (isBroken && ids.includes("b")) throw new Error("cannot handle b");
    };
    here.delivery.open(SOCKET);
    await settle();
    expect(here.batches).toEqual([["a", "b", "c"]]);
    await here.host.scheduler.advance(1_000);
    await settle();
    expect(here.batches.slice(1)).toEqual([["a"], ["b"]]);
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      const { length } = here.batches;
      let waitedMs = 0;
      for (; here.batches.length === length; waitedMs += 250) {
        await here.host.scheduler.advance(250);
        await settle();
      }
      waits.push(waitedMs);
    }
    // Each pause is between half of its maximum and the maximum, which doubles up to a minute.
    const limits = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000);
    for (const [index, waitedMs] of waits.entries()) {
      expect(waitedMs).toBeGreaterThanOrEqual((limits[index] as number) / 2);
      expect(waitedMs).toBeLessThanOrEqual((limits[index] as number) + 250);
    }
    expect(here.passed.at(-1)).toMatchObject({ attempt: 10, redelivered: true });
    expect(await storedIds(here)).toEqual(["b", "c", "d"]);
    isBroken = false;
    await here.host.scheduler.advance(60_000);
    await settle();
    // The message that was never passed is not held back to a batch of its own.
    expect(here.batches.slice(-3)).toEqual([["b"], ["c"], ["d"]]);
    expect(await storedIds(here)).toEqual([]);
  });

  test("removes what was handled before it passes more, when the removal fails", async () => {
    const here = await world(["a", "b", "c", "d"]);
    const { store: stores } = here.account;
    const remove = stores.deletePendingInbound.bind(stores);
    let failures = 0;
    Object.defineProperty(stores, "deletePendingInbound", {
      value: async (...parameters: Parameters<typeof remove>) => {
        failures += 1;
        if (failures <= 2) throw new BackendError("commit: the disk is full");
        await remove(...parameters);
      },
    });
    here.delivery.open(SOCKET);
    await settle();
    await here.host.scheduler.advance(1_000);
    await settle();
    expect(here.batches).toEqual([["a", "b", "c"]]);
    await here.host.scheduler.advance(2_000);
    await settle();
    expect(here.batches).toEqual([["a", "b", "c"], ["d"]]);
    expect(await storedIds(here)).toEqual([]);
  });

  test("reads more than the limit in parts", async () => {
    const here = await world(["a", "b", "c", "d", "e"], { maxPending: 2 });
    expect(here.pending.isFull).toBe(true);
    here.delivery.open(SOCKET);
    await settle();
    expect(here.batches).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(here.pending.isFull).toBe(false);
  });

  test("leaves out a stored message that cannot be decoded, and keeps its row", async () => {
    const here = await world(["a"]);
    await here.account.store.storePendingInbound([
      { chat: "c", sender: "s", id: "bad", payload: Uint8Array.of(0xff), receivedAt: 0 },
    ]);
    await store(here.account, ["b"]);
    const again = new PendingMessages(here.account, { maxPending: 10, maxPendingBytes: 1_000 });
    await again.load();
    expect(again.next(10).map(({ ref }) => ref.id)).toEqual(["a", "b"]);
    expect(here.host.logger.messages("error")).toEqual(["inbox: a stored message cannot be decoded"]);
  });
});
