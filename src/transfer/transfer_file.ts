import { requireObject } from "../errors/mod.ts";
import type { Random } from "../ports/mod.ts";
import { ByteSource } from "./byte_source.ts";
import { type ChunkGuard, checksummed, sealed } from "./chunk_guard.ts";
import { readChunks, writeChunks } from "./chunks.ts";
import { newSealKey, sealKeyOf } from "./passphrase.ts";
import { encodePreamble, readPreamble, type SealParameters } from "./preamble.ts";
import { decodeRecords, type TransferRecord } from "./records.ts";
import { requireAsyncIterable } from "./require_parts.ts";
import { PassphraseError } from "./transfer_error.ts";

/** Options of reading a transfer file. */
export interface ReadTransferOptions {
  /** The passphrase of a sealed file. A file that is not sealed needs none. */
  readonly passphrase?: string | undefined;
}

/** Options of `writeTransferFile`. */
export interface WriteTransferOptions {
  readonly passphrase: string | undefined;
  readonly random: Random;
  /** Cost of the passphrase: binary logarithm of scrypt's N. Lower in tests alone. */
  readonly logN?: number | undefined;
}

/**
 * Writes a transfer file of encoded records, in pieces of about 128 KiB. Holds one piece.
 *
 * @param options.passphrase Seals the file. Without it the file has every key of the account in the clear.
 */
export async function* writeTransferFile(
  records: AsyncIterable<Uint8Array>,
  { passphrase, random, logN }: WriteTransferOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const own = passphrase === undefined ? undefined : await newSealKey(passphrase, random, logN);
  const { bytes, start } = await encodePreamble({ seal: own?.seal });
  const guard = own === undefined ? checksummed(start) : await sealed(own.key, start);
  yield bytes;
  yield* writeChunks(records, guard);
}

/**
 * Reads a transfer file, and checks every byte of it before it is handed on. That the file is whole is known
 * when the iteration has ended: a caller that acts on a record before that must be able to take it back.
 *
 * Holds one chunk and one record. Ending the iteration early ends that of `stream`.
 *
 * @throws {TransferFileError} When the file is torn, short, damaged or none. `fault` says which.
 * @throws {IncompatibleError} When a newer release has written it.
 * @throws {PassphraseError} When the file is sealed, and `passphrase` is missing or another one.
 */
export async function* readTransferFile(
  stream: AsyncIterable<Uint8Array>,
  options: ReadTransferOptions = {},
): AsyncGenerator<TransferRecord, void, void> {
  requireAsyncIterable("read transfer file: the stream", stream);
  requireObject("options", options);
  const source = new ByteSource(stream);
  try {
    const { seal, start } = await readPreamble(source);
    const guard = seal === undefined ? checksummed(start) : await unsealed(seal, start, options);
    yield* decodeRecords(readChunks(source, guard));
  } finally {
    await source.stop();
  }
}

async function unsealed(
  seal: SealParameters,
  start: Uint8Array,
  { passphrase }: ReadTransferOptions,
): Promise<ChunkGuard> {
  if (passphrase === undefined)
    throw new PassphraseError("read transfer file: it is sealed, pass its passphrase");
  return await sealed(await sealKeyOf(passphrase, seal), start);
}
