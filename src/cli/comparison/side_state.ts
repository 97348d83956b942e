import { join } from "node:path";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { makeCacheableSignalKeyStore } from "baileys/lib/Utils/auth-utils.js";
import { Curve, generateSignalPubKey } from "baileys/lib/Utils/crypto.js";
import { useMultiFileAuthState } from "baileys/lib/Utils/use-multi-file-auth-state.js";
import { openAccount } from "../../account/mod.ts";
import { libsqlBackend } from "../../adapters/libsql/mod.ts";
import { baileysAuthState, signalRepository } from "../../baileys/mod.ts";
import { quietLogger } from "../quiet_logger.ts";
import type { SideName } from "./frame.ts";

type MakeRepository = typeof makeLibSignalRepository;
type Repository = ReturnType<MakeRepository>;
type Bundle = Parameters<Repository["injectE2ESession"]>[0]["session"];
type Keys = Parameters<typeof makeCacheableSignalKeyStore>[0];

/** The state of one side: what a bot hands to `makeWASocket`. */
export interface SideState {
  readonly creds: Parameters<MakeRepository>[0]["creds"];
  readonly keys: Keys;
  readonly makeRepository: MakeRepository;
  /** A key bundle of this side, as a server would give it to the other one. */
  takeBundle(): Promise<Bundle>;
  /** Files or rows written since the state was opened. */
  written(): number;
  close(): Promise<void>;
}

/** The states that are compared: Baileys' `useMultiFileAuthState`, and an account of Holdfast. */
export type StateName = "files" | "holdfast";

/** Opens the state of a side in a folder, and creates it if needed. */
export function openState(state: StateName, folder: string, side: SideName): Promise<SideState> {
  return state === "files" ? openFiles(folder, side) : openHoldfast(folder, side);
}

/** Files, behind Baileys' own cache, as its README advises. */
async function openFiles(folder: string, name: SideName): Promise<SideState> {
  const { state, saveCreds } = await useMultiFileAuthState(join(folder, name));
  let written = 0;
  const counted: Keys = {
    get: (type, ids) => state.keys.get(type, ids),
    async set(data) {
      for (const values of Object.values(data)) written += Object.keys(values).length;
      await state.keys.set(data);
    },
  };
  const keys = makeCacheableSignalKeyStore(counted, quietLogger);
  return {
    creds: state.creds,
    keys,
    makeRepository: makeLibSignalRepository,
    async takeBundle() {
      const preKey = Curve.generateKeyPair();
      await keys.set({ "pre-key": { 1: preKey } });
      await saveCreds();
      return bundleOf(state.creds, 1, preKey.public);
    },
    written: () => written,
    close: () => Promise.resolve(),
  };
}

/** An account of Holdfast in a SQLite file. */
async function openHoldfast(folder: string, name: SideName): Promise<SideState> {
  const url = `file:${join(folder, "holdfast.db")}`;
  const account = await openAccount({ backend: libsqlBackend({ url, account: name }) });
  const { state, saveCreds } = await baileysAuthState(account);
  // biome-ignore lint/suspicious/noExplicitAny: credentials have more members than Baileys' types know.
  const creds = state.creds as any;
  return {
    creds,
    keys: state.keys,
    makeRepository: signalRepository(account, makeLibSignalRepository) as MakeRepository,
    async takeBundle() {
      const id = creds.firstUnuploadedPreKeyId;
      const { [id]: preKey } = await state.keys.get("pre-key", [String(id)]);
      creds.firstUnuploadedPreKeyId = id + 1;
      await saveCreds();
      return bundleOf(creds, id, preKey.public);
    },
    written: () => account.stats().rowsWritten,
    close: () => account.close(),
  };
}

function bundleOf(
  { registrationId, signedIdentityKey, signedPreKey }: SideState["creds"],
  keyId: number,
  publicKey: Uint8Array,
): Bundle {
  return {
    registrationId,
    identityKey: generateSignalPubKey(signedIdentityKey.public),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
      signature: signedPreKey.signature,
    },
    preKey: { keyId, publicKey: generateSignalPubKey(publicKey) },
  };
}
