import { type Signal, signal } from "@preact/signals";
import { type Failure, failureOf } from "../api/failure.ts";
import { openSource } from "../api/open_source.ts";
import type { Source } from "../api/source.ts";
import { AccountList } from "./account_list.ts";
import { setServiceClock } from "./clock.ts";

const KEY = "holdfast.token";

/** Who we are for the service. */
export type Session =
  | { readonly phase: "signedOut"; readonly failure?: Failure | undefined }
  /** The service is asked whether it accepts the token. */
  | { readonly phase: "opening" }
  /** The service did not answer. The token stays. */
  | { readonly phase: "unreachable"; readonly failure: Failure }
  | { readonly phase: "open"; readonly source: Source; readonly accounts: AccountList };

/** The session of this tab. */
export const session: Signal<Session> = signal<Session>({ phase: "signedOut" });

/**
 * Begins with the token of the address, or with that of this tab. The token is removed from the address, so
 * that it stays out of the history and of what is shared.
 */
export function beginSession(): void {
  const token = /^#token=([^&]+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    history.replaceState(history.state, "", "#/");
    sessionStorage.setItem(KEY, decodeURIComponent(token));
  }
  const kept = sessionStorage.getItem(KEY);
  if (kept !== null) void signIn(kept);
}

/** Signs in, and keeps the token in this tab until it is closed or signed out. */
export async function signIn(token: string): Promise<void> {
  session.value = { phase: "opening" };
  try {
    const source = await openSource(token, (failure) => {
      if (session.peek().phase === "open") signOut(failure);
    });
    sessionStorage.setItem(KEY, token);
    setServiceClock(source.info.nowMs);
    session.value = { phase: "open", source, accounts: new AccountList(source) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === "unauthorized" || failure.kind === "forbidden" || failure.kind === "absent") {
      forget({ phase: "signedOut", failure });
    } else session.value = { phase: "unreachable", failure };
  }
}

/** Tries the token of this tab again. */
export function signInAgain(): void {
  const kept = sessionStorage.getItem(KEY);
  if (kept === null) forget({ phase: "signedOut" });
  else void signIn(kept);
}

/** Forgets the token and everything that was read with it. */
export function signOut(failure?: Failure): void {
  forget({ phase: "signedOut", failure });
}

function forget(next: Session): void {
  const known = session.peek();
  if (known.phase === "open") known.accounts.live.close();
  sessionStorage.removeItem(KEY);
  session.value = next;
}
