/**
 * A bot over an account in a file, with received messages at least once:
 * `node inbox_bot.mjs <database url> <server url> <root key of the server, hexadecimal> <plan, JSON>`.
 *
 * It prints lines of JSON (`FromInboxBot`) and connects after it has read a line. It kills itself with
 * SIGKILL at the moment that its plan names.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import * as baileys from "baileys";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { type Backend, type Write, withCommitter } from "../../src/backend/mod.ts";
import { baileysAuthState, type MakeRepository, useHoldfast } from "../../src/baileys/mod.ts";
import { pairedCreds } from "../support/whatsapp/paired_creds.ts";
import { silentLogger } from "../support/whatsapp/silent_logger.ts";

/**
 * Moments at which the bot may die, in the order of one message.
 *
 * - `decrypted`: the library has decrypted it, and nothing is durable.
 * - `committing`, `committed`: before and after the commit of its step.
 * - `returned`: the repository has returned it, and Baileys has not acknowledged it.
 * - `event`: in `messages.upsert`, after the receipt was sent.
 * - `passed`: at the beginning of `onMessages`.
 * - `handled`: at its end.
 * - `removing`, `removed`: before and after the commit that removes it.
 */
export const MOMENTS = [
  "decrypted",
  "committing",
  "committed",
  "returned",
  "event",
  "passed",
  "handled",
  "removing",
  "removed",
] as const;

export type Moment = (typeof MOMENTS)[number];

/** When the bot dies: at the `count`-th time of a moment. */
export interface InboxBotPlan {
  readonly moment: Moment | "never";
  readonly count: number;
}

/** Output of the bot. */
export type FromInboxBot =
  | { readonly kind: "device"; readonly id: string; readonly lid: string; readonly noiseKey: string }
  | { readonly kind: "passed"; readonly id: string; readonly text: string; readonly redelivered: boolean }
  | { readonly kind: "handled"; readonly id: string }
  | { readonly kind: "removed"; readonly id: string }
  | { readonly kind: "dies"; readonly moment: Moment };

export const BOT_PN = "15550000002";

const [database = "", server = "", root = "", plan = ""] = process.argv.slice(2);
if (database !== "") await main(JSON.parse(plan) as InboxBotPlan);

async function main({ moment, count }: InboxBotPlan): Promise<void> {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn"] as const) console[method] = () => {};
  baileys.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, "hex");
  let times = 0;
  const reach = (reached: Moment): void => {
    if (reached !== moment) return;
    times += 1;
    if (times < count) return;
    say({ kind: "dies", moment });
    process.kill(process.pid, "SIGKILL");
  };
  const account = await openAccount({ backend: observed(await libsqlBackend({ url: database }), reach) });
  const { state, saveCreds } = await baileysAuthState(account);
  if (state.creds.me === undefined) {
    Object.assign(state.creds, pairedCreds({ pn: BOT_PN }));
    await saveCreds();
  }
  const holdfast = await useHoldfast(dying(reach), account, {
    inbox: {
      batchSize: 4,
      onMessages: async (batch) => {
        for (const { message, redelivered } of batch) {
          const text = message.message?.extendedTextMessage?.text ?? message.message?.conversation ?? "";
          say({ kind: "passed", id: message.key.id ?? "", text, redelivered });
          reach("passed");
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
        for (const { message } of batch) say({ kind: "handled", id: message.key.id ?? "" });
        reach("handled");
      },
    },
  });
  const { creds } = holdfast.config.auth;
  const noiseKey = Buffer.from(creds.noiseKey.public).toString("hex");
  say({ kind: "device", id: creds.me?.id ?? "", lid: creds.me?.lid ?? "", noiseKey });
  await new Promise<void>((resolve) =>
    createInterface({ input: process.stdin }).once("line", () => resolve()),
  );
  const makeSignalRepository: MakeRepository = (...parameters) => {
    const repository = holdfast.config.makeSignalRepository(...(parameters as [never, never]));
    return wrapped(repository as ReturnType<MakeRepository>, () => reach("returned"));
  };
  const socket = baileys.makeWASocket({
    ...holdfast.config,
    makeSignalRepository: makeSignalRepository as typeof holdfast.config.makeSignalRepository,
    waWebSocketUrl: server,
    logger: silentLogger,
    retryRequestDelayMs: 0,
  });
  holdfast.bind(socket);
  socket.ev.on("messages.upsert", ({ messages }) => {
    for (const { key } of messages) if (key.fromMe !== true) reach("event");
  });
}

/** Baileys with a library that reports what it has decrypted. */
function dying(reach: (moment: Moment) => void): typeof baileys {
  const { makeSignalRepository } = baileys.DEFAULT_CONNECTION_CONFIG;
  const make: MakeRepository = (...parameters) =>
    wrapped(makeSignalRepository(...(parameters as [never, never])) as ReturnType<MakeRepository>, () =>
      reach("decrypted"),
    );
  return {
    ...baileys,
    DEFAULT_CONNECTION_CONFIG: {
      ...baileys.DEFAULT_CONNECTION_CONFIG,
      makeSignalRepository: make as typeof makeSignalRepository,
    },
  };
}

/** A repository that reports each decrypted ciphertext. */
function wrapped(inner: ReturnType<MakeRepository>, report: () => void): ReturnType<MakeRepository> {
  const reporting = async (decrypting: Promise<Uint8Array>): Promise<Uint8Array> => {
    const plaintext = await decrypting;
    report();
    return plaintext;
  };
  return {
    ...inner,
    decryptMessage: (options) => reporting(inner.decryptMessage(options)),
    decryptGroupMessage: (options) => reporting(inner.decryptGroupMessage(options)),
  };
}

/** A backend that reports commits about pending messages. */
function observed(backend: Backend, reach: (moment: Moment) => void): Backend {
  return withCommitter(backend, {
    capabilities: backend.capabilities,
    readOwner: () => backend.readOwner(),
    close: () => backend.close(),
    async commit(writes, options) {
      const isStep = writes.some(({ kind }) => kind === "pendingInbound.put");
      const removed = writes.flatMap((write) => removedBy(write));
      if (isStep) reach("committing");
      if (removed.length > 0) reach("removing");
      const changed = await backend.commit(writes, options);
      if (isStep) reach("committed");
      for (const id of removed) say({ kind: "removed", id });
      if (removed.length > 0) reach("removed");
      return changed;
    },
  });
}

function removedBy(write: Write): string[] {
  return write.kind === "pendingInbound.delete" ? write.keys.map(({ id }) => id) : [];
}

/** Writes a line synchronously, so that it is read even if the process dies right after. */
function say(line: FromInboxBot): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
