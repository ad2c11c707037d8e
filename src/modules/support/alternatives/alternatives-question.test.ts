import { describe, expect, it } from "vitest";
import { decodeDisplay, decodeQuery } from "./alternatives-question.ts";

// update-alternatives --query pager, Debian 12
const query = `Name: pager
Link: /usr/bin/pager
Slaves:
 pager.1.gz /usr/share/man/man1/pager.1.gz
Status: auto
Best: /usr/bin/less
Value: /usr/bin/less

Alternative: /bin/more
Priority: 50
Slaves:
 pager.1.gz /usr/share/man/man1/more.1.gz

Alternative: /usr/bin/less
Priority: 77
`;

describe("update-alternatives --query", () => {
  it("is read whole", () => {
    expect(decodeQuery(query)).toEqual({
      link: "/usr/bin/pager",
      subcommandLinks: { "pager.1.gz": "/usr/share/man/man1/pager.1.gz" },
      mode: "auto",
      current: "/usr/bin/less",
      all: [
        { path: "/bin/more", priority: 50, family: undefined, subcommands: { "pager.1.gz": "/usr/share/man/man1/more.1.gz" } },
        { path: "/usr/bin/less", priority: 77, family: undefined, subcommands: {} },
      ],
    });
  });

  it("may say that nothing is chosen", () => {
    expect(decodeQuery(query.replace("Value: /usr/bin/less", "Value: none"))).toMatchObject({ current: undefined });
    expect(decodeQuery(query.replace("Status: auto", "Status: manual"))).toMatchObject({ mode: "manual" });
  });
});

// alternatives --display java and /var/lib/alternatives/java, CentOS Stream 9
const display = `display
java - status is manual.
 link currently points to /usr/lib/jvm/java-11/bin/java
/usr/lib/jvm/java-11/bin/java - family java-11-openjdk.x86_64 priority 1100
 slave jre: /usr/lib/jvm/java-11
 slave jjs: (null)
/usr/lib/jvm/java-17/bin/java - priority 1700
 follower jre: /usr/lib/jvm/java-17
Current \`best' version is /usr/lib/jvm/java-17/bin/java.
file
manual
/usr/bin/java
jre
/usr/lib/jvm/jre
jjs
/usr/bin/jjs

/usr/lib/jvm/java-11/bin/java
1100
`;

describe("alternatives --display", () => {
  it("is read whole, with the links of its file", () => {
    expect(decodeDisplay(display)).toEqual({
      link: "/usr/bin/java",
      subcommandLinks: { jre: "/usr/lib/jvm/jre", jjs: "/usr/bin/jjs" },
      mode: "manual",
      current: "/usr/lib/jvm/java-11/bin/java",
      all: [
        {
          path: "/usr/lib/jvm/java-11/bin/java",
          family: "java-11-openjdk.x86_64",
          priority: 1100,
          subcommands: { jre: "/usr/lib/jvm/java-11" },
        },
        {
          path: "/usr/lib/jvm/java-17/bin/java",
          family: undefined,
          priority: 1700,
          subcommands: { jre: "/usr/lib/jvm/java-17" },
        },
      ],
    });
  });
});
