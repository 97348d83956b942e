import type { ProtocolReads, Write } from "../backend/mod.ts";
import type { MovedUser } from "../signal/mod.ts";

/**
 * Up to this many users, tokens are read one by one. For more users, all JIDs with a token are listed first.
 */
const FEW_USERS = 4;

/** The reads that moving tokens needs. */
export type TcTokenReads = Pick<ProtocolReads, "getAllTcTokenJids" | "getTcToken">;

/**
 * Returns the writes that move the trusted-contact tokens of phone numbers to their LIDs. Once a LID is
 * known, the server expects the token of the LID. Of two tokens the store keeps the later one, with the later
 * time of use, when it applies the writes.
 */
export async function tcTokenMoves(reads: TcTokenReads, users: readonly MovedUser[]): Promise<Write[]> {
  const jids = users.flatMap(({ pn, lid }) => [
    { from: `${pn}@s.whatsapp.net`, to: `${lid}@lid` },
    { from: `${pn}@hosted`, to: `${lid}@hosted.lid` },
  ]);
  const stored = users.length > FEW_USERS ? new Set(await reads.getAllTcTokenJids()) : undefined;
  const moves = jids
    .filter(({ from }) => stored?.has(from) ?? true)
    .map(({ from, to }) => tcTokenMove(reads, from, to));
  return (await Promise.all(moves)).flat();
}

async function tcTokenMove(reads: TcTokenReads, from: string, to: string): Promise<Write[]> {
  const entry = await reads.getTcToken(from);
  if (entry === undefined) return [];
  const { token, tokenTimestamp, senderTimestamp } = entry;
  const writes: Write[] = [];
  if (token.byteLength > 0) writes.push({ kind: "tcToken.receive", jid: to, token, tokenTimestamp });
  if (senderTimestamp !== undefined) writes.push({ kind: "tcToken.touchSender", jid: to, senderTimestamp });
  return [...writes, { kind: "tcToken.delete", jid: from }];
}
