/**
 * Links between the pages of docs are those of the files, which a repository's page follows too. They become
 * addresses of the site here. Links to other files, such as templates, lead to the repository. A link to a file
 * that does not exist fails the build.
 */

import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const REPOSITORY = "https://github.com/holdfast/store/blob/main";

/** @param {import("vitepress").MarkdownRenderer} md */
export function repositoryLinks(md) {
  md.core.ruler.push("repository_links", (state) => {
    for (const { children } of state.tokens) {
      for (const token of children ?? []) {
        const href = token.type === "link_open" ? token.attrGet("href") : null;
        if (href !== null) token.attrSet("href", addressOf(state.env.realPath ?? state.env.path, href));
      }
    }
  });
}

/**
 * @param {string} page absolute path of the page
 * @param {string} href
 */
function addressOf(page, href) {
  if (/^(?:[a-z]+:|#|\/)/i.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const file = resolve(dirname(page), path);
  const inRepository = relative(ROOT, file).split(sep).join("/");
  if (!existsSync(file)) throw new Error(`${relative(ROOT, page)}: dead link ${href}`);
  const place = /^docs\/(?:site\/)?(.*\.md)$/
    .exec(inRepository)?.[1]
    ?.replace("design/README.md", "design/index.md");
  const address = place === undefined ? `${REPOSITORY}/${inRepository}` : `/${place}`;
  return anchor === undefined ? address : `${address}#${anchor}`;
}
