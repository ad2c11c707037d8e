import { sh } from "../../../sh.ts";
import type { Question } from "../../contract.ts";
import { ask, text } from "../question.ts";
import { busyboxWget, busyboxWgetCan } from "./busybox-wget.ts";
import { type CurlOptions, curl, type Tool } from "./curl.ts";
import { gnuWget } from "./gnu-wget.ts";
import type { HttpRequest } from "./request.ts";

/** What a host can ask servers with. */
export type Downloader = "curl" | "gnu-wget" | "busybox-wget" | "none";

/** Asked and not read from the traits, which know nothing of what this run has installed. wget 2 is taken for none: its options differ. */
export const downloaderQuestion: Question<Downloader> = ask(
  "downloader",
  sh`if command -v curl >/dev/null 2>&1; then echo curl
elif command -v wget >/dev/null 2>&1; then
case $(wget --version 2>&1 </dev/null) in
'GNU Wget 1.'*) echo gnu-wget;;
*BusyBox*) echo busybox-wget;;
esac
fi`,
  (output): Downloader => {
    const found = text(output.stdout);
    return found === "curl" || found === "gnu-wget" || found === "busybox-wget" ? found : "none";
  },
);

/** The tool for a request; undefined when the host has none that can do all that it asks. */
export function toolFor(
  found: Downloader,
  request: HttpRequest,
  options: CurlOptions & { readonly repeats: boolean },
): Tool | undefined {
  switch (found) {
    case "curl":
      return curl(request, options);
    case "gnu-wget":
      return options.unixSocket === undefined ? gnuWget(request, options.repeats) : undefined;
    case "busybox-wget":
      return options.unixSocket === undefined && busyboxWgetCan(request) ? busyboxWget(request) : undefined;
    case "none":
      return undefined;
  }
}
