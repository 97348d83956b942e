import type { JSX, RefObject } from "preact";
import type { Failure } from "../api/failure.ts";
import { REFUSAL_ID } from "./refusal.tsx";

interface ConfirmFieldProps {
  /** What must be typed. */
  readonly name: string;
  readonly typed: string;
  readonly onType: (typed: string) => void;
  /** For the focus. */
  readonly field: RefObject<HTMLInputElement | null>;
  /** What was wrong: a text, if it is what was typed. */
  readonly refusal: Failure | string | undefined;
}

/** Asks for a name to be typed before something is lost. */
export function ConfirmField({ name, typed, onType, field, refusal }: ConfirmFieldProps): JSX.Element {
  return (
    <div class="field">
      <label for="confirm">
        Type <code>{name}</code> to go on
      </label>
      <input
        ref={field}
        id="confirm"
        type="text"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        value={typed}
        aria-invalid={typeof refusal === "string"}
        aria-describedby={refusal === undefined ? undefined : REFUSAL_ID}
        onInput={(event) => onType(event.currentTarget.value)}
      />
    </div>
  );
}
