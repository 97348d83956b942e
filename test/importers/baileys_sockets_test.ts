/**
 * Real sockets: a bot on the files of stock Baileys moves into an account, and out again to files. Does not
 * cover WhatsApp's own servers.
 */
import { join } from "node:path";
import * as baileys from "baileys";
import { type BinaryNode, useMultiFileAuthState } from "baileys";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { useHoldfast } from "../../src/baileys/mod.ts";
import { diskFolder, exportBaileysFolder, importBaileysFolder } from "../../src/exports/importers.ts";
import { serverForEachTest } from "../baileys/server_for_each.ts";
import { groupKeyName, messageKeyName } from "../baileys/signal_peer.ts";
import {
  bytesOf,
  children,
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  type TestSocket,
  textOf,
  type WhatsAppServer,
} from "../support/whatsapp/mod.ts";
import { temporaryFolder } from "./baileys_world.ts";

let server: WhatsAppServer;
const opened = serverForEachTest((started) => {
  server = started;
});

/** A socket over the files of a folder, as `useMultiFileAuthState` is used. */
async function onFiles(path: string): Promise<TestSocket> {
  const { state, saveCreds } = await useMultiFileAuthState(path);
  if (state.creds.me === undefined) {
    Object.assign(state.creds, pairedCreds({ pn: "15550000001", creds: state.creds }));
    await saveCreds();
  }
  return await makeTestSocket({ server, creds: state.creds, keys: state.keys, saveCreds });
}

/** The same over an account. */
async function onAccount(database: MemoryDatabase): Promise<TestSocket> {
  const account = await openAccount({ backend: memoryBackend({ database }) });
  const holdfast = await useHoldfast(baileys, account);
  const socket = await makeTestSocket({
    server,
    creds: holdfast.config.auth.creds,
    keys: holdfast.config.auth.keys,
    config: holdfast.config,
    onSocket: (sock) => void holdfast.bind(sock),
  });
  const close = socket.close.bind(socket);
  return Object.assign(socket, {
    close: async () => {
      await close();
      await account.close();
    },
  });
}

/** Names of the message keys that a user's frames have used, in order. */
function usedKeys(user: string): string[] {
  const used: string[] = [];
  const visit = (node: BinaryNode): void => {
    const ciphertext = node.tag === "enc" ? bytesOf(node) : undefined;
    const { type } = node.attrs;
    if (ciphertext !== undefined && (type === "msg" || type === "pkmsg"))
      used.push(messageKeyName({ type, ciphertext }));
    else if (ciphertext !== undefined && type === "skmsg") used.push(groupKeyName(ciphertext));
    for (const inner of children(node)) visit(inner);
  };
  server.onFrame(({ jid }, node) => {
    if (jid.startsWith(`${user}:1@`) && node.tag === "message") visit(node);
  });
  return used;
}

describe("a bot on files", () => {
  test.each(["originalIsStopped", "burn"] as const)(
    "moves in (%s) and out, 1:1 and in a group",
    async (chain) => {
      using folder = temporaryFolder();
      const used = usedKeys("15550000001");
      const ben = await makeTestSocket({
        server,
        creds: pairedCreds({ pn: "15550000002" }),
        keys: memoryKeys(),
      });
      opened.push(ben);
      const [before, after] = [join(folder.path, "before"), join(folder.path, "after")];
      let group: string | undefined;
      const texts: string[] = [];

      /** Both sides write, alone and in the group. Everything must be read. */
      async function talk(anna: TestSocket, name: string): Promise<void> {
        group ??= server.createGroup({ members: [anna.jid, ben.jid], addressing: "lid" });
        const answers: string[] = [];
        for (const round of [1, 2]) {
          for (const [place, text] of [
            [ben.userJid, `${name} ${round} alone`],
            [group, `${name} ${round} in the group`],
          ] as const) {
            await anna.sendText(place, text);
            texts.push(text);
            await ben.receivedCount(texts.length);
            await ben.sendText(place === group ? group : anna.userJid, `answer to ${text}`);
            answers.push(`answer to ${text}`);
            await anna.receivedCount(answers.length);
          }
        }
        expect(anna.received.map(textOf)).toEqual(answers);
        expect(ben.received.map(textOf)).toEqual(texts);
        expect([...anna.undecryptable, ...ben.undecryptable]).toEqual([]);
      }

      const first = await onFiles(before);
      await talk(first, "on files");
      await first.close();

      const database = new MemoryDatabase();
      const report = await importBaileysFolder(memoryBackend({ database }), diskFolder(before), { chain });
      expect(report.skipped.filter(({ reason }) => reason !== "derived")).toEqual([]);
      // The server has no phones. With a list as old as that of a folder, Baileys would ask for our devices
      // again and write to a phone.
      await memoryBackend({ database }).updateDeviceList({
        user: "915550000001",
        devices: [{ deviceId: 1 }],
        timestamp: Math.floor(Date.now() / 1_000),
      });
      const moved = await onAccount(database);
      await talk(moved, "on the account");
      await moved.close();

      await exportBaileysFolder(memoryBackend({ database }), diskFolder(after));
      const last = await onFiles(after);
      opened.push(last);
      await talk(last, "on files again");

      expect(used.length).toBeGreaterThanOrEqual(12);
      expect(new Set(used).size).toBe(used.length);
    },
  );
});
