import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { CorruptError } from "../errors/mod.ts";
import { KEY_BYTES, requireBytes, requireInteger, StoredMessage } from "./_field.ts";
import {
  ServerCertChainSchema,
  ServerCertSchema,
  type ServerCert as Stored,
} from "./gen/holdfast/v1/device_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

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
  readonly intermediate: ServerCert;
  readonly leaf: ServerCert;
}

/** Encodes a certificate chain. @throws {RangeError} When a key is not 32 bytes or a time out of range. */
export function encodeServerCertChain(chain: ServerCertChain): Uint8Array {
  return encodeMessage(
    ServerCertChainSchema,
    create(ServerCertChainSchema, {
      intermediate: certFields(chain.intermediate),
      leaf: certFields(chain.leaf),
    }),
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
  const message = decodeMessage(ServerCertChainSchema, bytes, action);
  return { intermediate: readCert(message.intermediate, action), leaf: readCert(message.leaf, action) };
}

function certFields(cert: ServerCert): MessageInitShape<typeof ServerCertSchema> {
  const action = "encode server certificate chain";
  const time = (what: string, value: number) =>
    BigInt(requireInteger(action, what, value, [0, Number.MAX_SAFE_INTEGER]));
  return {
    key: requireBytes(action, "key", cert.key, KEY_BYTES),
    notBefore: time("not before", cert.notBefore),
    notAfter: time("not after", cert.notAfter),
  };
}

function readCert(message: Stored | undefined, action: string): ServerCert {
  if (message === undefined) throw new CorruptError(`${action}: a certificate is missing`);
  const stored = new StoredMessage<typeof ServerCertSchema>(message, action);
  const field = ServerCertSchema.field;
  return {
    key: stored.bytes(field.key, message.key, KEY_BYTES),
    notBefore: stored.integer(field.notBefore, message.notBefore),
    notAfter: stored.integer(field.notAfter, message.notAfter),
  };
}
