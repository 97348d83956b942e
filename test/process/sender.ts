/**
 * A process that encrypts over an account in a file until it is killed:
 * `node sender.mjs <url> <peer's JID> [native]`. `native` selects the native library instead of
 * `@libsql/client`.
 *
 * It reads lines of JSON (`ToSender`): the peer's key bundle first, then replies, which it decrypts. It
 * prints lines of JSON (`FromSender`): each ciphertext as soon as it is made, as a client writes it to its
 * socket.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import Database from "libsql";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openPeer } from "../baileys/holdfast_peer.ts";
import { sessionOf } from "./session_of.ts";

/** A pairwise ciphertext, base64. */
export interface SealedLine {
  readonly type: "pkmsg" | "msg";
  readonly ciphertext: string;
}

/** Input of the process. */
export type ToSender =
  | {
      readonly kind: "bundle";
      readonly registrationId: number;
      readonly identityKey: string;
      readonly signedPreKey: {
        readonly keyId: number;
        readonly publicKey: string;
        readonly signature: string;
      };
      readonly preKey: { readonly keyId: number; readonly publicKey: string };
    }
  | ({ readonly kind: "reply"; readonly id: number } & SealedLine);

/** Output of the process. */
export type FromSender =
  | { readonly kind: "identity"; readonly identityKey: string }
  | { readonly kind: "session" }
  | ({ readonly kind: "direct"; readonly text: string } & SealedLine)
  | {
      readonly kind: "group";
      readonly text: string;
      readonly ciphertext: string;
      readonly senderKey: string;
    }
  | { readonly kind: "read"; readonly id: number };

export const SENDER_JID = "100000000000001:1@lid";
export const GROUP = "120363000000000001@g.us";

const [url = "", peerJid = "", way] = process.argv.slice(2);
if (url !== "") await main();

async function main(): Promise<void> {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn"] as const) console[method] = () => {};
  const { peer, account } = await openPeer(
    SENDER_JID,
    libsqlBackend({ url, account: "sender", native: way === "native" ? Database : undefined }),
  );
  const { repository } = peer;
  const identityKey = base64(account.device.getDeviceSnapshot().identityKey.publicKey);
  say({ kind: "identity", identityKey });

  const replies: Extract<ToSender, { kind: "reply" }>[] = [];
  const lines = createInterface({ input: process.stdin });
  const bundle = await new Promise<Extract<ToSender, { kind: "bundle" }>>((resolve) => {
    lines.on("line", (line) => {
      const told = JSON.parse(line) as ToSender;
      if (told.kind === "bundle") resolve(told);
      else replies.push(told);
    });
  });
  if (!(await repository.validateSession(peerJid)).exists) {
    await repository.injectE2ESession({ jid: peerJid, session: sessionOf(bundle) });
    say({ kind: "session" });
  }

  for (let n = 0; ; n += 1) {
    const text = `${process.pid}:${n}`;
    if (n % 5 === 4) {
      const { message, senderKey } = await peer.sendToGroup(GROUP, text);
      say({ kind: "group", text, ciphertext: base64(message), senderKey: base64(senderKey) });
    } else {
      const { type, ciphertext } = await repository.encryptMessage({
        jid: peerJid,
        data: Buffer.from(text),
      });
      say({ kind: "direct", text, type, ciphertext: base64(ciphertext) });
    }
    for (const { id, type, ciphertext } of replies.splice(0)) {
      await repository.decryptMessage({ jid: peerJid, type, ciphertext: Buffer.from(ciphertext, "base64") });
      say({ kind: "read", id });
    }
    // Yields to input and timers.
    await new Promise((resolve) => setTimeout(resolve, n % 7));
  }
}

/** Writes a line synchronously, so that it is sent when this returns. */
function say(line: FromSender): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
