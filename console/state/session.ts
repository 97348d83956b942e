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

/** Attempts to sign in. Only the last one counts. */
let attempts = 0;

/**
 * Begins with the token of the address, or with that of this tab. A token that is pasted into the address of
 * an open tab begins a new session. Called before the routes follow the address, so that they never see it.
 */
export function beginSession(): void {
  addEventListener("hashchange", () => {
    const pasted = takeToken();
    if (pasted === undefined) return;
    forget({ phase: "signedOut" });
    sessionStorage.setItem(KEY, pasted);
    void signIn(pasted);
  });
  const token = takeToken();
  if (token !== undefined) sessionStorage.setItem(KEY, token);
  const kept = sessionStorage.getItem(KEY);
  if (kept !== null) void signIn(kept);
}

/** Removes the token from the address, so that it stays out of the history and of what is shared. */
function takeToken(): string | undefined {
  const token = /^#token=([^&]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return undefined;
  history.replaceState(history.state, "", "#/");
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** Signs in, and keeps the token in this tab until it is closed or signed out. */
export async function signIn(token: string): Promise<void> {
  attempts += 1;
  const attempt = attempts;
  session.value = { phase: "opening" };
  try {
    const source = await openSource(token, (failure) => {
      if (attempt === attempts && session.peek().phase === "open") signOut(failure);
    });
    if (attempt !== attempts) return;
    sessionStorage.setItem(KEY, token);
    setServiceClock(source.info.nowMs);
    session.value = { phase: "open", source, accounts: new AccountList(source) };
  } catch (error) {
    if (attempt !== attempts) return;
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
