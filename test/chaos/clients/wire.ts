import { hexOf } from "../../../src/bytes/mod.ts";
/** What can be read of a ciphertext without any key: which message key it was made with. */

/** Type of a message that carries the start of its session. */
export const PRE_KEY_MESSAGE = 3;

/** A pairwise ciphertext. */
export interface Sealed {
  /** 3 with the start of the session in it, otherwise something else. */
  readonly type: number;
  readonly body: Uint8Array;
}

/** The start of a session. */
export interface SessionStart {
  /** Names the session, in hex. */
  readonly base: string;
  /** 33 bytes. */
  readonly identity: Uint8Array;
  readonly preKeyId: number | undefined;
}

/** Names the message key of a pairwise ciphertext. */
export interface MessageName {
  /** The sender's ratchet key in hex. */
  readonly chain: string;
  readonly counter: number;
}

/** Names the message key of a group ciphertext. */
export interface GroupMessageName {
  readonly keyId: number;
  readonly iteration: number;
}

/** Bytes of the MAC behind a pairwise message, and of the signature behind a group message. */
const MAC_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** The start of the session that a message carries, if it does. */
export function startOf({ type, body }: Sealed): SessionStart | undefined {
  if (type !== PRE_KEY_MESSAGE) return undefined;
  const fields = readFields(body.subarray(1));
  return {
    base: hexOf(bytesOf(fields, 2)),
    identity: bytesOf(fields, 3),
    preKeyId: fields.get(1) as number | undefined,
  };
}

export function nameOf({ type, body }: Sealed): MessageName {
  const inner = type === PRE_KEY_MESSAGE ? bytesOf(readFields(body.subarray(1)), 4) : body;
  const fields = readFields(inner.subarray(1, inner.length - MAC_BYTES));
  return { chain: hexOf(bytesOf(fields, 1)), counter: (fields.get(2) as number | undefined) ?? 0 };
}

export function groupNameOf(body: Uint8Array): GroupMessageName {
  const fields = readFields(body.subarray(1, body.length - SIGNATURE_BYTES));
  return {
    keyId: (fields.get(1) as number | undefined) ?? 0,
    iteration: (fields.get(2) as number | undefined) ?? 0,
  };
}

function bytesOf(fields: ReadonlyMap<number, number | Uint8Array>, number: number): Uint8Array {
  const field = fields.get(number);
  if (!(field instanceof Uint8Array)) throw new TypeError(`read ciphertext: no field ${number}`);
  return field;
}

/** The fields of a protobuf message that has only integers and bytes. */
function readFields(bytes: Uint8Array): Map<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError("read ciphertext: it ends too early");
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if ((tag & 7) === 0) fields.set(tag >>> 3, value);
    else {
      fields.set(tag >>> 3, bytes.subarray(at, at + value));
      at += value;
    }
  }
  return fields;
}
