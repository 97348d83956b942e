import { WRITE_KINDS as ALL_KINDS, WRITES, type Write, type WriteKind } from "../../backend/mod.ts";
import { type Draw, draw } from "./draw.ts";
import { freshDevice } from "./samples.ts";

/** Kinds that give an account another name. Nothing may follow them in a commit. */
const MOVING = /^account\.(setAside|bringBack)$/;

/** Every kind that changes rows of an account. */
export const WRITE_KINDS: readonly WriteKind[] = ALL_KINDS.filter((kind) => !MOVING.test(kind));

/** Kinds that may remove rows. */
const REMOVING = /\.(delete|remove|clear|expire|deleteRows|clearAll|sweep|expireSetAside)$/;

/** Kinds that put rows. */
export const PUTTING_KINDS: readonly WriteKind[] = WRITE_KINDS.filter((kind) => !REMOVING.test(kind));

/** A random write of one kind, within the universe. */
export function drawWrite(kind: WriteKind, from: Draw): Write {
  const fields = Object.entries(WRITES[kind].fields).map(([name, rule]) => [name, draw(rule, from)]);
  const write = { kind, ...Object.fromEntries(fields) } as Write;
  // Half of the devices are unpaired.
  return write.kind === "device.save" && from.random.oneIn(2)
    ? { ...write, device: freshDevice(from.random.below(1_000)) }
    : write;
}
