import type { WrapBytes } from "./convert/mod.ts";

/** The part of Node's `Buffer` constructor that is needed. */
interface BufferConstructorLike {
  from(bytes: ArrayBufferLike, byteOffset: number, length: number): Uint8Array;
}

/**
 * Bytes as Baileys wants them. Its key agreement refuses a private key that is not Node's `Buffer`, and it
 * runs only where there is one; elsewhere (a tool that reads an account through the adapter) bytes stay what
 * they are.
 */
export const hostBytes: WrapBytes = (bytes) => {
  const { Buffer } = globalThis as { Buffer?: BufferConstructorLike };
  return Buffer === undefined ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
