import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { contextFilter, contextRecursion } from "./context-deviation.ts";
import type { WantedContext } from "./selinux-context.ts";

const listed = [
  "system_u:object_r:etc_t:s0 /t/plain",
  "unconfined_u:object_r:httpd_config_t:s0:c1,c2 /t/with blanks",
  "system_u:object_r:httpd_config_t /t/no-level",
  "system_u:object_r:httpd_config_t_x:s0 /t/longer",
].join("\n");

describe("the search for files with another SELinux context", () => {
  it.each<[WantedContext, readonly string[]]>([
    [{ type: "httpd_config_t" }, ["/t/plain", "/t/longer"]],
    [{ type: "etc_t" }, ["/t/with blanks", "/t/no-level", "/t/longer"]],
    [{ user: "system_u" }, ["/t/with blanks"]],
    [{ user: "system_u", type: "httpd_config_t" }, ["/t/plain", "/t/with blanks", "/t/longer"]],
    [{ level: "s0" }, ["/t/with blanks", "/t/no-level"]],
    [{ level: "s0:c1,c2" }, ["/t/plain", "/t/no-level", "/t/longer"]],
    [{ type: "etc.t" }, ["/t/plain", "/t/with blanks", "/t/no-level", "/t/longer"]],
  ])("finds what is not %o", (wanted, names) => {
    for (const [program, ...args] of [["sed"], ["busybox", "sed"]] as const) {
      const found = execFileSync(program, [...args, contextFilter(wanted)], { input: `${listed}\n`, encoding: "utf8" });
      expect(found.split("\n").filter((line) => line !== "")).toEqual(names);
    }
  });

  it("sets what it finds, of a link its own", () => {
    expect(contextRecursion("/t", { type: "etc_t", level: "s0" }).text).toContain(
      'while IFS= read -r f; do chcon -h -t etc_t -l s0 "$f" || exit 1; done || exit 1',
    );
  });
});
