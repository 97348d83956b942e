import type { Lease, Write } from "../backend/mod.ts";
import { SenderKeyRecord, SessionRecord } from "../ratchet/mod.ts";
import {
  decodeSenderKeyRecord,
  decodeSessionRecord,
  encodeSenderKeyRecord,
  encodeSessionRecord,
} from "../records/mod.ts";

/** No incarnation of this package, in no restore epoch: its keys count as used. */
const FOREIGN_INCARNATION = "0".repeat(32);

/** Greatest bound of a lease. */
const MAX_BOUND = 2 ** 32;

/**
 * The write of another client's session, in the standard format.
 *
 * Some clients store how far they may have sent beside the record (`counterReservation`); it becomes the
 * lease.
 *
 * @throws {CorruptError | WrongLengthError} When it is no session that can be used.
 */
export function sessionWrite(address: string, bytes: Uint8Array): Write {
  const { counterReservation, incarnation: _writer, ...record } = decodeSessionRecord(bytes);
  const encoded = encodeSessionRecord(record);
  const live = SessionRecord.decode(encoded);
  const lease = live.sendingChain === undefined ? undefined : leaseOf(counterReservation);
  return { kind: "session.put", address, record: encoded, ...(lease === undefined ? {} : { lease }) };
}

/** As `sessionWrite`, for a sender key. @throws {CorruptError | WrongLengthError} */
export function senderKeyWrite(name: string, bytes: Uint8Array): Write {
  const { counterReservation, incarnation: _writer, ...record } = decodeSenderKeyRecord(bytes);
  const encoded = encodeSenderKeyRecord(record);
  const live = SenderKeyRecord.decode(encoded);
  const lease = live.sendingState === undefined ? undefined : leaseOf(counterReservation);
  return { kind: "senderKey.put", name, record: encoded, ...(lease === undefined ? {} : { lease }) };
}

function leaseOf(reservation: bigint | undefined): Lease | undefined {
  if (reservation === undefined) return undefined;
  // The reserved counter itself may have been used.
  const bound = reservation + 1n;
  return {
    reservedUntil: bound > BigInt(MAX_BOUND) ? MAX_BOUND : Number(bound),
    incarnation: FOREIGN_INCARNATION,
    burned: 0,
  };
}
