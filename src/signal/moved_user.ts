import type { SignalAddress, SignalServer } from "../addresses/mod.ts";

/** The LID server for each phone number server. */
const LID_SERVERS: Partial<Record<SignalServer, SignalServer>> = { "c.us": "lid", hosted: "hosted.lid" };

/** A phone number and its LID, as the user parts of addresses. */
export interface MovedUser {
  /** User part of the phone number. */
  readonly pn: string;
  /** User part of the LID. */
  readonly lid: string;
}

/**
 * The address of the same device under the user's LID; `undefined` when the address is not of the phone
 * number.
 */
export function lidForm(address: SignalAddress, { pn, lid }: MovedUser): SignalAddress | undefined {
  const server = LID_SERVERS[address.server];
  return server === undefined || address.user !== pn ? undefined : { ...address, user: lid, server };
}
