import { decodeUtf8, encodeUtf8, joinBytes, sameBytes } from "../bytes/mod.ts";
import { CorruptError, IncompatibleError } from "../errors/mod.ts";
import { digest } from "../ports/mod.ts";
import { decodePlainValue, encodePlainValue } from "../protocol/mod.ts";
import type { ByteSource } from "./byte_source.ts";
import { TransferFileError } from "./transfer_error.ts";

/** Version of the format. Raise it when an older release would misread what is written. */
export const FORMAT_VERSION = 1;

/** The first bytes of every transfer file. */
const MAGIC = "HFTRANSF";

/** Bytes in front of the parameters: the magic, the version (8 bits), the length of the parameters (16). */
const HEAD_BYTES: number = MAGIC.length + 3;

/** Bytes of the checksum of a preamble. */
const CHECKSUM_BYTES = 8;

/** Parameters of a sealed file. */
export interface SealParameters {
  readonly kdf: "scrypt";
  /** Binary logarithm of scrypt's N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  /** Bytes derived beside the key, which tell a wrong passphrase from a damaged file. */
  readonly check: Uint8Array;
}

/** What stands in front of the chunks. */
export interface Preamble {
  /** `undefined` for a file that is not sealed. */
  readonly seal: SealParameters | undefined;
}

/** A preamble as it stands in the file, and its digest, which the chunks are bound to. */
export interface EncodedPreamble {
  readonly bytes: Uint8Array;
  readonly start: Uint8Array;
}

/** Encodes a preamble. */
export async function encodePreamble(preamble: Preamble): Promise<EncodedPreamble> {
  const parameters = encodePlainValue(preamble);
  const head = new Uint8Array(HEAD_BYTES);
  head.set(encodeUtf8(MAGIC));
  const view = new DataView(head.buffer);
  view.setUint8(MAGIC.length, FORMAT_VERSION);
  view.setUint16(MAGIC.length + 1, parameters.length);
  const unchecked = joinBytes([head, parameters]);
  const start = await digest("SHA-256", unchecked);
  return { bytes: joinBytes([unchecked, start.subarray(0, CHECKSUM_BYTES)]), start };
}

/**
 * Reads the preamble of a file.
 *
 * @throws {TransferFileError} When it is no transfer file, or damaged.
 * @throws {IncompatibleError} When a newer release has written it.
 */
export async function readPreamble(source: ByteSource): Promise<Preamble & Pick<EncodedPreamble, "start">> {
  const head = (await source.take(HEAD_BYTES)).slice();
  if (decodeUtf8(head.subarray(0, MAGIC.length)) !== MAGIC)
    throw new TransferFileError("foreign", "it is no transfer file");
  if (head.length < HEAD_BYTES) throw torn();
  const view = new DataView(head.buffer);
  const version = view.getUint8(MAGIC.length);
  if (version !== FORMAT_VERSION) {
    throw new IncompatibleError(
      `read transfer file: its format ${version} is newer than ${FORMAT_VERSION}, use a newer release`,
    );
  }
  const length = view.getUint16(MAGIC.length + 1);
  const rest = (await source.take(length + CHECKSUM_BYTES)).slice();
  if (rest.length < length + CHECKSUM_BYTES) throw torn();
  const parameters = rest.subarray(0, length);
  const start = await digest("SHA-256", joinBytes([head, parameters]));
  if (!sameBytes(start.subarray(0, CHECKSUM_BYTES), rest.subarray(length)))
    throw new TransferFileError("damaged", "its beginning is damaged");
  return { ...preambleOf(parameters), start };
}

function preambleOf(parameters: Uint8Array): Preamble {
  try {
    const { seal } = decodePlainValue(parameters) as { readonly seal?: SealParameters };
    return { seal };
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    throw new TransferFileError("malformed", "its beginning is malformed", { cause: error });
  }
}

function torn(): TransferFileError {
  return new TransferFileError("torn", "it ends within its beginning");
}
