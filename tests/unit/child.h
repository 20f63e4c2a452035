/* Real processes that wait on a socket, as a caller waits for its answer, and do what they are
 * told. */
#pragma once

#include <check.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEER_FD = 100 };

/*
 * The child is this program again, run as "child TAG". It says its tid when it is ready, then obeys
 * commands of one byte and 15 bytes of argument, and answers each with a tid:
 * e: exec itself with another tag; n: take this name; t: start a thread, and let only that go on;
 * T: the same, with this tid if it can be had; p: switch address randomisation off; x: exec from a
 * thread; v: start a process in its own memory, which obeys one more command, an exec, and let only
 * that go on.
 */
struct command {
	char what, arg[15];
};

static inline void send_tid(void)
{
	int tid = gettid();
	if (write(PEER_FD, &tid, sizeof(tid)) != sizeof(tid))
		_exit(3);
}

static inline void exec_self(const char *tag)
{
	execl("/proc/self/exe", "test_actor", "child", tag, NULL);
	_exit(4);
}

static inline void *thread_main(void *arg)
{
	const char *exec_tag = arg;
	if (exec_tag)
		exec_self(exec_tag);
	send_tid();
	for (;;)
		pause();
	return NULL;
}

/* Makes the next thread's tid likely. Needs privileges; the test looks at what came of it. */
static inline void want_tid(const char *tid)
{
	FILE *f = fopen("/proc/sys/kernel/ns_last_pid", "w");
	if (f) {
		fprintf(f, "%d", atoi(tid) - 1);
		fclose(f);
	}
}

/* A process that has the memory of its parent until it runs another program. */
static inline void vfork_and_exec(struct command *cmd)
{
	if (vfork() == 0) {
		send_tid();
		if (read(PEER_FD, cmd, sizeof(*cmd)) == sizeof(*cmd))
			exec_self(cmd->arg);
		_exit(5);
	}
	for (;;)
		pause();
}

static inline int child_main(void)
{
	static struct command cmd;
	pthread_t thread;

	send_tid();
	while (read(PEER_FD, &cmd, sizeof(cmd)) == sizeof(cmd)) {
		switch (cmd.what) {
		case 'e':
			exec_self(cmd.arg);
			break;
		case 'n':
			prctl(PR_SET_NAME, cmd.arg);
			send_tid();
			break;
		case 'p':
			personality(ADDR_NO_RANDOMIZE);
			send_tid();
			break;
		case 'T':
			want_tid(cmd.arg);
			/* fall through */
		case 't':
			pthread_create(&thread, NULL, thread_main, NULL);
			break;
		case 'x':
			pthread_create(&thread, NULL, thread_main, cmd.arg);
			pause();
			break;
		case 'v':
			vfork_and_exec(&cmd);
			break;
		}
	}
	return 0;
}

struct child {
	pid_t pid;
	int fd;
};

static inline pid_t child_says(struct child *c)
{
	int tid = 0;
	ck_assert_int_eq(read(c->fd, &tid, sizeof(tid)), sizeof(tid));
	return tid;
}

static inline pid_t child_do(struct child *c, char what, const char *arg)
{
	struct command cmd = {.what = what};
	strncpy(cmd.arg, arg, sizeof(cmd.arg) - 1);
	ck_assert_int_eq(write(c->fd, &cmd, sizeof(cmd)), sizeof(cmd));
	return child_says(c);
}

/* `pid` 0: any. */
static inline struct child child_start_as(const char *tag, pid_t pid)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	struct child c;
	int fds[2];

	if (pid) {
		args.set_tid = (uintptr_t)&pid;
		args.set_tid_size = 1;
	}
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	c.fd = fds[0];
	c.pid = pid ? (pid_t)syscall(SYS_clone3, &args, sizeof(args)) : fork();
	if (c.pid == 0) {
		dup2(fds[1], PEER_FD);
		exec_self(tag);
	}
	close(fds[1]);
	if (c.pid > 0)
		child_says(&c);
	return c;
}

static inline struct child child_start(const char *tag)
{
	struct child c = child_start_as(tag, 0);
	ck_assert_int_gt(c.pid, 0);
	return c;
}

static inline void child_end(struct child *c)
{
	kill(c->pid, SIGKILL);
	close(c->fd);
	waitpid(c->pid, NULL, 0);
}
