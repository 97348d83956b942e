import type { Write } from "../../../src/backend/mod.ts";

/** The user parts of our phone number and LID. */
export interface OwnUser {
  readonly pn: string;
  readonly lid: string;
}

/** A mapping that a commit stores and that gives our state to another user, or theirs to us. */
export function wrongPairIn(writes: readonly Write[], { pn, lid }: OwnUser): string | undefined {
  const entries = writes.flatMap((write) => (write.kind === "lidMapping.put" ? write.entries : []));
  const wrong = entries.find(
    (entry) =>
      (entry.phoneNumber === pn) !== (entry.lid === lid) || entry.phoneNumber === lid || entry.lid === pn,
  );
  return wrong && `a mapping of which one end is ours was stored: ${wrong.phoneNumber} is ${wrong.lid}`;
}
