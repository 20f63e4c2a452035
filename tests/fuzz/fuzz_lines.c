/*
 * The lines in which a daemon tells of itself: names and programs that it puts there are whatever
 * somebody chose, and a command reads the lines of a stranger's daemon.
 *
 * runs: 100000
 * max_len: 2048
 */
#include "answer.h"
#include "base/show.h"
#include "control.h"
#include "control/line.h"
#include "fuzz.h"

static struct input said;

/* In place of the socket of a mount. */
bool control_ask(const struct mount_point *m, struct buf *answer, struct error *err)
{
	buf_add(answer, said.at, said.left);
	buf_add(answer, "", 1);
	return true;
}

/* Whatever the text is, it is one field of one line. */
static void check_line(const char *text)
{
	struct buf b = {0};
	size_t tabs = 0;

	line_add_fact(&b, "name", text);
	MUST(b.len && b.data[b.len - 1] == '\n');
	for (size_t i = 0; i + 1 < b.len; i++) {
		tabs += b.data[i] == '\t';
		MUST(b.data[i] == '\t' || !show_unsafe(b.data + i, b.len - i) ||
			(b.data[i] & 0xc0) == 0x80);
	}
	MUST(tabs == 2);
	buf_free(&b);
}

static void check_answer(void)
{
	struct error err;
	struct answer *a = answer_ask(NULL, &err);
	const struct answer_line *l;
	size_t i = 0;

	MUST(answer_version(a) && answer_fact(a, "drain"));
	while ((l = answer_next(a, "request", &i)))
		for (int f = 0; f < ANSWER_FIELDS; f++)
			MUST(!strchr(l->field[f], '\n'));
	answer_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	said = (struct input){data, size};
	check_answer();
	text = input_text(&said, size);
	check_line(text);
	free(text);
	return 0;
}
