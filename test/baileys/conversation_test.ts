/**
 * Two accounts over one libSQL file talk through Baileys' Signal stack and are closed and reopened, or
 * dropped without a close, every fifty messages. Does not cover sockets (see socket_test.ts).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { type HoldfastPeer, openPeer } from "./holdfast_peer.ts";
import { type Frame, messageKeyName } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";
const MESSAGES = dose({ short: 300, long: 1_000 });
const SEED = 20_261_122;

const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Sent = { readonly text: string } & ({ readonly direct: Frame } | { readonly group: Uint8Array });

describe("a conversation over one file", () => {
  test(`keeps ${MESSAGES} messages readable with a reopening every 50`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const random = new SeededRandom(SEED);
    const url = `file:${join(folder, "conversation.db")}`;
    const open = async (): Promise<[HoldfastPeer, HoldfastPeer]> => [
      await openPeer(ANNA, libsqlBackend({ url, account: "anna" })),
      await openPeer(BEN, libsqlBackend({ url, account: "ben" })),
    ];

    let pair = await open();
    const identities = pair.map(({ account }) => account.device.getDeviceSnapshot().identityKey.publicKey);
    await pair[0].peer.greet(pair[1].peer, pair[1].peer.creds.firstUnuploadedPreKeyId);
    expect(await pair[1].peer.receive(pair[0].peer, await pair[0].peer.send(pair[1].peer, "first"))).toBe(
      "first",
    );

    const used = new Set<string>();
    const queues: [Sent[], Sent[]] = [[], []];
    const knowsSenderKey = [false, false];
    let received = 0;

    /** One side writes. Odd messages are delayed, so that they arrive out of order. */
    async function write(side: 0 | 1, text: string): Promise<void> {
      const [from, to] = [pair[side].peer, pair[1 - side]?.peer ?? pair[0].peer];
      if (random.below(4) > 0) {
        const direct = await from.send(to, text);
        expect(used.has(messageKeyName(direct)), `seed ${SEED}: repeated key`).toBe(false);
        used.add(messageKeyName(direct));
        queues[side].push({ text, direct });
        return;
      }
      const { message, senderKey } = await from.sendToGroup(GROUP, text);
      if (!knowsSenderKey[side]) {
        await to.learnSenderKey(GROUP, from, senderKey);
        knowsSenderKey[side] = true;
      }
      queues[side].push({ text, group: message });
    }

    async function deliver(side: 0 | 1): Promise<void> {
      const [from, to] = [pair[side].peer, pair[1 - side]?.peer ?? pair[0].peer];
      while (queues[side].length > 0) {
        const [sent] = queues[side].splice(random.below(queues[side].length), 1);
        if (sent === undefined) break;
        const text =
          "direct" in sent
            ? await to.receive(from, sent.direct)
            : await to.receiveFromGroup(GROUP, from, sent.group);
        expect(text, `seed ${SEED}`).toBe(sent.text);
        received += 1;
      }
    }

    for (let number = 0; number < MESSAGES; number += 1) {
      await write(random.below(2) as 0 | 1, `message ${number}`);
      if (random.below(5) === 0) await Promise.all([deliver(0), deliver(1)]);
      if (number % 50 === 49) {
        // Every other time the accounts are not closed, and the new owners fence the old ones.
        if (number % 100 === 99) await Promise.all(pair.map(({ account }) => account.close()));
        pair = await open();
      }
    }
    await Promise.all([deliver(0), deliver(1)]);

    expect(received).toBe(MESSAGES);
    for (const [side, { account }] of pair.entries()) {
      expect(account.device.getDeviceSnapshot().identityKey.publicKey).toEqual(identities[side]);
      expect(
        await account.store.hasSession(side === 0 ? "100000000000002:2@lid.0" : "100000000000001:1@lid.0"),
      ).toBe(true);
      await account.close();
    }
  });
});
