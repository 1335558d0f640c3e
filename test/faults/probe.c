/*
 * The command under test. It tells of its life in one file that all commands append to, in lines
 *
 *     <CLOCK_BOOTTIME, ns> <pid> start <parent pid> root|child <identity> <token> <CLOCK_REALTIME, ns> <CLOCK_MONOTONIC, ns>
 *     <CLOCK_BOOTTIME, ns> <pid> alive | stop | refused | signal <number>
 *
 * and holds a lock (flock) on another file for life. What it forks shares that lock, so it is free only when the whole
 * tree is gone, and a command that finds it taken (`refused`) runs beside another one. Static, so that nothing which is
 * preloaded can change its clock.
 *
 *     probe JOURNAL LOCK [option value]...
 *       for MS       ends by itself after this time
 *       exit N       its exit code
 *       die N        ends by this signal instead
 *       ignore N     1: goes on after SIGTERM and SIGINT
 *       cleanup MS   from SIGTERM or SIGINT to its end
 *       child WHERE  leaves a process in its `group`, in another group (`pgrp`) or in another session (`session`)
 *       moving N     leaves a process that forks and ends every 3 ms, this often, each time in a new session
 *       flood FD     leaves a process that writes to this descriptor for ever
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { sign_ms = 4, longest_life_s = 900 };

static int journal;
static long long born;

static long long clock_ns(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void note(const char *text)
{
	char line[600];
	struct stat file;
	long long now = clock_ns(CLOCK_BOOTTIME);
	/* A test that is over, or was killed, must not leave anything behind. */
	if (fstat(journal, &file) != 0 || file.st_nlink == 0 || now > born + longest_life_s * 1000000000LL) _exit(98);
	int length = snprintf(line, sizeof line, "%lld %d %s\n", now, (int)getpid(), text);
	if (write(journal, line, length) != length) _exit(98);
}

static void note_start(const char *kind)
{
	const char *identity = getenv("LEADER_IDENTITY"), *token = getenv("LEADER_FENCING_TOKEN");
	char text[500];
	snprintf(text, sizeof text, "start %d %s %s %s %lld %lld", (int)getppid(), kind, identity ? identity : "-",
		 token ? token : "-", clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_MONOTONIC));
	note(text);
}

static void nap(int ms)
{
	struct timespec span = { ms / 1000, ms % 1000 * 1000000L };
	nanosleep(&span, NULL);
}

static void leave_child(const char *where)
{
	if (fork() != 0) return;
	if (strcmp(where, "pgrp") == 0) setpgid(0, 0);
	if (strcmp(where, "session") == 0) {
		setsid();
		if (fork() != 0) _exit(0);
	}
	note_start("child");
	for (;;) {
		nap(sign_ms);
		note("alive");
	}
}

static void leave_moving(int times)
{
	if (fork() != 0) return;
	for (;; times--) {
		setsid();
		note_start("child");
		if (times <= 0) break;
		nap(3);
		note("alive");
		if (fork() != 0) _exit(0);
	}
	for (;;) {
		nap(sign_ms);
		note("alive");
	}
}

static void leave_flood(int target)
{
	static char chunk[4096];
	if (fork() != 0) return;
	memset(chunk, '.', sizeof chunk);
	chunk[sizeof chunk - 1] = '\n';
	for (;;)
		if (write(target, chunk, sizeof chunk) < 0) _exit(0);
}

int main(int count, char **argument)
{
	long long life = -1, cleanup = 0, stop_at = -1;
	int code = 0, death = 0, ignores = 0;
	if (count < 3) return 97;
	born = clock_ns(CLOCK_BOOTTIME);
	journal = open(argument[1], O_WRONLY | O_APPEND | O_CREAT, 0600);
	int lock = open(argument[2], O_RDWR | O_CREAT, 0600);
	if (journal < 0 || lock < 0) return 98;

	sigset_t caught;
	sigemptyset(&caught);
	const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };
	for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&caught, signals[i]);
	sigprocmask(SIG_BLOCK, &caught, NULL);
	int incoming = signalfd(-1, &caught, SFD_CLOEXEC);

	note_start("root");
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) note("refused");
	for (int i = 3; i + 1 < count; i += 2) {
		const char *name = argument[i], *value = argument[i + 1];
		if (strcmp(name, "for") == 0) life = atoll(value);
		else if (strcmp(name, "exit") == 0) code = atoi(value);
		else if (strcmp(name, "die") == 0) death = atoi(value);
		else if (strcmp(name, "ignore") == 0) ignores = atoi(value);
		else if (strcmp(name, "cleanup") == 0) cleanup = atoll(value);
		else if (strcmp(name, "child") == 0) leave_child(value);
		else if (strcmp(name, "moving") == 0) leave_moving(atoi(value));
		else if (strcmp(name, "flood") == 0) leave_flood(atoi(value));
		else return 97;
	}
	if (life >= 0) stop_at = clock_ns(CLOCK_BOOTTIME) + life * 1000000;

	for (;;) {
		struct pollfd waiting = { incoming, POLLIN, 0 };
		struct signalfd_siginfo told;
		if (poll(&waiting, 1, sign_ms) > 0 && read(incoming, &told, sizeof told) == sizeof told) {
			char text[40];
			snprintf(text, sizeof text, "signal %d", (int)told.ssi_signo);
			note(text);
			int stops = told.ssi_signo == SIGTERM || told.ssi_signo == SIGINT;
			if (stops && !ignores && stop_at < 0) stop_at = clock_ns(CLOCK_BOOTTIME) + cleanup * 1000000;
		}
		note("alive");
		if (stop_at < 0 || clock_ns(CLOCK_BOOTTIME) < stop_at) continue;
		note("stop");
		if (death == 0) _exit(code);
		signal(death, SIG_DFL);
		sigemptyset(&caught);
		sigprocmask(SIG_SETMASK, &caught, NULL);
		raise(death);
	}
}
