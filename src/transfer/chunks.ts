import { joinBytes } from "../bytes/mod.ts";
import { LimitError } from "../errors/mod.ts";
import type { ByteSource } from "./byte_source.ts";
import type { ChunkGuard } from "./chunk_guard.ts";
import { TransferFileError } from "./transfer_error.ts";

/** Bytes of payload in each chunk but the last. */
export const CHUNK_BYTES: number = 128 * 1_024;

/** Bytes of a chunk's head: its number (32 bits), whether it is the last (8), length of its payload (32). */
const HEAD_BYTES = 9;

/** Number of chunks of a file: their numbers have 32 bits. */
const MAX_CHUNKS = 2 ** 32;

function headOf(number: number, isLast: boolean, length: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, number);
  view.setUint8(4, isLast ? 1 : 0);
  view.setUint32(5, length);
  return head;
}

/** Divides bytes into chunks, of which the last one may be empty. Holds one chunk. */
export async function* writeChunks(
  pieces: AsyncIterable<Uint8Array>,
  guard: ChunkGuard,
): AsyncGenerator<Uint8Array, void, void> {
  let number = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const chunk = async (payload: Uint8Array, isLast: boolean): Promise<Uint8Array> => {
    if (number >= MAX_CHUNKS) throw new LimitError("write transfer file: the account is too large");
    const head = headOf(number, isLast, payload.length);
    number += 1;
    return joinBytes([head, await guard.protect(head, payload)]);
  };
  for await (const piece of pieces) {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes <= CHUNK_BYTES) continue;
    const all = joinBytes(held);
    let start = 0;
    // The last chunk is known only at the end, so that one whole chunk is held back.
    for (; all.length - start > CHUNK_BYTES; start += CHUNK_BYTES)
      yield await chunk(all.subarray(start, start + CHUNK_BYTES), false);
    held = [all.slice(start)];
    heldBytes = all.length - start;
  }
  yield await chunk(joinBytes(held), true);
}

/** Reads chunks and checks each before it is handed on. @throws {TransferFileError} */
export async function* readChunks(
  source: ByteSource,
  guard: ChunkGuard,
): AsyncGenerator<Uint8Array, void, void> {
  for (let number = 0; ; number += 1) {
    const head = await source.take(HEAD_BYTES);
    if (head.length === 0) throw new TransferFileError("short", `it ends before its end, at chunk ${number}`);
    if (head.length < HEAD_BYTES) throw torn(number);
    const view = new DataView(head.buffer, head.byteOffset, HEAD_BYTES);
    const [found, last, length] = [view.getUint32(0), view.getUint8(4), view.getUint32(5)];
    if (last > 1 || length > CHUNK_BYTES || (last === 0 && length < CHUNK_BYTES)) throw damaged(number);
    const ownHead = head.slice();
    const bodyBytes = length + guard.overheadBytes;
    const body = await source.take(bodyBytes);
    if (found !== number) {
      const state = `chunk ${found} stands where chunk ${number} belongs, chunks are missing or out of order`;
      throw new TransferFileError("order", state);
    }
    if (body.length < bodyBytes) throw torn(number);
    const payload = await guard.check(ownHead, body);
    if (payload === undefined) throw damaged(number);
    yield payload;
    if (last === 1) break;
  }
  if ((await source.take(1)).length > 0) throw new TransferFileError("trailing", "bytes follow its end");
}

function torn(number: number): TransferFileError {
  return new TransferFileError("torn", `it ends within chunk ${number}`);
}

function damaged(number: number): TransferFileError {
  return new TransferFileError("damaged", `chunk ${number} is damaged`);
}
