import type { WrapBytes } from "./convert/mod.ts";

/** The used part of Node's `Buffer` constructor. */
interface BufferConstructorLike {
  from(bytes: ArrayBufferLike, byteOffset: number, length: number): Uint8Array;
}

/**
 * Converts bytes for Baileys, whose key agreement requires Node's `Buffer` for a private key and which runs
 * only where `Buffer` exists. Elsewhere (in a tool that reads an account through the adapter) it returns them
 * unchanged.
 */
export const hostBytes: WrapBytes = (bytes) => {
  const { Buffer } = globalThis as { Buffer?: BufferConstructorLike };
  return Buffer === undefined ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
