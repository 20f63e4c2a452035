#include "patch/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The end of diff(1) that says it could not be executed, as of a shell. */
#define NOT_FOUND 127

/* The lines before the first @@ name the two files, and are the caller's to say. */
#define NAMES 2

/* Returns the descriptor of a file in memory with these bytes, at its beginning; -1 with errno. */
static int memory_file(const struct buf *b)
{
	int fd = memfd_create("thule", MFD_CLOEXEC);
	ssize_t n = 0;

	for (size_t at = 0; fd >= 0 && n >= 0 && at < b->len; at += (size_t)n)
		n = write(fd, b->data + at, b->len - at);
	if (fd >= 0 && (n < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Becomes diff(1), with the first file as its input and the second one by the name of its
 * descriptor. */
_Noreturn static void become_diff(int before, int after, int out, int context)
{
	char name[32], unified[16];

	snprintf(name, sizeof(name), "/dev/fd/%d", after);
	snprintf(unified, sizeof(unified), "-U%d", context);
	/* What it says of a missing newline is the same in every language. */
	setenv("LC_ALL", "C", 1);
	if (dup2(before, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
		fcntl(after, F_SETFD, 0) == 0)
		execlp("diff", "diff", unified, "--text", "--", "-", name, (char *)NULL);
	_exit(NOT_FOUND);
}

/* Starts diff(1). Returns its output, and its process in *pid; NULL with *err set. */
static FILE *start(int before, int after, int context, pid_t *pid, struct error *err)
{
	int fds[2];
	FILE *out;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		error_sys(err, "cannot compare two texts");
		return NULL;
	}
	fflush(stdout);
	*pid = fork();
	if (*pid == 0)
		become_diff(before, after, fds[1], context);
	close(fds[1]);
	out = *pid > 0 ? fdopen(fds[0], "r") : NULL;
	if (!out) {
		error_sys(err, "cannot compare two texts");
		close(fds[0]);
	}
	return out;
}

static bool pass(FILE *out, bool (*line)(void *, const char *, size_t, struct error *), void *arg,
	struct error *err)
{
	char *text = NULL;
	size_t size = 0;
	bool ok = true;
	ssize_t n;

	for (long i = 0; ok && (n = getline(&text, &size, out)) > 0; i++)
		ok = i < NAMES || line(arg, text, (size_t)n, err);
	free(text);
	return ok;
}

/* Waits for diff(1): 0 and 1 are its answers. */
static bool finish(pid_t pid, struct error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return error_set(err, ERR_SYSTEM,
			"there is no program `diff` to compare texts with: install the package "
			"diffutils");
	return error_set(err, ERR_SYSTEM, "diff(1) could not compare two texts");
}

bool lines_compare(const struct buf *before, const struct buf *after, int context,
	bool (*line)(void *arg, const char *text, size_t len, struct error *err), void *arg,
	struct error *err)
{
	int old = memory_file(before), new = memory_file(after);
	bool ok = (old >= 0 && new >= 0) || error_sys(err, "cannot compare two texts");
	pid_t pid = 0;
	FILE *out = ok ? start(old, new, context, &pid, err) : NULL;
	struct error end;

	if (old >= 0)
		close(old);
	if (new >= 0)
		close(new);
	ok = out && pass(out, line, arg, err);
	if (out)
		fclose(out);
	/* One that nobody listens to ends by a signal, which is no news then. */
	if (pid > 0 && !finish(pid, &end) && ok) {
		*err = end;
		ok = false;
	}
	return ok;
}
