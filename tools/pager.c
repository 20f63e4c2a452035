#include "pager.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/show.h"
#include "interrupt.h"

/* Tells later prints of this process that there is a terminal behind the pipe. */
#define IN_USE "THULE_PAGER_IN_USE"

/*
 * Returns whether the shell would find the first word of a command. A command that needs more than
 * words is left to the shell.
 */
static bool is_there(const char *command)
{
	const char *path = getenv("PATH"), *end;
	int n = (int)strcspn(command, " \t");
	char file[PATH_MAX];

	if (strpbrk(command, "|&;<>()$`\\\"'*?[#~=%") || !path)
		return true;
	if (memchr(command, '/', (size_t)n))
		return snprintf(file, sizeof(file), "%.*s", n, command) < (int)sizeof(file) &&
		       access(file, X_OK) == 0;
	for (; path; path = *end ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		if (snprintf(file, sizeof(file), "%.*s%s%.*s", (int)(end - path), path,
			    end == path ? "" : "/", n, command) < (int)sizeof(file) &&
			access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* Returns the command that pages, or NULL when there is none. */
static const char *program(void)
{
	const char *name = getenv("THULE_PAGER");

	if (!name)
		name = getenv("PAGER");
	if (!name)
		return is_there("less") ? "less -FRX" : NULL;
	if (!*name || !strcmp(name, "cat"))
		return NULL;
	if (is_there(name))
		return name;
	show_line(stderr, "thule: there is no pager `%s`: the output is not paged\n", name);
	return NULL;
}

void pager_forbid(void)
{
	setenv("THULE_PAGER", "", 1);
}

void pager_begin(struct pager *p)
{
	const char *name = isatty(STDOUT_FILENO) ? program() : NULL;
	int fds[2];

	p->pid = 0;
	if (!name || pipe2(fds, O_CLOEXEC) < 0)
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
		/*
		 * A reader who leaves the pager wants no more, and the closed pipe says so. An
		 * interrupt is for the pager, which shows what has arrived.
		 */
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
	/* The pager sees the end of the text only when the pipe closes. */
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}

bool pager_terminal(void)
{
	return isatty(STDOUT_FILENO) || getenv(IN_USE);
}

bool pager_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return (!no || !*no) && pager_terminal();
}
