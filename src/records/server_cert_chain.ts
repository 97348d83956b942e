import { KEY_BYTES } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireBytes, requireParts, requireTime } from "./_arguments.ts";
import { StoredMessage } from "./_stored_message.ts";
import { ServerCertChainSchema, type ServerCert as Stored } from "./gen/device.ts";

/** One certificate of the server's Noise certificate chain. */
export interface ServerCert {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
}

/** The server's Noise certificate chain. */
export interface ServerCertChain {
  /** The certificate that signs the leaf. */
  readonly intermediate: ServerCert;
  /** The certificate of the server's static Noise key. */
  readonly leaf: ServerCert;
}

/** Encodes a certificate chain. @throws {RangeError} When a key is not 32 bytes or a time is out of range. */
export function encodeServerCertChain(chain: ServerCertChain): Uint8Array {
  const action = "encode server certificate chain";
  requireParts(action, chain);
  const { intermediate, leaf } = chain;
  return encodeMessage(
    ServerCertChainSchema,
    { intermediate: certFields(intermediate, action), leaf: certFields(leaf, action) },
    action,
  );
}

/**
 * Decodes a certificate chain.
 *
 * @throws {CorruptError} When the bytes do not decode or a part is missing or out of range.
 * @throws {WrongLengthError} When a key is not 32 bytes.
 */
export function decodeServerCertChain(bytes: Uint8Array): ServerCertChain {
  const action = "decode server certificate chain";
  const { intermediate, leaf } = decodeMessage(ServerCertChainSchema, bytes, action);
  return { intermediate: readCert(intermediate, action), leaf: readCert(leaf, action) };
}

function certFields(cert: ServerCert, action: string): Stored {
  requireParts(action, cert);
  return {
    key: requireBytes(action, "key", cert.key, KEY_BYTES),
    notBefore: requireTime(action, "not before", cert.notBefore),
    notAfter: requireTime(action, "not after", cert.notAfter),
  };
}

function readCert(message: Stored | undefined, action: string): ServerCert {
  if (message === undefined) throw new CorruptError(`${action}: a certificate is missing`);
  const stored = new StoredMessage(message, action);
  return {
    key: stored.bytes("key", KEY_BYTES),
    notBefore: stored.integer("notBefore"),
    notAfter: stored.integer("notAfter"),
  };
}
