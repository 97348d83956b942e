/**
 * A bot over `useHoldfast` that sends until it is killed: `node retried_bot.mjs <JSON of RetriedBotOptions>`.
 * It reads two lines: `connect`, and a list of JIDs in JSON, to which it sends in turn. It prints lines of JSON
 * (`FromBot`).
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import * as baileys from "baileys";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { baileysAuthState, type HoldfastOptions, useHoldfast } from "../../src/baileys/mod.ts";
import { pairedCreds, silentLogger } from "../support/whatsapp/mod.ts";

export interface RetriedBotOptions {
  readonly url: string;
  readonly server: string;
  /** The key that signs the server's certificate, base64. */
  readonly root: string;
  readonly pn: string;
  readonly options: HoldfastOptions;
  /** Longest pause between two messages. */
  readonly pauseMs: number;
}

/** Output of the process. */
export type FromBot =
  | { readonly kind: "hello"; readonly id: string; readonly lid: string; readonly noiseKey: string }
  | { readonly kind: "open" };

const [options] = process.argv.slice(2);
if (options !== undefined) await main(JSON.parse(options) as RetriedBotOptions);

async function main({ url, server, root, pn, options, pauseMs }: RetriedBotOptions): Promise<void> {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn"] as const) console[method] = () => {};
  baileys.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, "base64");
  const account = await openAccount({ backend: libsqlBackend({ url, account: pn }) });
  const holdfast = await useHoldfast(baileys, account, options);
  const { creds } = holdfast.config.auth;
  if (creds.me === undefined) {
    Object.assign(creds, pairedCreds({ pn }));
    await (await baileysAuthState(account)).saveCreds();
  }
  const { me, noiseKey } = creds;
  const key = Buffer.from(noiseKey.public).toString("base64");
  say({ kind: "hello", id: me?.id ?? "", lid: me?.lid ?? "", noiseKey: key });
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  await lines.next();
  const socket = baileys.makeWASocket({
    waWebSocketUrl: server,
    logger: silentLogger,
    retryRequestDelayMs: 0,
    ...holdfast.config,
  });
  holdfast.bind(socket);
  socket.ev.on("connection.update", ({ receivedPendingNotifications }) => {
    if (receivedPendingNotifications) say({ kind: "open" });
  });
  const { value } = await lines.next();
  const chats = JSON.parse(String(value)) as string[];
  for (let n = 0; ; n += 1) {
    const jid = chats[n % chats.length] ?? "";
    await socket.sendMessage(jid, { text: `${process.pid} ${n}` });
    await new Promise((resolve) => setTimeout(resolve, (n * 37) % pauseMs));
  }
}

/** Writes a line synchronously. */
function say(line: FromBot): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
