import type { ProtocolReads, Write } from "../backend/mod.ts";
import type { MovedUser } from "../signal/mod.ts";

/** Users whose tokens are asked for one by one. For more, all JIDs that have one are listed first. */
const FEW_USERS = 4;

/** What a move of tokens reads. */
export type TokenReads = Pick<ProtocolReads, "getAllTcTokenJids" | "getTcToken">;

/**
 * What moves the trusted-contact tokens of phone numbers to their LIDs: the server wants a token of the LID
 * once it is known. Of two the later token stays, with the later time of use; the store compares them when it
 * applies the writes.
 */
export async function tokenMoves(reads: TokenReads, users: readonly MovedUser[]): Promise<Write[]> {
  const jids = users.flatMap(({ pn, lid }) => [
    { from: `${pn}@s.whatsapp.net`, to: `${lid}@lid` },
    { from: `${pn}@hosted`, to: `${lid}@hosted.lid` },
  ]);
  const stored = users.length > FEW_USERS ? new Set(await reads.getAllTcTokenJids()) : undefined;
  const moves = jids
    .filter(({ from }) => stored?.has(from) ?? true)
    .map(({ from, to }) => tokenMove(reads, from, to));
  return (await Promise.all(moves)).flat();
}

async function tokenMove(reads: TokenReads, from: string, to: string): Promise<Write[]> {
  const entry = await reads.getTcToken(from);
  if (entry === undefined) return [];
  const { token, tokenTimestamp, senderTimestamp } = entry;
  const writes: Write[] = [];
  if (token.byteLength > 0) writes.push({ kind: "tcToken.receive", jid: to, token, tokenTimestamp });
  if (senderTimestamp !== undefined) writes.push({ kind: "tcToken.touchSender", jid: to, senderTimestamp });
  return [...writes, { kind: "tcToken.delete", jid: from }];
}
