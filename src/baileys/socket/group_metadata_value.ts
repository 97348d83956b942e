import { isLidServer, tryParseJid } from "../../addresses/mod.ts";
import { decodeUtf8, encodeUtf8 } from "../../bytes/mod.ts";
import { isNumberServer } from "../repository_address.ts";
import { childOf, childrenOf, type NodeLike, textOf } from "./node.ts";

/** Limit of members. The largest groups have a few thousand. */
const MAX_MEMBERS = 10_000;

/** Limit of the stored form in bytes. A member takes about 100. */
const MAX_METADATA_BYTES = 1_500_000;

/** How the members of a group are named. */
export type Addressing = "lid" | "pn";

/** A member of a group, as in Baileys' `GroupParticipant`. */
export interface GroupMember {
  readonly id: string;
  /** JID of the phone number, for a member that is named by the LID. */
  readonly phoneNumber?: string | undefined;
  /** JID of the LID, for a member that is named by the phone number. */
  readonly lid?: string | undefined;
  readonly username?: string | undefined;
  readonly admin?: string | null | undefined;
}

/** Baileys' `GroupMetadata`. Frozen, with its members. */
export interface GroupMetadataLike {
  readonly id: string;
  readonly addressingMode: Addressing;
  readonly participants: readonly GroupMember[];
  /** Seconds after which messages disappear; `undefined` when they do not. */
  readonly ephemeralDuration?: number | undefined;
  /** Number of members. */
  readonly size?: number | undefined;
  readonly [field: string]: unknown;
}

/** Whether a JID names a group. */
export function isGroupJid(jid: string | undefined): jid is string {
  return jid !== undefined && tryParseJid(jid)?.server === "g.us";
}

/** How a member with this JID is named; `undefined` when it is no user's JID. */
export function addressingOf(jid: string): Addressing | undefined {
  const server = tryParseJid(jid)?.server;
  if (server === undefined) return undefined;
  if (isLidServer(server)) return "lid";
  return isNumberServer(server) ? "pn" : undefined;
}

/** The members that a node lists, as Baileys reads them. */
export function readMembers(node: NodeLike): GroupMember[] {
  return childrenOf(node, "participant").map(({ attrs: { jid = "", phone_number, lid, ...attrs } }) => {
    const named = addressingOf(jid);
    return withoutUndefined<GroupMember>({
      id: jid,
      phoneNumber: named === "lid" ? jidWith("pn", phone_number) : undefined,
      lid: named === "pn" ? jidWith("lid", lid) : undefined,
      username: attrs.participant_username || attrs.username || undefined,
      admin: attrs.type || null,
    });
  });
}

/**
 * The metadata in a `group` node, with the fields of Baileys' own. `undefined` when it is not complete, or
 * exceeds a limit: then the group is not remembered.
 */
export function readGroupMetadata(group: NodeLike): GroupMetadataLike | undefined {
  const { attrs } = group;
  const has = (tag: string): boolean => childOf(group, tag) !== undefined;
  const description = childOf(group, "description");
  const participants = readMembers(group);
  return checked({
    id: attrs.id?.includes("@") ? attrs.id : `${attrs.id}@g.us`,
    notify: attrs.notify,
    addressingMode: attrs.addressing_mode === "lid" ? "lid" : "pn",
    subject: attrs.subject,
    subjectOwner: attrs.s_o,
    subjectOwnerPn: attrs.s_o_pn,
    subjectOwnerUsername: attrs.s_o_username,
    subjectTime: numberOf(attrs.s_t),
    size: numberOf(attrs.size) ?? participants.length,
    creation: numberOf(attrs.creation),
    owner: baileysUserJid(attrs.creator),
    ownerPn: baileysUserJid(attrs.creator_pn),
    ownerUsername: attrs.creator_username || undefined,
    owner_country_code: attrs.creator_country_code,
    ...(description === undefined ? {} : readDescription(description)),
    linkedParent: childOf(group, "linked_parent")?.attrs.jid || undefined,
    restrict: has("locked"),
    announce: has("announcement"),
    isCommunity: has("parent"),
    isCommunityAnnounce: has("default_sub_group"),
    joinApprovalMode: has("membership_approval_mode"),
    memberAddMode: textOf(childOf(group, "member_add_mode")) === "all_member_add",
    participants,
    ephemeralDuration: numberOf(childOf(group, "ephemeral")?.attrs.expiration) || undefined,
  });
}

/** The fields of a `description` node. */
export function readDescription(node: NodeLike): Record<string, unknown> {
  const { attrs } = node;
  return {
    desc: textOf(childOf(node, "body")),
    descId: attrs.id,
    descOwner: baileysUserJid(attrs.participant),
    descOwnerPn: baileysUserJid(attrs.participant_pn),
    descOwnerUsername: attrs.participant_username || undefined,
    descTime: numberOf(attrs.t),
  };
}

/** The number in an attribute. */
export function numberOf(text: string | undefined): number | undefined {
  const number = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The stored form; `undefined` when it exceeds the limit. */
export function encodeGroupMetadata(metadata: GroupMetadataLike): Uint8Array | undefined {
  const bytes = encodeUtf8(JSON.stringify(metadata));
  return bytes.byteLength > MAX_METADATA_BYTES ? undefined : bytes;
}

/** Reads the stored form; `undefined` when it is none of this group. */
export function decodeGroupMetadata(group: string, bytes: Uint8Array): GroupMetadataLike | undefined {
  const text = bytes.byteLength > MAX_METADATA_BYTES ? undefined : decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const metadata = checked(JSON.parse(text));
    return metadata?.id === group ? metadata : undefined;
  } catch {
    return undefined;
  }
}

/** Frozen metadata of these fields; `undefined` when they are malformed or exceed a limit. */
export function checked(fields: unknown): GroupMetadataLike | undefined {
  if (typeof fields !== "object" || fields === null) return undefined;
  const { id, participants, addressingMode, ephemeralDuration } = fields as Record<string, unknown>;
  if (typeof id !== "string" || !isGroupJid(id)) return undefined;
  if (addressingMode !== "lid" && addressingMode !== "pn") return undefined;
  if (ephemeralDuration !== undefined && !Number.isSafeInteger(ephemeralDuration)) return undefined;
  if (!Array.isArray(participants) || participants.length > MAX_MEMBERS) return undefined;
  if (participants.length === 0 || !participants.every(isMember)) return undefined;
  return Object.freeze({
    ...withoutUndefined(fields as GroupMetadataLike),
    participants: Object.freeze(participants.map((member) => Object.freeze(member))),
  });
}

function isMember(value: unknown): value is GroupMember {
  const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : undefined;
  return typeof id === "string" && addressingOf(id) !== undefined;
}

function jidWith(addressing: Addressing, jid: string | undefined): string | undefined {
  return jid !== undefined && addressingOf(jid) === addressing ? jid : undefined;
}

/** A user's JID without device, in Baileys' spelling. */
function baileysUserJid(text: string | undefined): string | undefined {
  const jid = text === undefined ? undefined : tryParseJid(text);
  return jid && `${jid.user}@${jid.server === "c.us" ? "s.whatsapp.net" : jid.server}`;
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
