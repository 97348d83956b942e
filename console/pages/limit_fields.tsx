import type { JSX } from "preact";
import type { Limits } from "../../src/console/model.ts";
import { REFUSAL_ID } from "../parts/refusal.tsx";
import { LIMIT_NAMES } from "../words/limits.ts";

/** What is typed for each limit. */
export type TypedLimits = Readonly<Record<keyof Limits, string>>;

const RULES = Object.keys(LIMIT_NAMES) as readonly (keyof Limits)[];

/** The limits that hold now, to be changed. */
export function typedLimits(limits: Limits = {}): TypedLimits {
  return Object.fromEntries(RULES.map((rule) => [rule, String(limits[rule] ?? "")])) as TypedLimits;
}

/** The limits that were typed: a text says what is wrong with them. */
export function limitsOf(typed: TypedLimits): Limits | string {
  const wrong = RULES.find((rule) => !isLimit(rule, typed[rule]));
  if (wrong !== undefined)
    return `${LIMIT_NAMES[wrong]}: type a number of ${leastOf(wrong)} or more, or nothing.`;
  const named = RULES.filter((rule) => typed[rule] !== "");
  return Object.fromEntries(named.map((rule) => [rule, Number(typed[rule])]));
}

function isLimit(rule: keyof Limits, text: string): boolean {
  return text === "" || (/^\d{1,15}$/.test(text) && Number(text) >= leastOf(rule));
}

function leastOf(rule: keyof Limits): number {
  return rule === "requestsPerMinute" ? 1 : 0;
}

interface LimitFieldsProps {
  readonly typed: TypedLimits;
  readonly isRefused: boolean;
  readonly onType: (typed: TypedLimits) => void;
}

/** Asks for the limits of an account. */
export function LimitFields({ typed, isRefused, onType }: LimitFieldsProps): JSX.Element {
  return (
    <>
      {RULES.map((rule) => (
        <div key={rule} class="field">
          <label for={rule}>{LIMIT_NAMES[rule]}</label>
          <input
            id={rule}
            type="text"
            inputMode="numeric"
            autoComplete="off"
            value={typed[rule]}
            aria-invalid={!isLimit(rule, typed[rule])}
            aria-describedby={isRefused ? REFUSAL_ID : undefined}
            onInput={(event) => onType({ ...typed, [rule]: event.currentTarget.value.trim() })}
          />
        </div>
      ))}
    </>
  );
}
