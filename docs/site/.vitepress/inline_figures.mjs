/**
 * SVG figures become a part of the page, so that they follow the page's light and dark mode. As files, which
 * is how a repository's page shows them, they have the colors of the system. Their colors are those of
 * theme/style.css then, and their own style is left out.
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** @param {import("vitepress").MarkdownRenderer} md */
export function inlineFigures(md) {
  const image = md.renderer.rules.image;
  md.renderer.rules.image = (tokens, index, options, env, self) => {
    const source = tokens[index]?.attrGet("src") ?? "";
    if (!/^(?!\w+:).*\.svg$/.test(source)) return image?.(tokens, index, options, env, self) ?? "";
    const svg = readFileSync(resolve(dirname(env.realPath ?? env.path), source), "utf8");
    const bare = svg.replace(/<style>[\s\S]*?<\/style>\s*/, "").replace(/\n\s*/g, "");
    return `<span class="hf-figure" tabindex="0" v-pre>${bare}</span>`;
  };
}
