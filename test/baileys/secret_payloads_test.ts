/**
 * Decryption of votes, responses to events and edits with stored secrets. What is encrypted here is checked
 * with the library's own decryption.
 */
import * as baileys from "baileys";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Account, openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type BaileysHoldfast, baileysAuthState, useHoldfast } from "../../src/baileys/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { messageLog } from "../../src/message_log/mod.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";
import {
  encryptWithSecret,
  type SecretContext,
  type SecretUseCase,
} from "../support/whatsapp/secret_payloads.ts";

const { Message } = baileys.proto;

const OWN = { pn: "15550000002@s.whatsapp.net", lid: "915550000002@lid" };
const PEER = { pn: "15550000001@s.whatsapp.net", lid: "915550000001@lid" };
const GROUP = "120363000000000001@g.us";
const SECRET = new Uint8Array(32).map((_, index) => index);
const OPTION = new Uint8Array(32).fill(3);

let account: Account;
let holdfast: BaileysHoldfast<typeof baileys>;

beforeEach(async () => {
  account = await openAccount({ backend: memoryBackend() });
  const { state, saveCreds } = await baileysAuthState(account);
  Object.assign(state.creds, pairedCreds({ pn: "15550000002" }));
  await saveCreds();
  await directory(account).learn([{ lid: "915550000001", phoneNumber: "15550000001" }], { source: "usync" });
  holdfast = await useHoldfast(baileys, account);
});
afterEach(async () => {
  await account.close();
  vi.restoreAllMocks();
});

/** Stores the secret of a received message. */
async function know(id: string, sender: string, secret: Uint8Array = SECRET): Promise<void> {
  const log = await messageLog(account);
  log.add("secret", { chat: GROUP, sender, id, payload: secret, expiresAt: 4_000_000_000 });
}

type Part = ReturnType<typeof encryptWithSecret>;

function context(change: Partial<SecretContext> & { useCase: SecretUseCase }): SecretContext {
  return { secret: SECRET, id: "TARGET", creator: PEER.lid, author: PEER.lid, ...change };
}

const voteBytes = Message.PollVoteMessage.encode({ selectedOptions: [OPTION] }).finish();

/** A vote in a group, as `messages.upsert` shows it. */
function voteOf(part: Part, participant: string, creator = PEER.lid): baileys.WAMessage {
  return {
    key: { remoteJid: GROUP, participant, id: "VOTE", fromMe: false },
    message: {
      pollUpdateMessage: {
        pollCreationMessageKey: { remoteJid: GROUP, participant: creator, id: "TARGET", fromMe: false },
        vote: part,
        senderTimestampMs: 1,
      },
    },
  };
}

describe("decryptPollVote", () => {
  const forms = [PEER.pn, PEER.lid].flatMap((creator) =>
    [OWN.pn, OWN.lid].map((voter) => [creator, voter] as const),
  );

  test.each(forms)("decrypts a vote for a poll of %s by %s", async (creator, voter) => {
    const part = encryptWithSecret(context({ creator, author: voter, useCase: "Poll Vote" }), voteBytes);
    const theirs = baileys.decryptPollVote(part, {
      pollCreatorJid: creator,
      pollMsgId: "TARGET",
      pollEncKey: SECRET,
      voterJid: voter,
    });
    expect(theirs.selectedOptions).toHaveLength(1);
    // The names that the stanzas show may be the other ones.
    for (const shown of [PEER.pn, PEER.lid]) {
      await know("TARGET", shown);
      const vote = voteOf(part, OWN.lid, PEER.pn);
      const result = await holdfast.secrets.decryptPollVote(vote);
      expect(result.outcome).toBe("decrypted");
      if (result.outcome === "decrypted")
        expect([...(result.content.selectedOptions[0] ?? [])]).toEqual([...OPTION]);
    }
  });

  test("decrypts a vote of a peer for our own poll in a chat", async () => {
    const poll = Message.encode({
      pollCreationMessage: { name: "poll" },
      messageContextInfo: { messageSecret: SECRET },
    }).finish();
    const log = await messageLog(account);
    log.add("message", { chat: PEER.pn, sender: "", id: "TARGET", payload: poll, expiresAt: 4_000_000_000 });
    for (const creator of [OWN.pn, OWN.lid]) {
      const part = encryptWithSecret(context({ creator, author: PEER.lid, useCase: "Poll Vote" }), voteBytes);
      const vote: baileys.WAMessage = {
        key: { remoteJid: PEER.pn, id: "VOTE", fromMe: false },
        message: {
          ephemeralMessage: {
            message: {
              pollUpdateMessage: {
                pollCreationMessageKey: { remoteJid: PEER.pn, id: "TARGET", fromMe: true },
                vote: part,
              },
            },
          },
        },
      };
      expect((await holdfast.secrets.decryptPollVote(vote)).outcome).toBe("decrypted");
    }
  });

  test("rejects no vote of a peer, whatever its names are", async () => {
    await know("TARGET", PEER.lid);
    const part = encryptWithSecret(context({ useCase: "Poll Vote" }), voteBytes);
    const names = [
      "",
      "a\0b",
      "\ud800",
      "x".repeat(2_000),
      "__proto__",
      "1@lid:2@lid",
      `${"9".repeat(2_000)}@lid`,
    ];
    for (const name of names) {
      const vote = voteOf(part, name, `${name}@lid`);
      expect((await holdfast.secrets.decryptPollVote(vote)).outcome).toMatch(/undecryptable|decrypted/);
      const key = vote.message?.pollUpdateMessage?.pollCreationMessageKey;
      if (key) key.id = name;
      expect((await holdfast.secrets.decryptPollVote(vote)).outcome).toMatch(/malformed|unknownSecret/);
    }
  });

  test("tells apart an unknown secret, a wrong one and a malformed vote", async () => {
    const part = encryptWithSecret(context({ useCase: "Poll Vote" }), voteBytes);
    const outcome = async (message: baileys.WAMessage) =>
      (await holdfast.secrets.decryptPollVote(message)).outcome;
    expect(await outcome(voteOf(part, PEER.lid))).toBe("unknownSecret");
    await know("TARGET", PEER.lid, new Uint8Array(32).fill(9));
    expect(await outcome(voteOf(part, PEER.lid))).toBe("undecryptable");
    await know("TARGET", PEER.lid);
    expect(await outcome(voteOf(part, PEER.lid))).toBe("decrypted");
    // Encrypted for another voter.
    expect(await outcome(voteOf(part, OWN.lid))).toBe("undecryptable");
    const changed = Uint8Array.from(part.encPayload);
    changed[0] = (changed[0] as number) ^ 1;
    expect(await outcome(voteOf({ ...part, encPayload: changed }, PEER.lid))).toBe("undecryptable");
    expect(await outcome(voteOf({ ...part, encIv: new Uint8Array(11) }, PEER.lid))).toBe("malformed");
    expect(await outcome(voteOf({ ...part, encPayload: new Uint8Array(15) }, PEER.lid))).toBe("malformed");
    expect(await outcome({ key: { id: "1" }, message: { conversation: "a" } })).toBe("malformed");
    const noise = encryptWithSecret(context({ useCase: "Poll Vote" }), Uint8Array.of(0xff, 0xff));
    expect(await outcome(voteOf(noise, PEER.lid))).toBe("malformed");
    await expect(holdfast.secrets.decryptPollVote(undefined as never)).rejects.toThrow(TypeError);
  });
});

describe("decryptEventResponse", () => {
  test("decrypts a response as the library does", async () => {
    await know("TARGET", PEER.lid);
    const { GOING } = Message.EventResponseMessage.EventResponseType;
    const bytes = Message.EventResponseMessage.encode({ response: GOING }).finish();
    const part = encryptWithSecret(context({ author: OWN.pn, useCase: "Event Response" }), bytes);
    const theirs = baileys.decryptEventResponse(part, {
      eventCreatorJid: PEER.lid,
      eventMsgId: "TARGET",
      eventEncKey: SECRET,
      responderJid: OWN.pn,
    });
    expect(theirs.response).toBe(GOING);
    const result = await holdfast.secrets.decryptEventResponse({
      key: { remoteJid: GROUP, participant: OWN.lid, id: "RESPONSE", fromMe: true },
      message: {
        encEventResponseMessage: {
          eventCreationMessageKey: { remoteJid: GROUP, participant: PEER.pn, id: "TARGET" },
          ...part,
        },
      },
    });
    expect(result).toMatchObject({ outcome: "decrypted", content: { response: GOING } });
  });
});

describe("decryptEdit", () => {
  const { MESSAGE_EDIT, EVENT_EDIT, UNKNOWN } = Message.SecretEncryptedMessage.SecretEncType;

  function editOf(part: Part, secretEncType: number): baileys.WAMessage {
    return {
      key: { remoteJid: PEER.lid, id: "EDIT", fromMe: false },
      message: {
        secretEncryptedMessage: {
          // As its sender has written it.
          targetMessageKey: { remoteJid: OWN.lid, id: "TARGET", fromMe: true },
          secretEncType,
          ...part,
        },
      },
    };
  }

  test.each([
    ["Message Edit", MESSAGE_EDIT],
    ["Event Edit", EVENT_EDIT],
  ] as const)("decrypts a %s, under either name of its sender", async (useCase, type) => {
    await know("TARGET", PEER.lid);
    const edited = Message.encode({ protocolMessage: { editedMessage: { conversation: "new" } } }).finish();
    for (const name of [PEER.pn, PEER.lid]) {
      const part = encryptWithSecret(context({ creator: name, author: name, useCase }), edited);
      expect(await holdfast.secrets.decryptEdit(editOf(part, type))).toMatchObject({
        outcome: "decrypted",
        content: { protocolMessage: { editedMessage: { conversation: "new" } } },
      });
    }
  });

  test("does not take a part of an unknown type for an edit", async () => {
    await know("TARGET", PEER.lid);
    const part = encryptWithSecret(context({ useCase: "Message Edit" }), Uint8Array.of());
    expect(await holdfast.secrets.decryptEdit(editOf(part, UNKNOWN))).toEqual({ outcome: "malformed" });
  });
});
