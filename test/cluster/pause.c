/* What holds a pod's namespaces: it does nothing, and ends when it is told to. */
#include <signal.h>
#include <unistd.h>

static void end(int number)
{
	(void)number;
	_exit(0);
}

int main(void)
{
	signal(SIGTERM, end);
	signal(SIGINT, end);
	signal(SIGCHLD, SIG_IGN); /* with a shared pid namespace it is process 1: nobody stays a zombie */
	for (;;) pause();
}
