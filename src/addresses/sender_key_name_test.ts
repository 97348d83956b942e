import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJid, anySignalAddress, garbageText } from "../../test/support/arbitraries/address_arbitraries.ts";
import { parseJid } from "./jid.ts";
import {
  formatSenderKeyName,
  parseSenderKeyName,
  tryParseSenderKeyName,
  userOfSenderKeyName,
} from "./sender_key_name.ts";

describe("parseSenderKeyName", () => {
  test("reads back formatSenderKeyName", () => {
    const names = fc.record({
      group: anyJid().map((jid) => ({ ...jid, device: 0 })),
      sender: anySignalAddress(),
    });
    fc.assert(
      fc.property(names, (name) => {
        expect(parseSenderKeyName(formatSenderKeyName(name))).toEqual(name);
      }),
    );
  });

  test("accepts only the spelling of formatSenderKeyName", () => {
    fc.assert(
      fc.property(garbageText(), garbageText(), (group, sender) => {
        const text = `${group}:${sender}.0`;
        const name = tryParseSenderKeyName(text);
        if (name === undefined) expect(() => parseSenderKeyName(text)).toThrow(TypeError);
        else expect(formatSenderKeyName(name)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("returns the group and the sender", () => {
    expect(parseSenderKeyName("120363000000000001@g.us:1000:7@lid.0")).toEqual({
      group: parseJid("120363000000000001@g.us"),
      sender: { user: "1000", server: "lid", device: 7 },
    });
    expect(parseSenderKeyName("status@broadcast:5511@c.us.0").sender.user).toBe("5511");
  });

  test.each([
    "",
    ":",
    "1203@g.us",
    "1203@g.us:",
    "1203@g.us:1000@lid",
    "1203@g.us::1000@lid.0",
    "1203:2@g.us:1000@lid.0",
    "1203:0@g.us:1000@lid.0",
    "group:1000@lid.0",
  ])("rejects %j", (text) => {
    expect(() => parseSenderKeyName(text)).toThrow(TypeError);
    expect(userOfSenderKeyName(text)).toBe(text);
  });
});

describe("formatSenderKeyName", () => {
  test("rejects a group with a device", () => {
    const sender = { user: "1000", server: "lid", device: 7 } as const;
    expect(() => formatSenderKeyName({ group: parseJid("1203:2@g.us"), sender })).toThrow(TypeError);
  });
});

describe("userOfSenderKeyName", () => {
  test("returns the user of the sender", () => {
    expect(userOfSenderKeyName("120363000000000001@g.us:1000:7@lid.0")).toBe("1000");
  });
});
