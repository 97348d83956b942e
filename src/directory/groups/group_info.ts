import type { Jid } from "../../addresses/mod.ts";
import { requireObjects } from "../../errors/mod.ts";

/** A member of a group. */
export interface Participant {
  /** User part of the LID in a group that is addressed by LIDs, else of the phone number. */
  readonly user: string;
  /** For a LID: the user part of the phone number, if known. */
  readonly phoneNumber?: string | undefined;
}

/** The members of a group. Plain data, never changed in place. */
export interface GroupInfo {
  /** How members are named. */
  readonly addressing: "lid" | "pn";
  /** Each user appears once. */
  readonly participants: readonly Participant[];
}

/** A member as the server names it. */
export interface ParticipantChange {
  /** JID of the member, with a phone number or a LID. */
  readonly jid: Jid;
  /** For a LID: the user part of the phone number, if the server sends it. */
  readonly phoneNumber?: string | undefined;
}

/**
 * Adds members, each user once. In a group of LIDs, fills in unknown phone numbers, also of existing members.
 * A phone number belongs to one member: it is taken from a LID that had it, and replaces a member that was
 * known by the phone number alone.
 *
 * @returns The same object when nothing changed.
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

/** Removes members, named by LID or phone number. @returns The same object when nothing changed. */
export function removeParticipants(info: GroupInfo, removed: readonly Jid[]): GroupInfo {
  const lids = lidsOf(info);
  const gone = new Set(removed.map((jid) => userOf(info, jid, lids)));
  const participants = info.participants.filter(({ user }) => !gone.has(user));
  return participants.length === info.participants.length ? info : { ...info, participants };
}

/** The phone number of a member of a group of LIDs, if known. Both are user parts. */
export function phoneNumberIn(info: GroupInfo, lid: string): string | undefined {
  return participantsOf(info).find(({ user }) => user === lid)?.phoneNumber;
}

/** The LID of a member of a group of LIDs, if known. Both are user parts. */
export function lidIn(info: GroupInfo, phoneNumber: string): string | undefined {
  return participantsOf(info).find((participant) => participant.phoneNumber === phoneNumber)?.user;
}

/** LIDs of members by phone number. */
function lidsOf({ participants }: GroupInfo): Map<string, string> {
  const lids = new Map<string, string>();
  for (const { user, phoneNumber } of participants) {
    if (phoneNumber !== undefined) lids.set(phoneNumber, user);
  }
  return lids;
}

/**
 * The name of a user in a group: in a group of LIDs, a phone number becomes the LID if the group knows it.
 */
function userOf({ addressing }: GroupInfo, { user, server }: Jid, lids: ReadonlyMap<string, string>): string {
  const isNumber = server === "s.whatsapp.net" || server === "c.us" || server === "hosted";
  return addressing === "lid" && isNumber ? (lids.get(user) ?? user) : user;
}

function participantsOf(info: GroupInfo): readonly Participant[] {
  requireObjects("find participant: participants", info?.participants);
  return info.participants;
}
