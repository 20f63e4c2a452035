#include "pager.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"

/* What is printed later, in this process, asks whether there is a terminal behind the pipe. */
#define IN_USE "THULE_PAGER_IN_USE"

static const char *program(void)
{
	const char *name = getenv("THULE_PAGER");

	if (!name)
		name = getenv("PAGER");
	if (!name)
		return "less -FRX";
	return *name && strcmp(name, "cat") ? name : NULL;
}

void pager_begin(struct pager *p)
{
	const char *name = program();
	int fds[2];

	p->pid = 0;
	if (!isatty(STDOUT_FILENO) || !name || pipe2(fds, O_CLOEXEC) < 0)
		return;
	fflush(stdout);
	p->pid = fork();
	if (p->pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		execl("/bin/sh", "sh", "-c", name, (char *)NULL);
		_exit(127);
	}
	if (p->pid > 0) {
		dup2(fds[1], STDOUT_FILENO);
		setenv(IN_USE, "1", 1);
		/* Whoever leaves the pager wants no more, and says so by closing the pipe; an
		 * interrupt is for the pager, which shows what has come until then. */
		signal(SIGINT, interrupt_cancel);
	} else {
		p->pid = 0;
	}
	close(fds[0]);
	close(fds[1]);
}

void pager_end(struct pager *p)
{
	int null;

	if (!p->pid)
		return;
	fflush(stdout);
	/* The pipe must close for the pager to see the end. */
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}

bool pager_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return (!no || !*no) && (isatty(STDOUT_FILENO) || getenv(IN_USE));
}
