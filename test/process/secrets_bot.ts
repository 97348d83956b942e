/**
 * A bot over an account in a file that decrypts votes, responses to events and edits:
 * `node secrets_bot.mjs <database url> <server url> <root key of the server, hexadecimal>`.
 *
 * It connects after it has read a line, and sends a poll, an event and a text to each JID that it reads
 * afterwards. It prints lines of JSON (`FromSecretsBot`).
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import * as baileys from "baileys";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { type Backend, withCommitter } from "../../src/backend/mod.ts";
import { baileysAuthState, useHoldfast } from "../../src/baileys/mod.ts";
import { decodeSegment } from "../../src/records/mod.ts";
import { pairedCreds } from "../support/whatsapp/paired_creds.ts";
import { silentLogger } from "../support/whatsapp/silent_logger.ts";

/** Output of the bot. Bytes are hexadecimal. */
export type FromSecretsBot =
  | { readonly kind: "device"; readonly id: string; readonly lid: string; readonly noiseKey: string }
  | { readonly kind: "open" }
  | { readonly kind: "sent"; readonly what: "poll" | "event"; readonly id: string; readonly secret: string }
  | { readonly kind: "received"; readonly id: string; readonly fromMe: boolean }
  | { readonly kind: "stored"; readonly log: string; readonly ids: readonly string[] }
  | { readonly kind: "decrypted"; readonly id: string; readonly outcome: string; readonly content: string };

export const BOT_PN = "15550000002";

const [database = "", server = "", root = ""] = process.argv.slice(2);
if (database !== "") await main();

async function main(): Promise<void> {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn"] as const) console[method] = () => {};
  baileys.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, "hex");
  const account = await openAccount({ backend: observed(await libsqlBackend({ url: database })) });
  const { state, saveCreds } = await baileysAuthState(account);
  if (state.creds.me === undefined) {
    Object.assign(state.creds, pairedCreds({ pn: BOT_PN }));
    await saveCreds();
  }
  const holdfast = await useHoldfast(baileys, account);
  const { creds } = holdfast.config.auth;
  const noiseKey = Buffer.from(creds.noiseKey.public).toString("hex");
  say({ kind: "device", id: creds.me?.id ?? "", lid: creds.me?.lid ?? "", noiseKey });
  let socket: baileys.WASocket | undefined;
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (socket === undefined) {
      socket = baileys.makeWASocket({ ...holdfast.config, waWebSocketUrl: server, logger: silentLogger });
      holdfast.bind(socket);
      follow(socket, holdfast);
    } else void send(socket, line);
  });
}

type Holdfast = Awaited<ReturnType<typeof useHoldfast<typeof baileys>>>;

function follow(socket: baileys.WASocket, { secrets }: Holdfast): void {
  socket.ev.on("connection.update", ({ connection }) => {
    if (connection === "open") say({ kind: "open" });
  });
  socket.ev.on("messages.upsert", async ({ messages }) => {
    for (const message of messages) {
      const content = baileys.normalizeMessageContent(message.message);
      const id = message.key.id ?? "";
      if (content?.pollUpdateMessage) {
        const vote = await secrets.decryptPollVote(message);
        const option = vote.outcome === "decrypted" ? vote.content.selectedOptions[0] : undefined;
        decrypted(id, vote.outcome, Buffer.from(option ?? []).toString("hex"));
      } else if (content?.encEventResponseMessage) {
        const response = await secrets.decryptEventResponse(message);
        const value = response.outcome === "decrypted" ? String(response.content.response) : "";
        decrypted(id, response.outcome, value);
      } else if (content?.secretEncryptedMessage) {
        const edit = await secrets.decryptEdit(message);
        const edited = edit.outcome === "decrypted" ? edit.content.protocolMessage?.editedMessage : undefined;
        decrypted(id, edit.outcome, edited?.conversation ?? "");
      } else if (content) say({ kind: "received", id, fromMe: message.key.fromMe === true });
    }
  });
}

function decrypted(id: string, outcome: string, content: string): void {
  say({ kind: "decrypted", id, outcome, content });
}

async function send(socket: baileys.WASocket, to: string): Promise<void> {
  const poll = await socket.sendMessage(to, {
    poll: { name: "poll", values: ["yes", "no"], selectableCount: 1 },
  });
  sent("poll", poll);
  sent("event", await socket.sendMessage(to, { event: { name: "event", startDate: new Date() } }));
}

function sent(what: "poll" | "event", message: baileys.WAMessage | undefined): void {
  const secret = message?.message?.messageContextInfo?.messageSecret ?? new Uint8Array(0);
  say({ kind: "sent", what, id: message?.key.id ?? "", secret: Buffer.from(secret).toString("hex") });
}

/** A backend that reports each commit of the message log. */
function observed(backend: Backend): Backend {
  return withCommitter(backend, {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    async commit(writes, options) {
      const changed = await backend.commit(writes, options);
      for (const write of writes) {
        if (write.kind !== "messageSegment.put") continue;
        for (const { log, payload } of write.segments) {
          say({ kind: "stored", log, ids: decodeSegment(payload).entries.map(({ id }) => id) });
        }
      }
      return changed;
    },
  });
}

/** Writes a line synchronously, so that it is read even if the process dies right after. */
function say(line: FromSecretsBot): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
