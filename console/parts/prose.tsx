import type { JSX } from "preact";

/** A text in which backticks surround code. Nothing else in it is markup. */
export function Prose({ text }: { readonly text: string }): JSX.Element {
  const pieces = text.split("`");
  return (
    <>
      {pieces.map((piece, index) =>
        // A backtick without a second one is a backtick.
        index % 2 === 0 ? (
          piece
        ) : index === pieces.length - 1 ? (
          `\`${piece}`
        ) : (
          <code key={index}>{piece}</code>
        ),
      )}
    </>
  );
}
