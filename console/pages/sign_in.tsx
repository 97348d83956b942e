import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../api/failure.ts";
import { Mark, Sign } from "../parts/icons.tsx";
import { signIn } from "../state/session.ts";

/** What can stand in a header. */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/** Why the last token was not accepted. */
function refusalOf({ kind }: Failure): string {
  if (kind === "unauthorized")
    return "The service does not accept this token. It may be mistyped, revoked or expired.";
  if (kind === "forbidden")
    return "This token is for one account. The console needs one that administers the service (permission admin).";
  return "There is no Holdfast service at this address.";
}

/** Asks for a token. */
export function SignIn({ failure }: { readonly failure: Failure | undefined }): JSX.Element {
  const [token, setToken] = useState("");
  const [isShown, setShown] = useState(false);
  const [refusal, setRefusal] = useState(failure === undefined ? undefined : refusalOf(failure));
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const text = token.trim();
    if (TOKEN.test(text)) void signIn(text);
    else {
      setRefusal(
        text === "" ? "Type a token first." : "A token has letters, digits and signs, and no spaces.",
      );
      field.current?.focus();
    }
  };
  return (
    <main class="sign-in" tabIndex={-1}>
      <form class="sign-in-card" onSubmit={submit} noValidate>
        <p class="sign-in-mark">
          <Mark />
          Holdfast
        </p>
        <h1>Sign in to the console</h1>
        {refusal !== undefined && (
          <p class="refusal" role="alert" id="refusal">
            <Sign name="warning" />
            {refusal}
          </p>
        )}
        <label for="token">Token</label>
        <div class="joined">
          <input
            ref={field}
            id="token"
            {...(isShown ? { type: "text" } : { type: "password" })}
            autoComplete="off"
            autoCapitalize="off"
            spellcheck={false}
            value={token}
            aria-invalid={refusal !== undefined}
            aria-describedby={refusal === undefined ? "token-help" : "refusal token-help"}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <button type="button" class="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? "Hide" : "Show"}
            <span class="unseen"> the token</span>
          </button>
        </div>
        <p class="note" id="token-help">
          The admin token of the service, or a token with the permission <code>admin</code>. It stays in this
          tab and is forgotten when the tab is closed.
        </p>
        <button type="submit" class="button is-main">
          Sign in
        </button>
      </form>
    </main>
  );
}

/** Shown while the service is asked whether it accepts the token. */
export function Opening(): JSX.Element {
  return (
    <main class="sign-in" tabIndex={-1}>
      <div class="sign-in-card" role="status">
        <p class="sign-in-mark">
          <Mark />
          Holdfast
        </p>
        <p>Asking the service…</p>
        <progress aria-label="Asking the service" />
      </div>
    </main>
  );
}
