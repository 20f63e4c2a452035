#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define CLEAR       "\033[H\033[2J"
#define LINES_LEAST 10

struct screen {
	struct termios before;
	sigset_t mask;
	int signals; /* signalfd(2) */
	int ended_by;
	bool keys; /* stdin is the terminal */
};

/* Keys come at once and are not shown; those that send signals still do. */
static void take_keys(const struct screen *s)
{
	struct termios t = s->before;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (s->keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

struct screen *screen_begin(void)
{
	struct screen *s;
	sigset_t set;

	if (!isatty(STDOUT_FILENO))
		return NULL;
	s = xcalloc(1, sizeof(*s));
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, &s->mask);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->keys = tcgetattr(STDIN_FILENO, &s->before) == 0;
	take_keys(s);
	return s;
}

static struct winsize size(void)
{
	struct winsize w = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_row)
		w.ws_row = 24;
	if (!w.ws_col)
		w.ws_col = 80;
	if (w.ws_row < LINES_LEAST)
		w.ws_row = LINES_LEAST;
	return w;
}

unsigned int screen_lines(void)
{
	return size().ws_row - 1u;
}

/* Prints as much of a line as has room: characters of UTF-8, each in a column. */
static void draw_line(const char *line, size_t len, unsigned int columns)
{
	size_t n = 0;

	for (; n < len; n++)
		if (((unsigned char)line[n] & 0xc0) != 0x80 && columns-- == 0)
			break;
	printf("%.*s\n", (int)n, line);
}

void screen_draw(struct screen *s, const char *text)
{
	struct winsize w = size();

	printf(CLEAR);
	for (unsigned int i = 1; i < w.ws_row && *text; i++) {
		size_t len = strcspn(text, "\n");

		draw_line(text, len, w.ws_col);
		text += len + (text[len] == '\n');
	}
	fflush(stdout);
}

/* A key, or the end of them. False for q. */
static bool take_key(struct screen *s)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n <= 0)
		s->keys = false;
	return n <= 0 || (key != 'q' && key != 'Q');
}

/* False for a signal that ends the program. After a stop, the shell has set the terminal. */
static bool take_signal(struct screen *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return true;
	if (info.ssi_signo == SIGCONT) {
		take_keys(s);
		return true;
	}
	s->ended_by = (int)info.ssi_signo;
	return false;
}

bool screen_wait(struct screen *s, int ms)
{
	int64_t end = clock_mono_ns() + ms * INT64_C(1000000), left;

	while ((left = end - clock_mono_ns()) > 0) {
		struct pollfd p[2] = {
			{.fd = s->signals, .events = POLLIN},
			{.fd = s->keys ? STDIN_FILENO : -1, .events = POLLIN},
		};

		if (poll(p, 2, (int)(left / 1000000) + 1) <= 0)
			continue;
		if ((p[0].revents && !take_signal(s)) || (p[1].revents && !take_key(s)))
			return false;
	}
	return true;
}

void screen_end(struct screen *s)
{
	int ended_by;

	if (!s)
		return;
	if (tcgetattr(STDIN_FILENO, &(struct termios){0}) == 0)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &s->before);
	close(s->signals);
	ended_by = s->ended_by;
	if (ended_by && ended_by != SIGINT)
		kill(getpid(), ended_by);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	free(s);
}
