import { CorruptError } from "../../errors/mod.ts";
import { hostBytes } from "../host_bytes.ts";
import type { BaileysModule } from "./library.ts";

/** The used part of a decoded message. */
interface MessageLike {
  readonly messageContextInfo?: object | null | undefined;
  readonly deviceSentMessage?: { readonly message?: MessageLike | null | undefined } | null | undefined;
}

/**
 * Decodes a stored message. Of one that was sent to our own devices, the message inside it, with the context
 * of the outer one where it has none.
 *
 * @throws {CorruptError} When the bytes do not decode.
 */
export function readStoredMessage(proto: BaileysModule["proto"], bytes: Uint8Array): object {
  let outer: MessageLike;
  try {
    outer = proto.Message.decode(hostBytes(bytes));
  } catch (cause) {
    throw new CorruptError("read stored message: the bytes do not decode", { cause });
  }
  const inner = outer.deviceSentMessage?.message;
  if (inner === undefined || inner === null) return outer;
  const { messageContextInfo } = outer;
  return Object.assign(inner, inner.messageContextInfo ? {} : { messageContextInfo });
}
