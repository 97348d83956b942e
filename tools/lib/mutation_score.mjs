/**
 * @typedef {{fileName: string, status: string}} JudgedMutant
 * @typedef {{killed: number, timeout: number, survived: number, uncovered: number, percent: number}} Score
 */

/**
 * Counts mutants. Those that do not compile or are left out do not count.
 *
 * @param {readonly JudgedMutant[]} mutants
 * @returns {Score}
 */
export function killedOf(mutants) {
  /** @param {string} status */
  const count = (status) => mutants.filter((mutant) => mutant.status === status).length;
  const [killed, timeout] = [count("Killed"), count("Timeout")];
  const [survived, uncovered] = [count("Survived"), count("NoCoverage")];
  const all = killed + timeout + survived + uncovered;
  return {
    killed,
    timeout,
    survived,
    uncovered,
    percent: all === 0 ? 100 : (100 * (killed + timeout)) / all,
  };
}

/**
 * A Markdown table with a line for each file and one for all.
 *
 * @param {readonly JudgedMutant[]} mutants
 */
export function scoreTable(mutants) {
  /** @param {string} name @param {readonly JudgedMutant[]} some */
  const row = (name, some) => {
    const { killed, timeout, survived, uncovered, percent } = killedOf(some);
    return `| ${name} | ${killed} | ${timeout} | ${survived} | ${uncovered} | ${percent.toFixed(1)} % |`;
  };
  const files = [...new Set(mutants.map(({ fileName }) => fileName))];
  return [
    "| file | killed | timeout | survived | not covered | score |",
    "|---|---|---|---|---|---|",
    ...files.map((file) =>
      row(
        `\`${file}\``,
        mutants.filter(({ fileName }) => fileName === file),
      ),
    ),
    row("all", mutants),
  ].join("\n");
}
