/**
 * A peer whose state is a Holdfast account. It can be closed, or dropped as in a crash, and reopened.
 * @module
 */

import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { type Account, type OpenAccountOptions, openAccount } from "../../mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { baileysAuthState, type KeyStore, signalRepository } from "../../src/baileys/mod.ts";
import { SignalPeer } from "./signal_peer.ts";

/** An opened peer with its account. */
export interface HoldfastPeer {
  readonly peer: SignalPeer;
  readonly account: Account;
  /** The account's keys themselves, without a socket's transactions. */
  readonly keys: KeyStore;
  readonly saveCreds: () => Promise<void>;
}

/** Options of the account besides its backend: a clock, a saver's interval, a durability. */
export type PeerAccountOptions = Omit<OpenAccountOptions, "backend">;

/** Opens the account of a backend and a peer over it, in the intended use of the adapter. */
export async function openPeer(
  jid: string,
  backend: Backend | Promise<Backend>,
  options?: PeerAccountOptions,
): Promise<HoldfastPeer> {
  return await peerOf(jid, await openAccount({ ...options, backend }), makeLibSignalRepository);
}

/**
 * The same over the key store alone, with Baileys' own repository and transactions. Each `set` is durable by
 * itself.
 */
export async function openPlainPeer(
  jid: string,
  backend: Backend | Promise<Backend>,
  options?: PeerAccountOptions,
): Promise<HoldfastPeer> {
  return await plainPeerOf(jid, await openAccount({ ...options, backend }), makeLibSignalRepository);
}

/** A peer over an open account, with Baileys' repository or a wrapper of it. */
export async function peerOf(
  jid: string,
  account: Account,
  make: typeof makeLibSignalRepository,
): Promise<HoldfastPeer> {
  return await plainPeerOf(jid, account, signalRepository(account, make));
}

async function plainPeerOf(
  jid: string,
  account: Account,
  makeRepository: typeof makeLibSignalRepository,
): Promise<HoldfastPeer> {
  const { state, saveCreds } = await baileysAuthState(account);
  const peer = new SignalPeer({
    jid,
    // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural, Baileys' are nominal in places.
    creds: state.creds as any,
    keys: state.keys,
    makeRepository,
  });
  return { peer, account, keys: state.keys, saveCreds };
}
