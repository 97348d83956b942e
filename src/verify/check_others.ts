import { tryParseJid, tryParseSignalAddress } from "../addresses/mod.ts";
import { LEARNING_SOURCES, type RowWrite } from "../backend/mod.ts";
import { decodeSegment } from "../records/mod.ts";
import { type Checking, decoded, userOf } from "./context.ts";

type RowOf<Kind extends RowWrite["kind"]> = Extract<RowWrite, { readonly kind: Kind }>;

/** Digits of a phone number or a LID. */
const USER = /^[0-9]{1,32}$/;

/** Checks mappings: that each is found by its LID, and that our own is that of the device. */
export async function checkMappings(
  checking: Checking,
  rows: readonly RowOf<"lidMapping.put">[],
): Promise<void> {
  const { reads, tell, device } = checking;
  const entries = rows.flatMap((row) => row.entries);
  const found = await reads.getLidMappings(entries.map(({ lid }) => lid));
  const [ownPn, ownLid] = [userOf(device?.pn), userOf(device?.lid)];
  for (const [index, { lid, phoneNumber, learningSource }] of entries.entries()) {
    const again = found[index];
    if (again?.phoneNumber !== phoneNumber)
      tell({
        ...{ code: "not-found-by-key", severity: "damage", table: "lidMapping", key: lid },
        what: `The mapping of the LID ${lid} is in its table and is not found by it: an index is damaged, or the LID is stored twice.`,
        remedy: "Remove it by --repair; the next message of the contact tells it again.",
        repair: [{ kind: "lidMapping.delete", lids: [lid] }],
      });
    if (!USER.test(lid) || !USER.test(phoneNumber))
      tell({
        ...{ code: "malformed-key", severity: "damage", table: "lidMapping", key: lid },
        what: `The mapping of the LID ${JSON.stringify(lid)} has a user that is no number.`,
        remedy: "Remove it by --repair; the next message of the contact tells it again.",
        repair: [{ kind: "lidMapping.delete", lids: [lid] }],
      });
    if (!LEARNING_SOURCES.includes(learningSource))
      tell({
        ...{ code: "malformed-key", severity: "warning", table: "lidMapping", key: lid },
        what: `The mapping of the LID ${lid} was learnt from a source that does not exist.`,
        remedy: "Nothing: the mapping is used as any other one.",
      });
    if (ownPn !== undefined && ownLid !== undefined && lid === ownLid && phoneNumber !== ownPn)
      tell({
        ...{ code: "own-mapping", severity: "warning", table: "lidMapping", key: lid },
        what: "The mapping of our own LID has another phone number than the device.",
        remedy: "Nothing: the next opening repairs it.",
      });
  }
}

/** Checks identities: that each has an address that clients use. */
export function checkIdentities({ tell }: Checking, rows: readonly RowOf<"identity.put">[]): void {
  for (const { address } of rows) {
    if (tryParseSignalAddress(address) !== undefined) continue;
    tell({
      ...{ code: "malformed-key", severity: "warning", table: "identity", key: address },
      what: `The identity of ${JSON.stringify(address)} has an address that no client uses: it is never found.`,
      remedy: "Nothing: it takes a row and does no harm. It may be what is left of a damaged address.",
    });
  }
}

/** Checks device lists: that each is found by its user. */
export async function checkDeviceLists(
  { reads, tell }: Checking,
  rows: readonly RowOf<"deviceList.put">[],
): Promise<void> {
  const users = rows.flatMap(({ records }) => records.map(({ user }) => user));
  const found = await reads.getDevicesFor(users);
  for (const [index, user] of users.entries()) {
    if (found[index] !== undefined) continue;
    tell({
      ...{ code: "not-found-by-key", severity: "damage", table: "deviceList", key: user },
      what: `The devices of ${user} are in their table and are not found by the user.`,
      remedy: "Remove them by --repair; the next message to the user asks the server for them.",
      repair: [{ kind: "deviceList.delete", user }],
    });
  }
}

/** Collects the groups with marks. */
export function collectMarks(
  { markedGroups, tell }: Checking,
  rows: readonly RowOf<"senderKeyDevices.set">[],
): void {
  for (const { group, entries } of rows) {
    markedGroups.set(group, (markedGroups.get(group) ?? 0) + entries.length);
    const [malformed] = entries.filter(([jid]) => tryParseJid(jid) === undefined);
    if (malformed !== undefined)
      tell({
        ...{ code: "malformed-key", severity: "warning", table: "senderKeyDevices", key: group },
        what: `A mark of the group ${group} is of a device whose name is no JID.`,
        remedy: "Remove the marks of the group by --repair; members get our key again with the next message.",
        repair: [{ kind: "senderKeyDevices.clear", group }],
      });
  }
}

/** Marks say who has our sender key of a group: without one they would have members who never get the key. */
export function checkMarks({ markedGroups, ownGroups, tell, ownUsers }: Checking): void {
  if (ownUsers.size === 0) return;
  for (const [group, marks] of markedGroups) {
    if (ownGroups.has(group)) continue;
    tell({
      ...{ code: "mark-without-key", severity: "warning", table: "senderKeyDevices", key: group },
      what: `The group ${group} has ${marks} marks of devices that hold our sender key, and no such key is stored.`,
      remedy: "Remove the marks by --repair; members get our key again with the next message.",
      repair: [{ kind: "senderKeyDevices.clear", group }],
    });
  }
}

/** Collects the states of collections. */
export function collectVersions({ versions }: Checking, rows: readonly RowOf<"syncVersion.patch">[]): void {
  for (const { name, patch } of rows) if (patch.state !== undefined) versions.set(name, patch.state.version);
}

/** Checks MACs of mutations against the versions of their collections. Each collection is told once. */
export function checkMacs(
  { versions, tell }: Checking,
  rows: readonly RowOf<"mutationMacs.put">[],
  told: Set<string>,
): void {
  for (const { name, version } of rows) {
    const known = versions.get(name);
    if (told.has(name) || (known !== undefined && version <= known)) continue;
    told.add(name);
    const isUnknown = known === undefined;
    tell({
      ...{
        code: isUnknown ? "unknown-collection" : "newer-than-collection",
        severity: "warning",
        table: "mutationMacs",
        key: name,
      },
      what: isUnknown
        ? `The collection ${name} has MACs of mutations and no state.`
        : `The collection ${name} has MACs of version ${version}, and its state is of version ${known}: a patch landed by half.`,
      remedy: "Forget the collection by --repair; the client fetches it anew.",
      repair: [
        { kind: "syncVersion.delete", name },
        { kind: "mutationMacs.clear", name },
      ],
    });
  }
}

/** Checks segments of messages: that they decode. */
export async function checkSegments(
  { pacer, tell }: Checking,
  rows: readonly RowOf<"messageSegment.put">[],
): Promise<void> {
  for (const { segments } of rows) {
    for (const { log, seq, payload } of segments) {
      if (pacer?.isDue) await pacer.rest();
      const result = decoded(() => decodeSegment(payload));
      if (!("reason" in result)) continue;
      const key = `${log} ${seq}`;
      tell({
        ...{ code: "undecodable", severity: "damage", table: "messageSegment", key },
        what: `The segment ${seq} of the log ${JSON.stringify(log)} does not decode (${result.reason}). Its messages are lost.`,
        remedy: "Remove it by --repair, or leave it: it expires by itself.",
        repair: [{ kind: "messageSegment.delete", keys: [{ log, seq }] }],
      });
    }
  }
}

/** Tells of records that were set aside. */
export async function checkQuarantine({ reads, tell }: Checking): Promise<void> {
  for (const { store, address, reason } of await reads.listQuarantined()) {
    tell({
      ...{ code: "quarantined", severity: "note", table: "quarantine", key: address },
      what: `The ${store === "session" ? "session" : "sender key"} ${JSON.stringify(address)} was set aside earlier: ${reason}.`,
      remedy: "Nothing: it was set up anew. The row is kept to be looked at.",
    });
  }
}
