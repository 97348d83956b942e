import { hexOf } from "../../bytes/mod.ts";

/** Bytes of a slot. One write of this size is not torn by another process. */
export const SLOT_BYTES = 64;

/** What a witness says about a database: the newest pair that is durable in it, and the file at that time. */
export interface WitnessSlot {
  /** The id of the database, 32 hexadecimal digits. */
  readonly database: string;
  readonly counter: number;
  /** 16 hexadecimal digits, drawn with each counter. */
  readonly random: string;
  readonly device: bigint;
  readonly inode: bigint;
  /**
   * Birth time of the file in nanoseconds. 0 while it is not proven. Of a file that may be a copy, this and
   * `changedMs` are still those of its original.
   */
  readonly bornNs: bigint;
  /** The last change of the file when the slot was written, in milliseconds. */
  readonly changedMs: number;
}

const ID_BYTES = 16;
const COUNTER_BYTES = 6;
const RANDOM_BYTES = 8;
const CHECKED_BYTES = 60;

const MAX_48_BITS = 2 ** 48 - 1;

/** Members: id (16), counter (6), changedMs (6), random, device, inode, birth (8 each), checksum (4). */
export function encodeSlot(slot: WitnessSlot): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  putHex(bytes, 0, slot.database);
  putUint48(view, ID_BYTES, slot.counter);
  putUint48(view, ID_BYTES + COUNTER_BYTES, slot.changedMs);
  putHex(bytes, 28, slot.random);
  view.setBigUint64(36, BigInt.asUintN(64, slot.device));
  view.setBigUint64(44, BigInt.asUintN(64, slot.inode));
  view.setBigInt64(52, BigInt.asIntN(64, slot.bornNs));
  view.setUint32(CHECKED_BYTES, checksum(bytes));
  return bytes;
}

/** The slot, `undefined` when it was never written, or was torn. */
export function decodeSlot(bytes: Uint8Array): WitnessSlot | undefined {
  if (bytes.length !== SLOT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(CHECKED_BYTES) !== checksum(bytes)) return undefined;
  return {
    database: hexOf(bytes.subarray(0, ID_BYTES)),
    counter: uint48(view, ID_BYTES),
    changedMs: uint48(view, ID_BYTES + COUNTER_BYTES),
    random: hexOf(bytes.subarray(28, 28 + RANDOM_BYTES)),
    device: view.getBigUint64(36),
    inode: view.getBigUint64(44),
    bornNs: view.getBigInt64(52),
  };
}

/** FNV-1a. It finds torn writes, not attacks. Never 0 for the empty bytes of a slot that was not written. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes.subarray(0, CHECKED_BYTES)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function putHex(bytes: Uint8Array, at: number, digits: string): void {
  for (let index = 0; index < digits.length / 2; index += 1)
    bytes[at + index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
}

function putUint48(view: DataView, at: number, value: number): void {
  const bounded = Math.min(Math.max(0, Math.floor(value)), MAX_48_BITS);
  view.setUint16(at, Math.floor(bounded / 2 ** 32));
  view.setUint32(at + 2, bounded % 2 ** 32);
}

function uint48(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
