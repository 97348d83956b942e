import fc from "fast-check";
import { expect, test } from "vitest";
import { anyJid, anySignalAddress, garbageText } from "../../test/support/arbitraries/address_arbitraries.ts";
import { parseJid } from "./jid.ts";
import {
  formatSenderKeyName,
  parseSenderKeyName,
  tryParseSenderKeyName,
  userOfSenderKeyName,
} from "./sender_key_name.ts";

test("a formatted name is read back as it was", () => {
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

test("an accepted text is the only spelling of its name", () => {
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

test("the parts of a name", () => {
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
])("%j is not a sender key name", (text) => {
  expect(() => parseSenderKeyName(text)).toThrow(TypeError);
  expect(userOfSenderKeyName(text)).toBe(text);
});

test("a group with a device has no name", () => {
  const sender = { user: "1000", server: "lid", device: 7 } as const;
  expect(() => formatSenderKeyName({ group: parseJid("1203:2@g.us"), sender })).toThrow(TypeError);
});

test("the user of a name is the sender's", () => {
  expect(userOfSenderKeyName("120363000000000001@g.us:1000:7@lid.0")).toBe("1000");
});
