import {
  type Addressing,
  addressingOf,
  checked,
  type GroupMember,
  type GroupMetadataLike,
  numberOf,
  readDescription,
  readGroupMetadata,
  readMembers,
} from "./group_metadata_value.ts";
import { childOf, childrenOf, type NodeLike, textOf } from "./node.ts";

/** A change of a group. `forget` stands for one after which the group must be queried. */
export type GroupChange =
  | { readonly kind: "add" | "remove"; readonly members: readonly GroupMember[] }
  | { readonly kind: "admin"; readonly members: readonly GroupMember[]; readonly admin: string | null }
  | { readonly kind: "set"; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: "replace"; readonly metadata: GroupMetadataLike }
  | { readonly kind: "forget" };

const FORGET: GroupChange = { kind: "forget" };

type Reader = (node: NodeLike) => GroupChange | undefined;

const set =
  (read: (node: NodeLike) => Record<string, unknown>): Reader =>
  (node) => ({ kind: "set", fields: read(node) });

const members =
  (make: (members: readonly GroupMember[]) => GroupChange): Reader =>
  (node) => {
    // The attribute `error` marks a member whose change the server did not accept.
    const accepted = childrenOf(node, "participant").filter(({ attrs }) => attrs.error === undefined);
    const all = childrenOf(node, "participant");
    return all.length === 0 ? FORGET : make(readMembers({ ...node, content: accepted }));
  };

const remove = members((gone) => ({ kind: "remove", members: gone }));

/** What each part of a group's notification, or of an answer to a request of ours, changes. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["add", members((added) => ({ kind: "add", members: added }))],
  ["remove", remove],
  ["leave", remove],
  ["promote", members((promoted) => ({ kind: "admin", members: promoted, admin: "admin" }))],
  ["demote", members((demoted) => ({ kind: "admin", members: demoted, admin: null }))],
  ["create", ofCreation],
  ["subject", set(ofSubject)],
  ["description", set(readDescription)],
  ["announcement", set(() => ({ announce: true }))],
  ["not_announcement", set(() => ({ announce: false }))],
  ["locked", set(() => ({ restrict: true }))],
  ["unlocked", set(() => ({ restrict: false }))],
  ["ephemeral", set(({ attrs }) => ({ ephemeralDuration: numberOf(attrs.expiration) || undefined }))],
  ["not_ephemeral", set(() => ({ ephemeralDuration: undefined }))],
  ["invite", set(({ attrs }) => ({ inviteCode: attrs.code }))],
  ["member_add_mode", set((node) => ({ memberAddMode: textOf(node) === "all_member_add" }))],
  [
    "membership_approval_mode",
    set((node) => ({ joinApprovalMode: childOf(node, "group_join")?.attrs.state === "on" })),
  ],
  ["created_membership_requests", () => undefined],
  ["revoked_membership_requests", () => undefined],
]);

/**
 * The changes that a notification of a group tells. A part that is not known, such as a changed number,
 * forgets the group: Baileys does not notice outdated members.
 */
export function changesIn(notification: NodeLike): GroupChange[] {
  return childrenOf(notification).flatMap((part) => {
    const read = READERS.get(part.tag);
    return (read === undefined ? FORGET : read(part)) ?? [];
  });
}

/** The accepted changes in the answer to a request of ours to change members. */
export function acceptedIn(answer: NodeLike): GroupChange[] {
  const tags = ["add", "remove", "promote", "demote"];
  return changesIn({ ...answer, content: childrenOf(answer).filter(({ tag }) => tags.includes(tag)) });
}

/**
 * The metadata after a change; the same object when nothing changed, `undefined` when the group must be
 * queried.
 */
export function applyChange(metadata: GroupMetadataLike, change: GroupChange): GroupMetadataLike | undefined {
  switch (change.kind) {
    case "add":
      return withAdded(metadata, change.members);
    case "remove":
      return withoutRemoved(metadata, change.members);
    case "admin":
      return withAdmins(metadata, change.members, change.admin);
    case "set":
      return checked({ ...metadata, ...change.fields });
    case "replace":
      return change.metadata;
    case "forget":
      return undefined;
  }
}

function withAdded(
  metadata: GroupMetadataLike,
  added: readonly GroupMember[],
): GroupMetadataLike | undefined {
  // The members of one group are all named in the same way.
  if (added.some(({ id }) => addressingOf(id) !== metadata.addressingMode)) return undefined;
  const known = new Map(metadata.participants.map((member) => [member.id, member]));
  for (const member of added) if (!known.has(member.id)) known.set(member.id, member);
  return withMembers(metadata, [...known.values()]);
}

function withoutRemoved(
  metadata: GroupMetadataLike,
  removed: readonly GroupMember[],
): GroupMetadataLike | undefined {
  const { addressingMode } = metadata;
  const gone = indexesOf(metadata, removed);
  // Such a member may be known by its other name alone.
  if (removed.some(({ id }, index) => gone[index] === -1 && addressingOf(id) !== addressingMode))
    return undefined;
  const indexes = new Set(gone);
  return withMembers(
    metadata,
    metadata.participants.filter((_, index) => !indexes.has(index)),
  );
}

function withAdmins(
  metadata: GroupMetadataLike,
  changed: readonly GroupMember[],
  admin: string | null,
): GroupMetadataLike | undefined {
  const indexes = new Set(indexesOf(metadata, changed));
  const participants = metadata.participants.map((member, index) =>
    indexes.has(index) ? { ...member, admin } : member,
  );
  return checked({ ...metadata, participants });
}

/** The index of each member, found by any of its names; −1 when it is none. */
function indexesOf({ participants }: GroupMetadataLike, named: readonly GroupMember[]): number[] {
  const indexes = new Map<string, number>();
  for (const [index, member] of participants.entries()) {
    for (const name of namesOf(member)) indexes.set(name, index);
  }
  return named.map((member) => {
    const name = namesOf(member).find((one) => indexes.has(one));
    return name === undefined ? -1 : (indexes.get(name) as number);
  });
}

function namesOf({ id, phoneNumber, lid }: GroupMember): string[] {
  return [id, phoneNumber, lid].filter((name) => name !== undefined);
}

function withMembers(
  metadata: GroupMetadataLike,
  participants: readonly GroupMember[],
): GroupMetadataLike | undefined {
  if (participants.length === metadata.participants.length) return metadata;
  return checked({ ...metadata, participants, size: participants.length });
}

function ofCreation(node: NodeLike): GroupChange {
  const group = childOf(node, "group");
  const metadata = group === undefined ? undefined : readGroupMetadata(group);
  return metadata === undefined ? FORGET : { kind: "replace", metadata };
}

function ofSubject({ attrs }: NodeLike): Record<string, unknown> {
  return {
    subject: attrs.subject,
    subjectOwner: attrs.s_o,
    subjectOwnerPn: attrs.s_o_pn,
    subjectOwnerUsername: attrs.s_o_username,
    subjectTime: numberOf(attrs.s_t),
  };
}

/** How a stanza of a group says that members are named; `undefined` when it does not. */
export function addressingIn({ attrs }: NodeLike): Addressing | undefined {
  const mode = attrs.addressing_mode;
  return mode === "lid" || mode === "pn" ? mode : undefined;
}
