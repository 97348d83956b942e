/**
 * A peer whose state is a Holdfast account, and which can be closed, or dropped as a crash drops it, and reopened.
 * @module
 */

import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { type Account, openAccount } from "../../mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { baileysAuthState, signalRepository } from "../../src/baileys/mod.ts";
import { SignalPeer } from "./signal_peer.ts";

/** An opened peer with its account. */
export interface HoldfastPeer {
  readonly peer: SignalPeer;
  readonly account: Account;
  readonly saveCreds: () => Promise<void>;
}

/** Opens the account of a backend and a peer over it. */
export async function openPeer(jid: string, backend: Backend | Promise<Backend>): Promise<HoldfastPeer> {
  const account = await openAccount({ backend });
  const { state, saveCreds } = await baileysAuthState(account);
  const peer = new SignalPeer({
    jid,
    // biome-ignore lint/suspicious/noExplicitAny: the adapter's types are structural, Baileys' are nominal in places.
    creds: state.creds as any,
    keys: state.keys,
    makeRepository: signalRepository(account, makeLibSignalRepository),
  });
  return { peer, account, saveCreds };
}
