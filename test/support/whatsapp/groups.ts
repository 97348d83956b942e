/**
 * The groups of the server: what a query of one answers, and what its members are told of its changes.
 * @module
 */

import type { BinaryNode } from "baileys";
import { type Account, accountJid, type Group } from "./directory.ts";
import { type Addressing, otherAddressing } from "./jids.ts";
import { element, timestamp } from "./nodes.ts";

/** A change of a group's members. */
interface GroupMemberChange {
  readonly kind: "add" | "remove";
  readonly accounts: readonly Account[];
}

/** The `group` node of an answer. */
export function describeGroup(group: Group): BinaryNode {
  const { addressing, ephemeralS } = group;
  const parts = group.members.map((member) =>
    participant(group, member, member === group.creator ? "superadmin" : undefined),
  );
  if (ephemeralS > 0) parts.push(element("ephemeral", { expiration: String(ephemeralS) }));
  return element(
    "group",
    {
      id: group.jid.slice(0, group.jid.indexOf("@")),
      subject: group.subject,
      s_t: timestamp(),
      creation: timestamp(),
      creator: accountJid(group.creator, addressing),
      addressing_mode: addressing,
      size: String(group.members.length),
    },
    parts,
  );
}

/** Changes the members of a group. Returns the part of a notification, or of an answer, that tells it. */
export function changeMembers(group: Group, { kind, accounts }: GroupMemberChange): BinaryNode {
  const others = group.members.filter((member) => !accounts.includes(member));
  group.members = kind === "add" ? [...others, ...accounts] : others;
  return element(
    kind,
    {},
    accounts.map((account) => participant(group, account)),
  );
}

/** Addresses a group's members in the other way. */
export function changeAddressing(group: Group, addressing: Addressing): void {
  group.addressing = addressing;
}

function participant({ addressing }: Group, account: Account, type?: string): BinaryNode {
  return element("participant", {
    jid: accountJid(account, addressing),
    [addressing === "lid" ? "phone_number" : "lid"]: accountJid(account, otherAddressing(addressing)),
    type,
  });
}
