import type { Command } from "commander";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { withCommon } from "../options.ts";

/** The shells, with the line that a user adds to the file of the shell. */
const SHELLS = {
  bash: 'eval "$(holdfast completion bash)"   in ~/.bashrc',
  zsh: 'eval "$(holdfast completion zsh)"    in ~/.zshrc',
  fish: "holdfast completion fish | source    in ~/.config/fish/config.fish",
};

/** `holdfast completion`: a script for the completion of a shell. */
export const addCompletion: AddCommand = (program, run) => {
  withCommon(program.command("completion"))
    .argument("<shell>", Object.keys(SHELLS).join(", "))
    .description("print a script that completes commands and options in a shell")
    .addHelpText("after", `\n${Object.values(SHELLS).join("\n")}`)
    .action(run((context, shell) => printScript(context, shell as string, program)));
};

async function printScript(
  { terminal, report }: Context,
  shell: string,
  program: Command,
): Promise<undefined> {
  const words = wordsOf(program);
  const script = scriptOf(shell, words);
  if (report.isJson) report.result({ shell, script });
  else terminal.out(script);
  return undefined;
}

/** Options of each command; its description is beside it. */
type Words = ReadonlyMap<string, { readonly description: string; readonly options: readonly string[] }>;

function wordsOf(program: Command): Words {
  return new Map(
    program.commands.map((command) => {
      const options = command.options.flatMap(({ long }) => (long ? [long] : []));
      return [command.name(), { description: command.description(), options: [...options, "--help"] }];
    }),
  );
}

function scriptOf(shell: string, words: Words): string {
  switch (shell) {
    case "bash":
      return bashScript(words);
    case "zsh":
      return `autoload -Uz bashcompinit && bashcompinit\n${bashScript(words)}`;
    case "fish":
      return fishScript(words);
    default:
      throw new CommandError(
        "usage",
        `completion: no script for ${JSON.stringify(shell)}`,
        "Use bash, zsh or fish.",
      );
  }
}

function bashScript(words: Words): string {
  const cases = [...words].map(([name, { options }]) => `    ${name}) words="${options.join(" ")}" ;;`);
  return `_holdfast() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then words="${[...words.keys()].join(" ")} --help --version"
  else case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac; fi
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "$words" -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}
complete -o filenames -F _holdfast holdfast
`;
}

function fishScript(words: Words): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const lines = [...words].flatMap(([name, { description, options }]) => [
    `complete -c holdfast -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map(
      (option) => `complete -c holdfast -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
    ),
  ]);
  return `${lines.join("\n")}\n`;
}
