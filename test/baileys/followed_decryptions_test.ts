/**
 * A follower's writes and the step of the ratchet are in one commit, at whatever moment the account is
 * flushed while a message is decrypted.
 */
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Write, withCommitter } from "../../src/backend/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { followedRepository } from "../../src/baileys/signal_repository.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { SignalPeer } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:1@lid";
const GROUP = "120363000000000001@g.us";

beforeEach(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function world() {
  const commits: (readonly Write[])[] = [];
  const backend = await memoryBackend();
  const account = await openAccount({
    backend: withCommitter(backend, {
      capabilities: backend.capabilities,
      readOwner: () => backend.readOwner(),
      close: () => backend.close(),
      async commit(writes, options) {
        const changed = await backend.commit(writes, options);
        commits.push(writes);
        return changed;
      },
    }),
  });
  const { state } = await baileysAuthState(account);
  let count = 0;
  const receiver = new SignalPeer({
    jid: BEN,
    // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural.
    creds: state.creds as any,
    keys: state.keys,
    makeRepository: followedRepository(account, makeLibSignalRepository, {
      decrypted: (_, payload) => {
        count += 1;
        const row = {
          chat: "c",
          sender: "s",
          id: String(count),
          payload: new Uint8Array(payload),
          receivedAt: 1,
        };
        return [{ kind: "pendingInbound.put", rows: [row] }];
      },
    }),
  });
  const sender = new SignalPeer({ jid: ANNA, creds: pairedCreds({ pn: "1" }), keys: memoryKeys() });
  return { account, commits, receiver, sender };
}

/** Flushes the account again and again until the operation ends, beginning after a number of turns. */
async function amidFlushes<T>(
  { account }: Awaited<ReturnType<typeof world>>,
  hops: number,
  operation: () => Promise<T>,
): Promise<T> {
  let isOver = false;
  const flushing = (async () => {
    for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
    while (!isOver) await account.flush();
  })();
  try {
    return await operation();
  } finally {
    isOver = true;
    await flushing;
  }
}

/** The kinds of the commits that contain any of some kinds. */
function having(commits: readonly (readonly Write[])[], ...kinds: Write["kind"][]): Write["kind"][][] {
  return commits.flatMap((writes) => {
    const found = writes.map(({ kind }) => kind).filter((kind) => kinds.includes(kind));
    return found.length === 0 ? [] : [found.sort()];
  });
}

describe("followedRepository", () => {
  test("commits the steps of sessions with the follower's writes", async () => {
    for (let hops = 0; hops < 60; hops += 3) {
      const here = await world();
      const { commits, receiver, sender, account } = here;
      await sender.greet(receiver, 1);
      for (const text of ["first", "second"]) {
        const frame = await sender.send(receiver, text);
        commits.length = 0;
        expect(await amidFlushes(here, hops, () => receiver.receive(sender, frame))).toBe(text);
        const removal: Write["kind"][] = text === "first" ? ["preKey.remove"] : [];
        expect(having(commits, "session.put", "preKey.remove", "pendingInbound.put")).toEqual([
          ["pendingInbound.put", ...removal, "session.put"],
        ]);
      }
      await account.close();
    }
  });

  test("commits the steps of sender keys with the follower's writes", async () => {
    for (let hops = 0; hops < 60; hops += 6) {
      const here = await world();
      const { commits, receiver, sender, account } = here;
      const { message, senderKey } = await sender.sendToGroup(GROUP, "hello");
      await receiver.learnSenderKey(GROUP, sender, senderKey);
      commits.length = 0;
      expect(await amidFlushes(here, hops, () => receiver.receiveFromGroup(GROUP, sender, message))).toBe(
        "hello",
      );
      expect(having(commits, "senderKey.put", "pendingInbound.put")).toEqual([
        ["pendingInbound.put", "senderKey.put"],
      ]);
      await account.close();
    }
  });
});
