import { requireObject } from "../errors/mod.ts";
import type { Jid } from "./jid.ts";
import { isPnServer, type JidServer } from "./jid.ts";

/** Whether a JID is a phone number (`s.whatsapp.net` or the legacy `c.us`). */
export function isPn(jid: Jid): boolean {
  return isPnServer(serverOf(jid));
}

/** Whether a JID is a LID on the ordinary server. Hosted LIDs have `isHostedLid`. */
export function isLid(jid: Jid): boolean {
  return serverOf(jid) === "lid";
}

/** Whether a JID is a hosted device of a phone number. */
export function isHosted(jid: Jid): boolean {
  return serverOf(jid) === "hosted";
}

/** Whether a JID is a hosted device of a LID. */
export function isHostedLid(jid: Jid): boolean {
  return serverOf(jid) === "hosted.lid";
}

/** Whether a JID is a group. */
export function isGroup(jid: Jid): boolean {
  return serverOf(jid) === "g.us";
}

/** Whether a JID is a broadcast list or the status list. */
export function isBroadcast(jid: Jid): boolean {
  return serverOf(jid) === "broadcast";
}

/** Whether a JID is the status list, `status@broadcast`. */
export function isStatusBroadcast(jid: Jid): boolean {
  return serverOf(jid) === "broadcast" && jid.user === "status";
}

/** Whether a JID is a newsletter (channel). */
export function isNewsletter(jid: Jid): boolean {
  return serverOf(jid) === "newsletter";
}

/** Whether a JID is a bot. */
export function isBot(jid: Jid): boolean {
  return serverOf(jid) === "bot";
}

/** The user of a JID: the JID without device and agent, and with `c.us` written `s.whatsapp.net`. */
export function toUserJid(jid: Jid): Jid {
  const server = serverOf(jid) === "c.us" ? "s.whatsapp.net" : jid.server;
  return { user: jid.user, server, device: 0, agent: 0 };
}

/** The same JID with another device number. The number is checked when the JID is formatted. */
export function withDevice(jid: Jid, device: number): Jid {
  requireObject("change device: the JID", jid);
  return { user: jid.user, server: jid.server, device, agent: jid.agent };
}

function serverOf(jid: Jid): JidServer {
  requireObject("ask for the kind of a JID: it", jid);
  return jid.server;
}
