import { tryParseJid } from "../addresses/mod.ts";
import { type Device, hasDeviceSince } from "../backend/mod.ts";
import { unsoundKeyOf } from "../device/mod.ts";
import { isDamage, RESTORE, reasonOf, type VerifiedReads } from "./context.ts";
import type { Tell } from "./finding.ts";

/** Checks the device, and returns it if it can be read. */
export async function checkDevice(reads: VerifiedReads, tell: Tell): Promise<Device | undefined> {
  let device: Device | undefined;
  try {
    device = await reads.load();
  } catch (error) {
    if (!isDamage(error)) throw error;
    tell({
      code: "undecodable",
      severity: "damage",
      table: "device",
      what: `The device cannot be read: ${reasonOf(error)}. The account does not open.`,
      remedy: RESTORE,
    });
    return undefined;
  }
  if (device === undefined) {
    await checkAbsence(reads, tell);
    return undefined;
  }
  await checkKeys(device, tell);
  for (const name of ["pn", "lid"] as const) {
    const jid = device[name];
    if (jid === undefined || tryParseJid(jid) !== undefined) continue;
    tell({
      code: "malformed-key",
      severity: "damage",
      table: "device",
      what: `The ${name} of the device is no JID: whatever depends on our own address fails.`,
      remedy: RESTORE,
    });
  }
  return device;
}

async function checkAbsence(reads: VerifiedReads, tell: Tell): Promise<void> {
  const owner = await reads.readOwner();
  if (!hasDeviceSince(owner?.owner)) return;
  tell({
    code: "absent-device",
    severity: "damage",
    table: "device",
    what: "The account was opened and has no device: its row was lost.",
    remedy: RESTORE,
  });
}

async function checkKeys(device: Device, tell: Tell): Promise<void> {
  const name = await unsoundKeyOf(device);
  if (name === undefined) return;
  if (name === "signedPreKeySignature") {
    tell({
      code: "unsound-signature",
      severity: "warning",
      table: "device",
      what: "The signature of the signed pre-key is damaged.",
      remedy: "Nothing: the next opening signs it again, since the keys are there.",
    });
    return;
  }
  tell({
    code: "unsound-keys",
    severity: "damage",
    table: "device",
    what: `The halves of the ${name} do not belong together: one of them is damaged, and the account does not open.`,
    remedy: RESTORE,
  });
}
