import type { Jid } from "./jid.ts";
import { isPnServer } from "./jid.ts";

/** Whether a JID is a phone number (`s.whatsapp.net` or the legacy `c.us`). */
export function isPn(jid: Jid): boolean {
  return isPnServer(jid.server);
}

/** Whether a JID is a LID on the ordinary server. Hosted LIDs have `isHostedLid`. */
export function isLid(jid: Jid): boolean {
  return jid.server === "lid";
}

/** Whether a JID is a hosted device of a phone number. */
export function isHosted(jid: Jid): boolean {
  return jid.server === "hosted";
}

/** Whether a JID is a hosted device of a LID. */
export function isHostedLid(jid: Jid): boolean {
  return jid.server === "hosted.lid";
}

/** Whether a JID is a group. */
export function isGroup(jid: Jid): boolean {
  return jid.server === "g.us";
}

/** Whether a JID is a broadcast list or the status list. */
export function isBroadcast(jid: Jid): boolean {
  return jid.server === "broadcast";
}

/** Whether a JID is the status list, `status@broadcast`. */
export function isStatusBroadcast(jid: Jid): boolean {
  return jid.server === "broadcast" && jid.user === "status";
}

/** Whether a JID is a newsletter (channel). */
export function isNewsletter(jid: Jid): boolean {
  return jid.server === "newsletter";
}

/** Whether a JID is a bot. */
export function isBot(jid: Jid): boolean {
  return jid.server === "bot";
}

/** The user of a JID: the JID without device and agent, and with `c.us` written `s.whatsapp.net`. */
export function toUserJid(jid: Jid): Jid {
  const server = jid.server === "c.us" ? "s.whatsapp.net" : jid.server;
  return { user: jid.user, server, device: 0, agent: 0 };
}

/** The same JID with another device number. The number is checked when the JID is formatted. */
export function withDevice(jid: Jid, device: number): Jid {
  return { user: jid.user, server: jid.server, device, agent: jid.agent };
}
