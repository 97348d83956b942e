import type { JSX } from "preact";
import type { Failure } from "../api/failure.ts";
import { Sign } from "./icons.tsx";
import { sentence } from "./panel.tsx";

/** The element that says why something was not done. A dialog has one at most. */
export const REFUSAL_ID = "refusal";

interface RefusalProps {
  /** A mistake in what was typed or chosen, or what the service answered. Nothing is shown without it. */
  readonly refusal: Failure | string | undefined;
  /** What shows whether it was done, where the answer was lost. */
  readonly lookAt: string;
}

/** Why it was not done. */
export function Refusal({ refusal, lookAt }: RefusalProps): JSX.Element | null {
  if (refusal === undefined) return null;
  const failure = typeof refusal === "string" ? undefined : refusal;
  return (
    <p class="refusal" role="alert" id={REFUSAL_ID}>
      <Sign name="warning" />
      <span>
        {typeof refusal === "string" ? refusal : sentence(refusal.message)}
        {failure?.kind === "offline" &&
          ` It is not known whether it was done: look at ${lookAt} before you try again.`}
        {failure?.requestId !== undefined && <span class="beside"> Request {failure.requestId}.</span>}
      </span>
    </p>
  );
}
