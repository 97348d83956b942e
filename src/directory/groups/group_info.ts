import type { Jid } from "../../addresses/mod.ts";

/** A member of a group. */
export interface Participant {
  /** User part: of the LID in a group that is addressed by LIDs, else of the phone number. */
  readonly user: string;
  /** Of a LID: the user part of the phone number, where it is known. */
  readonly phoneNumber?: string | undefined;
}

/** Who is in a group. Plain data, never changed in place. */
export interface GroupInfo {
  /** How members are named. */
  readonly addressing: "lid" | "pn";
  /** Each user once. */
  readonly participants: readonly Participant[];
}

/** A member as the server names it. */
export interface ParticipantChange {
  readonly jid: Jid;
  /** Of a LID: the user part of the phone number, where the server says it. */
  readonly phoneNumber?: string | undefined;
}

/**
 * Adds members, each user once. In a group of LIDs a phone number that was not known is filled in, for a
 * member that is there already too. A phone number is one member's: it leaves the LID that had it, and a
 * member that was known by it alone is this one.
 *
 * @returns The same object when nothing is new.
 */
export function addParticipants(info: GroupInfo, added: readonly ParticipantChange[]): GroupInfo {
  const participants = new Map(info.participants.map((participant) => [participant.user, participant]));
  const lids = lidsOf(info);
  let isNew = false;
  for (const { jid, phoneNumber } of added) {
    const user = userOf(info, jid, lids);
    const present = participants.get(user);
    const known = info.addressing === "lid" ? (phoneNumber ?? present?.phoneNumber) : undefined;
    if (present !== undefined && present.phoneNumber === known) continue;
    participants.set(user, known === undefined ? { user } : { user, phoneNumber: known });
    isNew = true;
    if (known === undefined || known === user) continue;
    const before = lids.get(known);
    if (before !== undefined) participants.set(before, { user: before });
    participants.delete(known);
    if (present?.phoneNumber !== undefined) lids.delete(present.phoneNumber);
    lids.set(known, user);
  }
  return isNew ? { ...info, participants: [...participants.values()] } : info;
}

/** Removes members, named either way. @returns The same object when none of them was there. */
export function removeParticipants(info: GroupInfo, removed: readonly Jid[]): GroupInfo {
  const lids = lidsOf(info);
  const gone = new Set(removed.map((jid) => userOf(info, jid, lids)));
  const participants = info.participants.filter(({ user }) => !gone.has(user));
  return participants.length === info.participants.length ? info : { ...info, participants };
}

/** The phone number of a member of a group of LIDs, where it is known. Both are user parts. */
export function phoneNumberIn(info: GroupInfo, lid: string): string | undefined {
  return info.participants.find(({ user }) => user === lid)?.phoneNumber;
}

/** The LID of a member of a group of LIDs, where it is known. Both are user parts. */
export function lidIn(info: GroupInfo, phoneNumber: string): string | undefined {
  return info.participants.find((participant) => participant.phoneNumber === phoneNumber)?.user;
}

/** LIDs of members by phone number. */
function lidsOf({ participants }: GroupInfo): Map<string, string> {
  const lids = new Map<string, string>();
  for (const { user, phoneNumber } of participants) {
    if (phoneNumber !== undefined) lids.set(phoneNumber, user);
  }
  return lids;
}

/** How a group names a user: a phone number in a group of LIDs by the LID, where the group knows it. */
function userOf({ addressing }: GroupInfo, { user, server }: Jid, lids: ReadonlyMap<string, string>): string {
  const isNumber = server === "s.whatsapp.net" || server === "c.us" || server === "hosted";
  return addressing === "lid" && isNumber ? (lids.get(user) ?? user) : user;
}
