import { badValue } from "../errors.ts";
import { prettyText } from "../pretty-repr.ts";
import { toText, typeName } from "../repr.ts";
import type { Filter, FilterTable } from "./filter.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const names: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (one) => entities[one] ?? one);
}

const escape: Filter = { parameters: [], run: (input) => escapeHtml(toText(input)) };

/** Filters for HTML and XML. Nothing is escaped unless one of them is asked to. */
export const htmlFilters: FilterTable = {
  escape,
  e: escape,
  forceescape: escape,
  striptags: {
    parameters: [],
    run: (input) => {
      const bare = toText(input)
        .replace(/<!--[\s\S]*?-->/g, "")
        .replace(/<[^>]*>/g, "");
      return unescapeHtml(bare.split(/\s+/).filter(Boolean).join(" "));
    },
  },
  xmlattr: {
    parameters: ["autospace?"],
    run: (input, call) => {
      if (!(input instanceof Map)) return badValue(`xmlattr needs a dict, not ${typeName(input)}`);
      const parts: string[] = [];
      for (const [key, value] of input) {
        if (value === null) continue;
        if (/[\s/>=]/.test(toText(key))) return badValue(`Invalid character in attribute name: ${toText(key)}`);
        parts.push(`${escapeHtml(toText(key))}="${escapeHtml(toText(value))}"`);
      }
      return (parts.length > 0 && call.flag("autospace", true) ? " " : "") + parts.join(" ");
    },
  },
  urlize: {
    parameters: ["trim_url_limit?", "nofollow?", "target?", "rel?", "extra_schemes?"],
    run: (input, call) => {
      const limit = call.given("trim_url_limit") === undefined ? undefined : call.integer("trim_url_limit");
      const target = call.given("target") === undefined ? "" : ` target="${escapeHtml(call.text("target"))}"`;
      const rel = [
        ...new Set([
          "noopener",
          ...(call.flag("nofollow", false) ? ["nofollow"] : []),
          ...call.text("rel", "").split(" ").filter(Boolean),
        ]),
      ];
      return escapeHtml(toText(input)).replace(/(?<![\w"'>])(https?:\/\/|www\.)[^\s<>]*[^\s<>.,:;!?)\]}]/g, (url) => {
        const href = url.startsWith("www.") ? `https://${url}` : url;
        const shown = limit !== undefined && url.length > limit ? `${url.slice(0, limit)}...` : url;
        return `<a href="${href}" rel="${rel.sort().join(" ")}"${target}>${shown}</a>`;
      });
    },
  },
  pprint: { parameters: [], run: (input) => prettyText(input) },
};

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all: string, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return name !== undefined && Object.hasOwn(names, name) ? (names[name] ?? all) : all;
  });
}
