import { tryParseJid } from "../addresses/mod.ts";
import type { Device } from "../backend/mod.ts";

/** Whether a user and device number are those of our own device, by phone number or LID. */
export function isOwnDevice({ pn, lid }: Device, user: string, device: number): boolean {
  return [pn, lid].some((text) => {
    const jid = tryParseJid(text ?? "");
    return jid?.user === user && jid.device === device;
  });
}
