import type { JSX } from "preact";
import { CopyButton } from "../parts/copy_button.tsx";

/** A new token, which is not shown again. */
export function TokenSecret({ token }: { readonly token: string }): JSX.Element {
  return (
    <div class="secret">
      <p>
        <strong>This is the only time that it is shown.</strong> Put it where its client finds it.
      </p>
      <div class="joined">
        <input
          type="text"
          readOnly
          aria-label="New token"
          value={token}
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton text={token} what="the token" />
      </div>
    </div>
  );
}
