import { isLidServer, isPnServer, tryParseJid } from "../addresses/mod.ts";
import type { Device } from "./device_store.ts";

/** Our phone number and LID, as user parts. */
export interface OwnPair {
  readonly pn: string | undefined;
  readonly lid: string | undefined;
}

/** The phone number and the LID of a device. */
export function ownPairOf({ pn, lid }: Pick<Device, "pn" | "lid">): OwnPair {
  const [ofPn, ofLid] = [pn, lid].map((text) => (text === undefined ? undefined : tryParseJid(text)));
  return {
    pn: ofPn !== undefined && isPnServer(ofPn.server) ? ofPn.user : undefined,
    lid: ofLid !== undefined && isLidServer(ofLid.server) ? ofLid.user : undefined,
  };
}

/** The users by whom our own mappings are read. None while our phone number is not known. */
export function ownUsersOf({ pn, lid }: OwnPair): readonly string[] {
  if (pn === undefined) return [];
  return lid === undefined ? [pn] : [pn, lid];
}
