import type { JSX } from "preact";

interface ConsequencesProps {
  readonly title: string;
  readonly tone: "kept" | "lost";
  readonly texts: readonly string[];
}

/** What is kept, or what is lost. */
export function Consequences({ title, tone, texts }: ConsequencesProps): JSX.Element {
  return (
    <div class={`consequences is-${tone}`}>
      <h3>{title}</h3>
      <ul>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}
