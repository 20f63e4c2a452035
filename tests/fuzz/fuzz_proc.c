/*
 * What processes say of themselves, and what /proc says of mounts: any process may choose its name,
 * its arguments, its environment, its cgroup and where it mounts.
 *
 * runs: 80000
 * max_len: 8192
 */
#include "actor/unit.h"
#include "base/mountinfo.h"
#include "base/proc.h"
#include "base/proc_text.h"
#include "base/show.h"
#include "base/utf8.h"
#include "fuzz.h"

/* What is logged is one line of UTF-8. */
static void check_text(char *text, size_t max)
{
	MUST(text && strlen(text) <= max && utf8_is_text(text, strlen(text)));
	for (const char *p = text; *p; p += utf8_length(p, strlen(p)))
		MUST(!utf8_is_control(p, strlen(p)));
	free(text);
}

static void check_inside(const char *buf, size_t len, const char *value, size_t value_len)
{
	MUST(!value || !value_len || (value >= buf && value + value_len <= buf + len));
}

static void check_fields(const char *buf, size_t len)
{
	struct proc_stat st;
	uint64_t pending;
	size_t n = 0;
	pid_t pid;
	const char *value;

	if (proc_parse_stat(buf, len, &st))
		MUST(memchr(st.comm, '\0', sizeof(st.comm)));
	proc_parse_tgid(buf, len, &pid);
	proc_parse_own_pid(buf, len, &pid);
	proc_parse_pending(buf, len, &pending);
	MUST(proc_parse_loginuid(buf, len) >= -1);
	value = proc_status_field(buf, len, "Name", &n);
	check_inside(buf, len, value, n);
	value = proc_find_variable(buf, len, "THULE_TAG", &n);
	check_inside(buf, len, value, n);
	value = proc_cgroup_path(buf, len, &n);
	check_inside(buf, len, value, n);
}

static void check_unit(const char *buf, size_t len)
{
	char *text = proc_text(buf, len), *unit = unit_of_cgroup(text);

	free(text);
	MUST(unit && strlen(unit) <= 300);
	free(unit);
}

static void check_mount(const char *buf, size_t len)
{
	static struct mount_point m;
	char *line = strndup(buf, len);

	if (mountinfo_parse(line, &m))
		MUST(memchr(m.dir, '\0', sizeof(m.dir)) && memchr(m.root, '\0', sizeof(m.root)) &&
			memchr(m.source, '\0', sizeof(m.source)) &&
			memchr(m.type, '\0', sizeof(m.type)) && m.owner >= -1);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	char shown[200], *text;
	size_t len;
	char *buf = input_copy(&in, size, &len);

	check_fields(buf, len);
	check_text(proc_text(buf, len), PROC_TEXT_MAX);
	check_text(proc_escape(buf, len), 4 * len);
	check_text(proc_format_cmdline(buf, len), PROC_TEXT_MAX);
	check_unit(buf, len);
	check_mount(buf, len);
	text = strndup(buf, len);
	show_escape(shown, sizeof(shown), text);
	MUST(strlen(shown) < sizeof(shown));
	for (const char *p = shown; *p; p += utf8_length(p, strlen(p)))
		MUST(!show_unsafe(p, strlen(p)));
	free(text);
	free(buf);
	return 0;
}
