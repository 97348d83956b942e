import { describe, expect, test } from "vitest";
import { JID_SERVERS, type Jid, parseJid } from "./jid.ts";
import * as kind from "./jid_kind.ts";

const PREDICATES: Readonly<Record<string, (jid: Jid) => boolean>> = {
  "s.whatsapp.net": kind.isPn,
  "c.us": kind.isPn,
  lid: kind.isLid,
  hosted: kind.isHosted,
  "hosted.lid": kind.isHostedLid,
  "g.us": kind.isGroup,
  broadcast: kind.isBroadcast,
  newsletter: kind.isNewsletter,
  bot: kind.isBot,
};

describe("predicates of JID kinds", () => {
  test("match each server at most once", () => {
    const all = [...new Set(Object.values(PREDICATES))];
    for (const server of JID_SERVERS) {
      const jid = parseJid(`1@${server}`);
      const expected = PREDICATES[server];
      expect(all.filter((is) => is(jid))).toEqual(expected === undefined ? [] : [expected]);
    }
  });
});

describe("isStatusBroadcast", () => {
  test("accepts only status@broadcast", () => {
    expect(kind.isStatusBroadcast(parseJid("status@broadcast"))).toBe(true);
    expect(kind.isStatusBroadcast(parseJid("1@broadcast"))).toBe(false);
    expect(kind.isStatusBroadcast(parseJid("status@g.us"))).toBe(false);
  });
});

describe("toUserJid", () => {
  test("drops device and agent, and writes the current server", () => {
    expect(kind.toUserJid(parseJid("1:2@c.us"))).toEqual(parseJid("1@s.whatsapp.net"));
    expect(kind.toUserJid(parseJid("1.3:2@msgr"))).toEqual(parseJid("1@msgr"));
    expect(kind.toUserJid(parseJid("1:2@hosted.lid"))).toEqual(parseJid("1@hosted.lid"));
  });
});

describe("withDevice", () => {
  test("replaces the device", () => {
    expect(kind.withDevice(parseJid("1.3:2@msgr"), 5)).toEqual(parseJid("1.3:5@msgr"));
  });
});
