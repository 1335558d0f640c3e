import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf } from "../../src/io/cgroup-place.ts";

const mount = (root: string, point: string, options = "rw,nosuid"): string =>
  `41 31 0:38 ${root} ${point} ${options} shared:9 - cgroup2 cgroup2 rw,nsdelegate`;
const v1 = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu";
const disk = "22 1 254:0 / / rw,relatime - ext4 /dev/root rw";

void test("our own cgroup is found in each kind of hierarchy", () => {
  const cases: readonly (readonly [what: string, cgroups: string, mounts: readonly string[], folder: string])[] = [
    [
      "unified",
      "0::/system.slice/job.service\n",
      [disk, mount("/", "/sys/fs/cgroup")],
      "/sys/fs/cgroup/system.slice/job.service",
    ],
    [
      "hybrid",
      "9:name=systemd:/a\n1:cpu:/b\n0::/c\n",
      [v1, mount("/", "/sys/fs/cgroup/unified")],
      "/sys/fs/cgroup/unified/c",
    ],
    ["a namespace of its own", "0::/\n", [mount("/", "/sys/fs/cgroup")], "/sys/fs/cgroup/"],
    ["a part is mounted", "0::/pod/one/x\n", [mount("/pod/one", "/cg")], "/cg/x"],
    ["our own alone is mounted", "0::/pod/one\n", [mount("/pod/one", "/cg")], "/cg"],
    ["mounted twice, once to be written", "0::/a\n", [mount("/", "/one", "ro,nosuid"), mount("/", "/two")], "/two/a"],
    ["a space in the name", "0::/my job\n", [mount("/", "/c\\040g")], "/c g/my job"],
  ];
  for (const [what, cgroups, mounts, folder] of cases) assert.equal(folderOf(cgroups, mounts.join("\n")), folder, what);
});

void test("where our own cgroup does not show, the reason says so", () => {
  assert.throws(() => folderOf("1:cpu:/b\n", mount("/", "/sys/fs/cgroup")), /this process is in no cgroup v2/);
  for (const [cgroups, mounts] of [
    ["0::/a\n", [disk, v1]],
    ["0::/../other\n", [mount("/", "/sys/fs/cgroup")]],
    ["0::/pod/one2\n", [mount("/pod/one", "/cg")]],
    ["0::/a\n", [mount("/../..", "/cg")]],
  ] as const)
    assert.throws(() => folderOf(cgroups, mounts.join("\n")), /no mounted cgroup v2 shows the cgroup of this process/);
});
