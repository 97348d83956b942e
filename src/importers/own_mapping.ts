import { tryParseJid } from "../addresses/mod.ts";
import type { Device } from "../backend/mod.ts";
import type { NamedWrite } from "./foreign_state.ts";

/** The mapping of our own LID, which not every client stores; none while either side is unknown. */
export function ownMapping({ pn, lid }: Device): NamedWrite[] {
  const [number, own] = [tryParseJid(pn ?? ""), tryParseJid(lid ?? "")];
  if (number === undefined || own === undefined) return [];
  const entry = {
    lid: own.user,
    phoneNumber: number.user,
    createdAt: 1,
    updatedAt: 1,
    learningSource: "pairing",
  } as const;
  return [{ kind: "own LID", name: "own", write: { kind: "lidMapping.put", entries: [entry] } }];
}
