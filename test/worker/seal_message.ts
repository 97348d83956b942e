/** Encrypts Signal messages of a session with APIs of every runtime. Real peers can read them. */

import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, joinBytes } from "../../src/bytes/mod.ts";
import type { SessionRecord } from "../../src/ratchet/mod.ts";

/** Version 3 of the message format, as both the current and the minimum version. */
const VERSION = 0x33;
const MAC_BYTES = 8;

/** An encrypted message and the name of its key. */
export interface SealedMessage {
  /** 3 for the first message of a session, else 1. */
  readonly type: number;
  readonly body: Uint8Array;
  /** Names the chain. */
  readonly chain: string;
  /** Counter of the message in its chain. */
  readonly counter: number;
}

/** Encrypts with the current session and advances its sending chain. Changes nothing else in the record. */
export async function sealMessage(record: SessionRecord, text: string): Promise<SealedMessage> {
  const session = record.current;
  const chain = session?.senderChain;
  if (session === undefined || chain === undefined) throw new Error("seal message: no session");
  const counter = chain.next;
  const keys = hkdf(sha256, chain.messageSeed(), new Uint8Array(32), encodeUtf8("WhisperMessageKeys"), 80);
  const inner = concat(
    bytesField(1, chain.ratchetKey),
    numberField(2, counter),
    numberField(3, session.previousCounter),
    bytesField(4, await encrypt(keys.subarray(0, 32), keys.subarray(64), encodeUtf8(text))),
  );
  const versioned = concat(Uint8Array.of(VERSION), inner);
  const identities = concat(session.localIdentityPublic, session.remoteIdentityPublic);
  const mac = hmac(sha256, keys.subarray(32, 64), concat(identities, versioned)).subarray(0, MAC_BYTES);
  const message = concat(versioned, mac);
  session.senderChain = chain.fastForward(counter + 1);
  const pending = session.pendingPreKey;
  if (pending === undefined) return { type: 1, body: message, chain: chain.id, counter };
  const body = concat(
    Uint8Array.of(VERSION),
    pending.preKeyId === undefined ? undefined : numberField(1, pending.preKeyId),
    bytesField(2, pending.baseKey),
    bytesField(3, session.localIdentityPublic ?? new Uint8Array()),
    bytesField(4, message),
    numberField(5, session.localRegistrationId ?? 0),
    numberField(6, pending.signedPreKeyId),
  );
  return { type: 3, body, chain: chain.id, counter };
}

async function encrypt(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Promise<Uint8Array> {
  const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
  const imported = await crypto.subtle.importKey("raw", own(key), "AES-CBC", false, ["encrypt"]);
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv: own(iv) }, imported, own(plain)));
}

function concat(...parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  return joinBytes(parts.filter((part) => part !== undefined));
}

function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes);
}

function numberField(number: number, value: number): Uint8Array {
  return concat(Uint8Array.of(number << 3), varint(value));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
