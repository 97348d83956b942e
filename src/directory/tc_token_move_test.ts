import { describe, expect, test } from "vitest";
import type { TcTokenEntry, Write } from "../backend/mod.ts";
import type { MovedUser } from "../signal/mod.ts";
import { tcTokenMoves } from "./tc_token_move.ts";

const TOKEN = Uint8Array.of(1, 2, 3);

/** The writes for these users, and what was read for them. */
async function movesOf(
  users: readonly MovedUser[],
  stored: Readonly<Record<string, TcTokenEntry>>,
): Promise<{ readonly writes: Write[]; readonly reads: string[] }> {
  const reads: string[] = [];
  const writes = await tcTokenMoves(
    {
      getTcToken: async (jid) => {
        reads.push(jid);
        return stored[jid];
      },
      getAllTcTokenJids: async () => {
        reads.push("all");
        return Object.keys(stored);
      },
    },
    users,
  );
  return { writes, reads };
}

function users(count: number): MovedUser[] {
  return Array.from({ length: count }, (_, n) => ({ pn: `551${n}`, lid: `100${n}` }));
}

describe("tcTokenMoves", () => {
  test("moves a token with its time of use, and deletes it where it was", async () => {
    const { writes } = await movesOf(users(1), {
      "5510@s.whatsapp.net": { token: TOKEN, tokenTimestamp: 7, senderTimestamp: 9 },
    });
    expect(writes).toEqual([
      { kind: "tcToken.receive", jid: "1000@lid", token: TOKEN, tokenTimestamp: 7 },
      { kind: "tcToken.touchSender", jid: "1000@lid", senderTimestamp: 9 },
      { kind: "tcToken.delete", jid: "5510@s.whatsapp.net" },
    ]);
  });

  test("moves hosted tokens to the hosted LID", async () => {
    const { writes } = await movesOf(users(1), { "5510@hosted": { token: TOKEN, tokenTimestamp: 7 } });
    expect(writes).toEqual([
      { kind: "tcToken.receive", jid: "1000@hosted.lid", token: TOKEN, tokenTimestamp: 7 },
      { kind: "tcToken.delete", jid: "5510@hosted" },
    ]);
  });

  test("of a placeholder moves the time of use alone", async () => {
    const { writes } = await movesOf(users(1), {
      "5510@s.whatsapp.net": { token: new Uint8Array(0), tokenTimestamp: 0, senderTimestamp: 9 },
    });
    expect(writes.map(({ kind }) => kind)).toEqual(["tcToken.touchSender", "tcToken.delete"]);
  });

  test("writes nothing for users without a token", async () => {
    expect((await movesOf(users(1), {})).writes).toEqual([]);
    expect((await movesOf([], {})).writes).toEqual([]);
  });

  test("reads few users one by one, and for many the list of tokens", async () => {
    const stored = { "5511@s.whatsapp.net": { token: TOKEN, tokenTimestamp: 7 } };
    const few = await movesOf(users(2), stored);
    expect(few.reads).toEqual(["5510@s.whatsapp.net", "5510@hosted", "5511@s.whatsapp.net", "5511@hosted"]);
    const many = await movesOf(users(50), stored);
    expect(many.reads).toEqual(["all", "5511@s.whatsapp.net"]);
    expect(many.writes).toEqual(few.writes);
  });
});
