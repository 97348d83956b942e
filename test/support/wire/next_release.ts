/**
 * The product as its next release: the same sources in separate module instances, with the next protocol
 * version, one more field and one more call. Compared with it, the current product is the previous release.
 */
import { vi } from "vitest";
import { PROTOCOL_VERSION } from "../../../src/protocol/mod.ts";
import { optional, text } from "../../../src/rules/mod.ts";

/** The version of the next release. */
export const NEXT_VERSION: number = PROTOCOL_VERSION + 1;

/** The new call of the next release. */
export const NEW_CALL = "getNote";

/** The modules of the next release. */
export type NextRelease = typeof import("../../../src/protocol/mod.ts") &
  typeof import("../../../src/adapters/memory/mod.ts") &
  typeof import("../../../src/adapters/remote/mod.ts") &
  typeof import("../../../src/account/mod.ts") &
  typeof import("../../../src/service/mod.ts") &
  typeof import("../../../src/worker/mod.ts");

/** Loads the modules of the next release. */
export async function loadNextRelease(): Promise<NextRelease> {
  vi.resetModules();
  vi.doMock("../../../src/protocol/version.ts", async (importOriginal) => ({
    ...(await importOriginal<object>()),
    PROTOCOL_VERSION: NEXT_VERSION,
  }));
  const { READS, WRITES } = await import("../../../src/backend/mod.ts");
  const note = optional(text("word"), { since: NEXT_VERSION });
  Object.assign(WRITES["groupMetadata.put"].fields, { note });
  Object.assign(READS, {
    getTcToken: { ...READS.getTcToken, answer: withMember(READS.getTcToken.answer, { note }) },
    [NEW_CALL]: { args: [{ name: "group", rule: text("group") }], answer: note, since: NEXT_VERSION },
  });
  // The tables must be changed before the protocol is built from them.
  const [protocol, memory, remote, account, service, worker] = await Promise.all([
    import("../../../src/protocol/mod.ts"),
    import("../../../src/adapters/memory/mod.ts"),
    import("../../../src/adapters/remote/mod.ts"),
    import("../../../src/account/mod.ts"),
    import("../../../src/service/mod.ts"),
    import("../../../src/worker/mod.ts"),
  ]);
  vi.doUnmock("../../../src/protocol/version.ts");
  vi.resetModules();
  return { ...protocol, ...memory, ...remote, ...account, ...service, ...worker };
}

/** An optional object with additional members. */
function withMember(rule: { readonly rule: object }, members: object): object {
  const inner = rule.rule as { readonly members: object };
  return { ...rule, rule: { ...inner, members: { ...inner.members, ...members } } };
}
