import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJid, garbageText } from "../../test/support/arbitraries/address_arbitraries.ts";
import { formatJid, type Jid, MAX_JID_USER_LENGTH, parseJid, tryParseJid } from "./jid.ts";

describe("parseJid", () => {
  test("reads back formatJid", () => {
    fc.assert(
      fc.property(anyJid(), (jid) => {
        expect(parseJid(formatJid(jid))).toEqual(jid);
      }),
    );
  });

  test("accepts canonical texts, and a device :0 or agent .0", () => {
    let accepted = 0;
    fc.assert(
      fc.property(garbageText(), (text) => {
        const jid = tryParseJid(text);
        if (jid === undefined) {
          expect(() => parseJid(text)).toThrow(TypeError);
          return;
        }
        accepted++;
        const again = formatJid(jid);
        expect([again, text.replace(":0@", "@"), text.replace(".0@", "@").replace(".0:", ":")]).toContain(
          again,
        );
        expect(parseJid(again)).toEqual(jid);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  test.each<[string, Jid]>([
    [
      "5511999990000@s.whatsapp.net",
      { user: "5511999990000", server: "s.whatsapp.net", device: 0, agent: 0 },
    ],
    ["5511999990000:65535@c.us", { user: "5511999990000", server: "c.us", device: 65_535, agent: 0 }],
    [
      "5511999990000:0@s.whatsapp.net",
      { user: "5511999990000", server: "s.whatsapp.net", device: 0, agent: 0 },
    ],
    ["100000000000001:7@lid", { user: "100000000000001", server: "lid", device: 7, agent: 0 }],
    ["1000.5:7@lid", { user: "1000.5", server: "lid", device: 7, agent: 0 }],
    ["1000.5@hosted.lid", { user: "1000.5", server: "hosted.lid", device: 0, agent: 0 }],
    ["1234.255:9@msgr", { user: "1234", server: "msgr", device: 9, agent: 255 }],
    ["1234.0@bot", { user: "1234", server: "bot", device: 0, agent: 0 }],
    [
      "5511999990000-1600000000@g.us",
      { user: "5511999990000-1600000000", server: "g.us", device: 0, agent: 0 },
    ],
    ["status@broadcast", { user: "status", server: "broadcast", device: 0, agent: 0 }],
  ])("%s", (text, jid) => {
    expect(parseJid(text)).toEqual(jid);
  });

  test.each([
    "",
    "@",
    "@s.whatsapp.net",
    "s.whatsapp.net",
    "user",
    "user@",
    "user@example.org",
    "user@LID",
    "user@lid@lid",
    "user@lid ",
    " user@lid",
    "us er@lid",
    "us\u0000er@lid",
    "us\ud800er@lid",
    "user:@lid",
    "user:x@lid",
    "user:-1@lid",
    "user:01@lid",
    "user:1e3@lid",
    "user:65536@lid",
    "user:1:2@lid",
    "user.256@msgr",
    "user.01@msgr",
    "user.x@bot",
    "user.1.2@bot",
    "5511.1@s.whatsapp.net",
    "5511.1:2@c.us",
    `${"9".repeat(MAX_JID_USER_LENGTH + 1)}@lid`,
  ])("rejects %j", (text) => {
    expect(() => parseJid(text)).toThrow(TypeError);
    expect(tryParseJid(text)).toBeUndefined();
  });

  test("rejects values that are not strings", () => {
    for (const value of [undefined, null, 1, {}, []]) {
      expect(() => parseJid(value as unknown as string)).toThrow(TypeError);
    }
  });

  test("does not repeat the text in its error", () => {
    expect(() => parseJid("5511999990000@nowhere")).toThrow(/^parse JID: unknown server$/);
  });
});

test.each<[string, Partial<Jid>]>([
  ["empty user", { user: "" }],
  ["dot on a phone number", { user: "1.2", server: "s.whatsapp.net" }],
  ["dot on a group", { user: "1.2", server: "g.us" }],
  ["agent on a phone number", { agent: 1 }],
  ["agent on a LID", { agent: 1, server: "lid" }],
  ["agent too great", { agent: 256, server: "bot" }],
  ["device too great", { device: 65_536 }],
  ["fractional device", { device: 0.5 }],
  ["negative device", { device: -1 }],
  ["not a device", { device: Number.NaN }],
  ["unknown server", { server: "example.org" as "lid" }],
])("rejects a JID with %s", (_, part) => {
  const jid: Jid = { user: "1", server: "s.whatsapp.net", device: 0, agent: 0, ...part };
  expect(() => formatJid(jid)).toThrow(TypeError);
});
