/*
 * Runs Node with the C library that lies beside it, so that the folder works wherever it is and in images that have another C
 * library or none. Linked statically, and known by several names: FOLDER/bin/node is Node, any other NAME becomes
 * FOLDER/bin/node FOLDER/bin/NAME.cjs by exec.
 *
 * As node it does what the kernel would do with `ld.so --library-path FOLDER/lib FOLDER/lib/node ARGUMENTS`: maps the loader, puts its
 * arguments on the stack, and jumps to it. But without exec, which would make the loader the program that runs, so that
 * process.execPath started no Node, and everybody would see the loader's arguments instead of those that were given. Process id,
 * descriptors, signals and environment stay as they are; the library path is nobody's environment, so nothing inherits it.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#define JUMP(stack, entry) \
  __asm__ volatile("mov %0, %%rsp; xor %%edx, %%edx; xor %%ebp, %%ebp; jmp *%1" : : "a"(stack), "c"(entry) : "memory")
#elif defined(__aarch64__)
#define JUMP(stack, entry) \
  __asm__ volatile("mov sp, %0; mov x0, xzr; mov x29, xzr; mov x30, xzr; br %1" : : "r"(stack), "r"(entry) : "x0", "memory")
#else
#error "only for x86-64 and 64-bit ARM"
#endif

static void say(const char *text) {
  if (write(2, text, strlen(text)) < 0) return; /* nobody is there to be told */
}

/* 125: what leader-exec ends with when it cannot do its work. */
static _Noreturn void fail(const char *what, const char *to, const char *why) {
  say("leader-exec: ");
  say(what);
  say(to);
  say(": ");
  say(why);
  say("\n");
  _exit(125);
}

static char *join(const char *folder, const char *rest) {
  char *path = malloc(strlen(folder) + strlen(rest) + 1);
  if (path == NULL) fail("cannot start Node", "", "out of memory");
  return strcat(strcpy(path, folder), rest);
}

/* Where the loader was mapped, and what it is started with. */
struct loader {
  uintptr_t base;
  const Elf64_Ehdr *header;
};

/* One segment; what lies behind the file's part of it is zero. */
static void map_segment(const char *path, int file, uintptr_t base, const Elf64_Phdr *segment) {
  const uintptr_t page = getauxval(AT_PAGESZ) - 1, start = base + segment->p_vaddr, first = start & ~page;
  const uintptr_t filled = start + segment->p_filesz, end = (start + segment->p_memsz + page) & ~page;
  const int rights = (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
                     (segment->p_flags & PF_X ? PROT_EXEC : 0);
  const off_t offset = (off_t)(segment->p_offset & ~page);
  if (mmap((void *)first, filled - first, rights, MAP_PRIVATE | MAP_FIXED, file, offset) == MAP_FAILED)
    fail("cannot map ", path, strerror(errno));
  if (segment->p_memsz == segment->p_filesz) return;
  const uintptr_t next = (filled + page) & ~page;
  memset((void *)filled, 0, next - filled);
  if (next < end && mmap((void *)next, end - next, rights, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
    fail("cannot map ", path, strerror(errno));
}

static struct loader map_loader(const char *path) {
  static char head[4096];
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("its folder must be copied as a whole, and there is no ", path, strerror(errno));
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)head;
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(head + sizeof *header);
  if (read(file, head, sizeof head) != sizeof head || memcmp(head, ELFMAG, SELFMAG) != 0 || header->e_type != ET_DYN ||
      header->e_phoff != sizeof *header || sizeof *header + header->e_phnum * sizeof *segments > sizeof head)
    fail("cannot start Node by ", path, "it is not the loader of a C library");

  const uintptr_t page = getauxval(AT_PAGESZ) - 1;
  uintptr_t size = 0;
  for (int i = 0; i < header->e_phnum; i++) {
    const uintptr_t end = segments[i].p_vaddr + segments[i].p_memsz;
    if (segments[i].p_type == PT_LOAD && end > size) size = end;
  }
  void *room = mmap(NULL, (size + page) & ~page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) fail("cannot map ", path, strerror(errno));
  for (int i = 0; i < header->e_phnum; i++)
    if (segments[i].p_type == PT_LOAD) map_segment(path, file, (uintptr_t)room, &segments[i]);
  close(file);
  return (struct loader){(uintptr_t)room, header};
}

/* What the kernel tells a program of itself must be about the loader. */
static uintptr_t told(const Elf64_auxv_t *fact, struct loader loader) {
  switch (fact->a_type) {
    case AT_PHDR: return loader.base + loader.header->e_phoff;
    case AT_PHNUM: return loader.header->e_phnum;
    case AT_ENTRY: return loader.base + loader.header->e_entry;
    case AT_BASE: return 0;
    default: return fact->a_un.a_val;
  }
}

static _Noreturn void become_node(char *node, char *script, char **args, size_t given) {
  char **all = calloc(given + 3, sizeof *all);
  if (all == NULL) fail("cannot start Node", "", "out of memory");
  all[0] = node;
  all[1] = script;
  memcpy(all + 2, args, given * sizeof *args);
  execv(node, all);
  fail("its folder must be copied as a whole, and this cannot be run: ", node, strerror(errno));
}

int main(int argc, char **argv, char **env) {
  char self[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) fail("cannot read /proc/self/exe, which tells where Node is", "", strerror(errno));
  self[length] = '\0';
  char *script = join(self, ".cjs"), *name = strrchr(self, '/') + 1;
  const size_t given = argc > 0 ? (size_t)argc - 1 : 0;
  if (name - self < 5 || memcmp(name - 5, "/bin/", 5) != 0)
    fail("its folder must be copied as a whole, so that this is in bin: ", self, "it is not");
  const int is_node = strcmp(name, "node") == 0;
  name[-5] = '\0';
  if (!is_node) become_node(join(self, "/bin/node"), script, argv + 1, given);
  if (strpbrk(self, ":;$") != NULL) fail("cannot start Node in ", self, "the path must have none of : ; $");

  const char *library = join(self, "/lib"), *loader_path = join(library, "/" LOADER);
  const char *before[] = {loader_path, "--inhibit-cache", "--library-path", library, "--argv0",
                          argc > 0 ? argv[0] : self, join(library, "/node")};
  const size_t leading = sizeof before / sizeof *before;
  size_t variables = 0, facts = 0;
  while (env[variables] != NULL) variables++;
  const Elf64_auxv_t *known = (const Elf64_auxv_t *)(env + variables + 1);
  while (known[facts].a_type != AT_NULL) facts++;

  /* Their number, arguments, variables, each list ended by a 0, and facts. */
  const size_t words = 1 + leading + given + 1 + variables + 1 + 2 * (facts + 1);
  uintptr_t *stack = (uintptr_t *)(((uintptr_t)__builtin_alloca((words + 2) * sizeof *stack) + 15) & ~(uintptr_t)15);
  uintptr_t *next = stack;
  const struct loader loader = map_loader(loader_path);
  *next++ = leading + given;
  for (size_t i = 0; i < leading; i++) *next++ = (uintptr_t)before[i];
  for (size_t i = 0; i < given; i++) *next++ = (uintptr_t)argv[i + 1];
  *next++ = 0;
  for (size_t i = 0; i < variables; i++) *next++ = (uintptr_t)env[i];
  *next++ = 0;
  for (size_t i = 0; i <= facts; i++) {
    *next++ = known[i].a_type;
    *next++ = told(&known[i], loader);
  }
  JUMP(stack, loader.base + loader.header->e_entry);
  __builtin_unreachable();
}
