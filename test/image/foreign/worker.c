/* A program of somebody else: says what its loader and others may care about, and ends with 3 when it is asked to. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void asked(int number) {
  (void)number;
  static const char text[] = "asked\n";
  if (write(1, text, sizeof text - 1) > 0) _exit(3);
}

int main(int argc, char **argv) {
  signal(SIGTERM, asked);
  for (char **variable = environ; *variable != NULL; variable++)
    if (strncmp(*variable, "LEADER_", 7) != 0) printf("%s\n", *variable);
  printf("started with %d arguments, the last is %s\n", argc - 1, argv[argc - 1]);
  fflush(stdout);
  for (;;) pause();
}
