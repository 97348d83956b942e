import type { RowWrite } from "../backend/mod.ts";
import { isSoundPair, isSoundSignature } from "../device/mod.ts";
import { decodePreKey, decodeSignedPreKey } from "../records/mod.ts";
import { type Checking, decoded, RESTORE } from "./context.ts";

type RowOf<Kind extends RowWrite["kind"]> = Extract<RowWrite, { readonly kind: Kind }>;

const SPENT = "A peer that starts a session with it sends a message that cannot be read, and sends it again.";

/** Checks one-time pre-keys: their records, pairs and ids, and that each is found by its id. */
export async function checkPreKeys(checking: Checking, rows: readonly RowOf<"preKey.put">[]): Promise<void> {
  const { tell, device, pacer, reads } = checking;
  const found = new Set((await reads.loadPreKeys(rows.map(({ id }) => id))).map(({ id }) => id));
  let greatest = 0;
  for (const { id, record } of rows) {
    if (pacer?.isDue) await pacer.rest();
    greatest = Math.max(greatest, id);
    const key = String(id);
    const repair = [{ kind: "preKey.remove" as const, id }];
    const result = decoded(() => decodePreKey(record));
    const fault =
      "reason" in result
        ? `does not decode (${result.reason})`
        : result.value.id !== id
          ? "has the id of another key in its record"
          : isSoundPair(result.value)
            ? undefined
            : "has two halves that do not belong together";
    if (fault !== undefined)
      tell({
        ...{ code: "undecodable", severity: "damage", table: "preKey", key, repair },
        what: `The pre-key ${key} ${fault}. ${SPENT}`,
        remedy: "Remove it by --repair; the client uploads new ones.",
      });
    if (!found.has(id))
      tell({
        ...{ code: "not-found-by-key", severity: "damage", table: "preKey", key },
        what: `The pre-key ${key} is in its table and is not found by its id. ${SPENT}`,
        remedy: RESTORE,
      });
  }
  if (device !== undefined && device.nextPreKeyId > 0 && greatest === device.nextPreKeyId)
    tell({
      ...{ code: "pre-key-counter", severity: "warning", table: "device" },
      what: `The next pre-key would get the id ${greatest}, which a stored one has.`,
      remedy: "Nothing: ids that are in use are passed over when keys are made.",
    });
}

/** Checks signed pre-keys: their records, pairs and signatures. */
export async function checkSignedPreKeys(
  { tell, device, pacer }: Checking,
  rows: readonly RowOf<"signedPreKey.put">[],
): Promise<void> {
  for (const { id, record } of rows) {
    const key = String(id);
    if (pacer?.isDue) await pacer.rest();
    const result = decoded(() => decodeSignedPreKey(record));
    let fault: string | undefined;
    if ("reason" in result) fault = `does not decode (${result.reason})`;
    else if (result.value.id !== id) fault = "has the id of another key in its record";
    else if (!isSoundPair(result.value)) fault = "has two halves that do not belong together";
    else if (device !== undefined && !(await isSoundSignature(device, result.value)))
      fault = "is not signed by the identity key of the device";
    if (fault === undefined) continue;
    tell({
      ...{ code: "undecodable", severity: "damage", table: "signedPreKey", key },
      what: `The signed pre-key ${key} ${fault}. Peers that were told of it cannot start a session with it.`,
      remedy: "Have the client rotate its signed pre-key; the one of the device itself is another row.",
    });
  }
}
