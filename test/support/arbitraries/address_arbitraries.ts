/** Generators for the tests of src/addresses and of its users. */
import fc from "fast-check";
import { isLidServer, isPnServer, JID_SERVERS, type Jid } from "../../../src/addresses/jid.ts";
import type { SignalAddress } from "../../../src/addresses/signal_address.ts";

const DIGITS = fc.stringMatching(/^[1-9][0-9]{0,14}$/);
const ODD_USER = fc
  .string({ unit: "binary", minLength: 1, maxLength: 20 })
  .filter((text) => !/[@:/.\s\p{Cc}\p{Cs}]/u.test(text));

export function anyJid(): fc.Arbitrary<Jid> {
  return fc
    .record({
      user: fc.oneof(DIGITS, ODD_USER),
      dotted: fc.boolean(),
      server: fc.constantFrom(...JID_SERVERS),
      device: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 65_535 })),
      agent: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 255 })),
    })
    .map(({ user, dotted, server, device, agent }) => ({
      user: dotted && isLidServer(server) ? `${user}.${user}` : user,
      server,
      device,
      agent: isPnServer(server) || isLidServer(server) ? 0 : agent,
    }));
}

export function anySignalAddress(): fc.Arbitrary<SignalAddress> {
  return anyJid().map(({ user, server, device }) => ({
    user,
    server: server === "s.whatsapp.net" ? "c.us" : server,
    device,
  }));
}

/** Texts near the grammar of addresses, most of them malformed. */
export function garbageText(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    "1",
    "0",
    "user",
    "@",
    ":",
    ".",
    "_",
    "::",
    "lid",
    "c.us",
    "s.whatsapp.net",
    ".0",
    "g.us",
    "%",
    "'",
    "😀",
    "\ud800",
    "bot",
  );
  return fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")),
    fc
      .tuple(fc.array(piece, { maxLength: 6 }), fc.constantFrom(...JID_SERVERS))
      .map(([pieces, server]) => `${pieces.join("")}@${server}`),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
}
