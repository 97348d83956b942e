import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { announce } from "../state/announcer.ts";
import { Sign } from "./icons.tsx";

/** Copies a text. Where the browser does not allow it, it says so. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): JSX.Element {
  const [outcome, setOutcome] = useState<"copied" | "failed" | undefined>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("copied");
      announce(`Copied ${what}.`);
    } catch {
      setOutcome("failed");
      announce(`${what} could not be copied. Select it and copy it by hand.`);
    }
  };
  const label = outcome === "copied" ? "Copied" : outcome === "failed" ? "Select and copy it" : "Copy";
  return (
    <button type="button" class="button" onClick={() => void copy()}>
      <Sign name={outcome === "copied" ? "done" : "copy"} />
      {label}
      <span class="unseen"> {what}</span>
    </button>
  );
}
