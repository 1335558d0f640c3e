/*
 * Another clock for one process and what it starts (LD_PRELOAD), as if it were on a machine of its own. The file that
 * LD_FAULT_CLOCK names (the guard is given variables that begin with LD_) has four numbers of 8 bytes, which may be
 * changed while the process runs:
 *
 *     double rate            how fast time goes for it
 *     int64  anchor, ns      CLOCK_MONOTONIC from which on it does
 *     int64  wall step, ns   added to the time of day
 *     int64  asleep, ns      CLOCK_MONOTONIC did not count this; /proc/uptime did: the machine was suspended
 *
 * Static programs are immune, and so are sleeps: they go by the kernel's clock, and who looks at the time finds that the
 * sleep was too short or too long, as for any late timer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct setting {
	volatile double rate;
	volatile long long anchor, wall_step, asleep;
};

static const struct setting *setting;
static int uptime_file = -1;

static int true_time(clockid_t id, struct timespec *at)
{
	return (int)syscall(SYS_clock_gettime, id, at);
}

static long long ns_of(const struct timespec *at)
{
	return at->tv_sec * 1000000000LL + at->tv_nsec;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("LD_FAULT_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0) return;
	void *found = mmap(NULL, sizeof *setting, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (found != MAP_FAILED) setting = found;
}

/* By how much time has run ahead of the true one. */
static long long ahead(void)
{
	struct timespec now;
	true_time(CLOCK_MONOTONIC, &now);
	return (long long)((double)(ns_of(&now) - setting->anchor) * (setting->rate - 1));
}

static long long change_of(clockid_t id)
{
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		return ahead() + setting->wall_step;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_MONOTONIC_RAW:
		return ahead() - setting->asleep;
	case CLOCK_BOOTTIME:
		return ahead();
	default:
		return 0;
	}
}

int clock_gettime(clockid_t id, struct timespec *at)
{
	int failed = true_time(id, at);
	if (failed || !setting) return failed;
	long long now = ns_of(at) + change_of(id);
	at->tv_sec = now / 1000000000LL;
	at->tv_nsec = now % 1000000000LL;
	return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	at->tv_sec = now.tv_sec;
	at->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (at) *at = now.tv_sec;
	return now.tv_sec;
}

/* Node opens /proc/uptime once, by open64, and reads it by pread64. */
int open64(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
	va_end(more);
	int file = openat(AT_FDCWD, path, flags, mode);
	if (file >= 0 && strcmp(path, "/proc/uptime") == 0) uptime_file = file;
	return file;
}

ssize_t pread64(int file, void *buffer, size_t size, off64_t at)
{
	ssize_t length = syscall(SYS_pread64, file, buffer, size, at);
	if (!setting || file != uptime_file || length <= 0 || at != 0) return length;
	char text[80];
	double true_uptime = strtod(memcpy(text, buffer, length < 40 ? length : 40), NULL);
	int written = snprintf(text, sizeof text, "%.2f 0.00\n", true_uptime + (double)ahead() / 1e9);
	length = written < (int)size ? written : (int)size;
	memcpy(buffer, text, length);
	return length;
}
