/**
 * The record of `npm run proof`: which pieces have passed on which commit, and the page that shows it.
 *
 * @typedef {import("./proof_pieces.mjs").Piece} Piece
 *
 * @typedef {object} PieceResult
 * @property {string} commit
 * @property {boolean} isOk
 * @property {string} startedAt ISO 8601
 * @property {number} elapsedMs
 * @property {string} machine
 * @property {readonly string[]} figures
 *
 * @typedef {Readonly<Record<string, PieceResult>>} ProofRecord The last result of each piece by its name.
 */

/** Lines of figures that are kept of one piece. */
const MAX_FIGURES = 40;

/** What a terminal is told besides text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with a control character.
const COLOURS = /\u001b\[[0-9;]*m/g;

/**
 * The pieces that have not passed on a commit yet.
 *
 * @param {readonly Piece[]} pieces
 * @param {ProofRecord} record
 * @param {string} commit
 */
export function piecesLeft(pieces, record, commit) {
  return pieces.filter(({ name }) => record[name]?.commit !== commit || !record[name].isOk);
}

/**
 * The lines of an output that are kept.
 *
 * @param {string} output
 * @param {RegExp} figures
 */
export function figuresOf(output, figures) {
  const lines = output.replace(COLOURS, "").split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => figures.test(line))
    .slice(-MAX_FIGURES);
}

/**
 * The page.
 *
 * @param {readonly Piece[]} pieces
 * @param {ProofRecord} record
 */
export function proofPage(pieces, record) {
  const sections = pieces.map(({ name, shows, command }) => {
    const head = `## ${name[0]?.toUpperCase()}${name.slice(1)}\n\nShows: ${shows}.\n\n\`\`\`sh\n${command}\n\`\`\`\n`;
    const result = record[name];
    if (result === undefined) return `${head}\nNot run yet.\n`;
    const { commit, isOk, startedAt, elapsedMs, machine, figures } = result;
    const minutes = (elapsedMs / 60_000).toFixed(1);
    const line = `${isOk ? "Passed" : "**Failed**"} on ${startedAt.slice(0, 10)} at commit \`${commit.slice(0, 12)}\` in ${minutes} minutes (${machine}).`;
    const kept = figures.length === 0 ? "" : `\n\`\`\`\n${figures.join("\n")}\n\`\`\`\n`;
    return `${head}\n${line}\n${kept}`;
  });
  return `${HEAD}\n${sections.join("\n")}`;
}

const HEAD = `# Proof

Long runs, each with the command that repeats it. \`npm run proof\` runs the pieces that have not passed on the
present commit, one after the other, writes this page after each, and goes on where it was stopped.
\`npm run proof -- --only damage\` runs one.
`;
