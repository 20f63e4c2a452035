#include "waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "base/buf.h"
#include "command.h"
#include "mounts.h"
#include "print.h"

/* Fields of lines: fs/control/report.h. */
enum { BUDGET_NAME, BUDGET_USED, BUDGET_LIMIT, BUDGET_FIELDS };
enum {
	REQUEST_OPERATION,
	REQUEST_INO,
	REQUEST_PATH,
	REQUEST_NAME,
	REQUEST_PROCESS,
	REQUEST_PROGRAM,
	REQUEST_UID,
	REQUEST_STATE,
	REQUEST_WAIT,
	REQUEST_MS,
	REQUEST_FIELDS,
};

struct waits {
	struct answer *answer;
	int64_t at; /* the time of the answer, seconds since the epoch */
};

struct waits *waits_ask(const struct mount_point *m, struct error *err)
{
	struct answer *answer = answer_ask(m, err);
	struct waits *w;

	if (!answer)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->answer = answer;
	w->at = time(NULL);
	return w;
}

void waits_free(struct waits *w)
{
	if (!w)
		return;
	answer_free(w->answer);
	free(w);
}

static const char *fact(const struct waits *w, const char *name)
{
	return answer_fact(w->answer, name);
}

static const struct answer_line *next_of(const struct waits *w, const char *kind, size_t *i)
{
	return answer_next(w->answer, kind, i);
}

static const char *total(const struct waits *w)
{
	size_t i = 0;
	const struct answer_line *l = next_of(w, "total", &i);

	return l ? l->field[0] : "0";
}

static void label(const char *text)
{
	printf("  %-11s ", text);
}

static void print_size(const char *bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double n = strtod(bytes, NULL);
	size_t unit = 0;

	while (n >= 1024 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		n /= 1024;
		unit++;
	}
	printf(unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static void show_budgets(const struct waits *w)
{
	const struct answer_line *l;
	size_t i = 0;

	while ((l = next_of(w, "budget", &i))) {
		label("memory");
		print_safe(stdout, l->field[BUDGET_NAME], 24);
		printf(" ");
		print_size(l->field[BUDGET_USED]);
		printf(" of ");
		print_size(l->field[BUDGET_LIMIT]);
		printf("\n");
	}
}

static void show_waiting(const struct waits *w, const char *hint)
{
	label("waiting");
	print_safe(stdout, total(w), 0);
	printf(" request%s%s\n", strcmp(total(w), "1") ? "s" : "",
		strcmp(total(w), "0") ? hint : "");
}

const char *waits_transport(const struct waits *w, const char **why)
{
	*why = fact(w, "transport_why");
	return fact(w, "transport");
}

pid_t waits_pid(const struct waits *w)
{
	return (pid_t)atol(fact(w, "pid"));
}

static void show_transport(const struct waits *w)
{
	label("transport");
	print_safe(stdout, fact(w, "transport"), 0);
	if (*fact(w, "transport_why")) {
		printf("; ");
		print_safe(stdout, fact(w, "transport_why"), 0);
	}
	printf("\n");
}

/* The time that the next batch has waited for its commit. */
static double lag_seconds(const struct waits *w)
{
	return strtod(fact(w, "lag_ms"), NULL) / 1000;
}

/* Prints a time that a fact has, in seconds since the epoch. Returns false when it has none. */
static bool format_time(const struct waits *w, const char *name, char *when, size_t size)
{
	time_t at = (time_t)strtoll(fact(w, name), NULL, 10);
	struct tm tm;

	if (!at)
		return false;
	localtime_r(&at, &tm);
	return strftime(when, size, "%Y-%m-%d %H:%M:%S", &tm) > 0;
}

static void show_trouble(const struct waits *w)
{
	char when[64];

	if (!format_time(w, "last_error_at", when, sizeof(when)))
		return;
	label("last error");
	printf("%s: ", when);
	print_safe(stdout, fact(w, "last_error"), 0);
	printf("\n");
}

/* How long requests may wait; nothing of a mount whose requests wait for as long as it takes. */
static void show_limit(const struct waits *w)
{
	char when[64];

	if (!*fact(w, "soft_seconds"))
		return;
	label("soft");
	printf("requests that wait for the database fail with EIO after ");
	print_safe(stdout, fact(w, "soft_seconds"), 0);
	printf(" s: ");
	print_safe(stdout, fact(w, "expired"), 0);
	printf(" did");
	if (format_time(w, "expired_at", when, sizeof(when)))
		printf(", the last at %s", when);
	printf("\n");
}

void waits_show_memory(const struct waits *w)
{
	if (!w)
		return;
	if (*fact(w, "lag_ms")) {
		label("lag");
		printf("%.3f s\n", lag_seconds(w));
	}
	show_trouble(w);
	show_limit(w);
	show_budgets(w);
	show_waiting(w, ": see `thule status --requests`");
}

static void show_daemon(const struct waits *w)
{
	const char *drain = fact(w, "drain");

	label("daemon");
	printf("pid ");
	print_safe(stdout, fact(w, "pid"), 0);
	if (!*drain) {
		printf(", shows the past\n");
		return;
	}
	printf(", drain ");
	print_safe(stdout, drain, 0);
	if (strcmp(fact(w, "target"), "run")) {
		printf(", to ");
		print_safe(stdout, fact(w, "target"), 0);
	}
	printf(", lease ");
	print_safe(stdout, fact(w, "lease"), 0);
	printf("\n");
	label("journal");
	printf("op:");
	print_safe(stdout, fact(w, "acknowledged"), 0);
	printf(" acknowledged, op:");
	print_safe(stdout, fact(w, "committed"), 0);
	printf(" committed, op:");
	print_safe(stdout, fact(w, "on_disk"), 0);
	printf(" on the server's disk\n");
}

/* Columns of the table. */
enum { COL_FOR, COL_OPERATION, COL_FILE, COL_PROCESS, COL_UID, COL_STATE, COL_WAIT, COLUMNS };

/* Fills the cells, each to be freed. */
static void make_cells(const struct answer_line *l, char *cell[COLUMNS])
{
	const char *const *f = l->field;
	const char *program = f[REQUEST_PROGRAM];

	if (asprintf(&cell[COL_FOR], "%.1f s", strtod(f[REQUEST_MS], NULL) / 1000) < 0 ||
		asprintf(&cell[COL_FILE], "%s%s%s%s%s", *f[REQUEST_PATH] ? f[REQUEST_PATH] : "",
			*f[REQUEST_PATH] ? "" : "inode ", *f[REQUEST_PATH] ? "" : f[REQUEST_INO],
			*f[REQUEST_PATH] || !*f[REQUEST_NAME] ? "" : " ",
			*f[REQUEST_PATH] ? "" : f[REQUEST_NAME]) < 0 ||
		asprintf(&cell[COL_PROCESS], strcmp(f[REQUEST_PROCESS], "0") ? "%s[%s]" : "?",
			*program ? program : "?", f[REQUEST_PROCESS]) < 0)
		abort();
	cell[COL_OPERATION] = strdup(f[REQUEST_OPERATION]);
	cell[COL_UID] = strdup(f[REQUEST_UID]);
	cell[COL_STATE] = strdup(f[REQUEST_STATE]);
	cell[COL_WAIT] = strdup(f[REQUEST_WAIT]);
}

static void show_requests(const struct waits *w)
{
	static const char *const names[COLUMNS] = {
		"for", "operation", "file", "process", "uid", "state", "waits for"};
	int width[COLUMNS];
	char *cell[COLUMNS];
	const struct answer_line *l;

	for (int c = 0; c < COLUMNS; c++)
		width[c] = (int)strlen(names[c]);
	for (size_t i = 0; (l = next_of(w, "request", &i));) {
		make_cells(l, cell);
		for (int c = 0; c < COLUMNS; c++) {
			int n = (int)strlen(cell[c]);
			width[c] = n > width[c] ? n : width[c];
			free(cell[c]);
		}
	}
	for (int c = 0; c < COLUMNS; c++)
		printf("%-*s%s", c < COLUMNS - 1 ? width[c] : 0, names[c],
			c < COLUMNS - 1 ? "  " : "\n");
	for (size_t i = 0; (l = next_of(w, "request", &i));) {
		make_cells(l, cell);
		for (int c = 0; c < COLUMNS; c++) {
			print_safe(stdout, cell[c], c < COLUMNS - 1 ? width[c] : 0);
			printf("%s", c < COLUMNS - 1 ? "  " : "\n");
			free(cell[c]);
		}
	}
}

static void show(const struct mount_point *m, const struct waits *w)
{
	print_safe(stdout, m->dir, 0);
	printf("\n");
	show_daemon(w);
	show_transport(w);
	show_trouble(w);
	show_limit(w);
	show_budgets(w);
	show_waiting(w, "");
	if (strcmp(total(w), "0")) {
		printf("\n");
		show_requests(w);
	}
}

/* Prints a number, or null when it is absent. */
static void print_number(const char *text)
{
	if (*text && strspn(text, "0123456789") == strlen(text))
		print_safe(stdout, text, 0);
	else
		printf("null");
}

static void print_text(const char *text)
{
	print_json_string(stdout, *text ? text : NULL);
}

static void show_budgets_json(const struct waits *w)
{
	const struct answer_line *l;
	size_t i = 0;

	printf("{");
	for (bool first = true; (l = next_of(w, "budget", &i)); first = false) {
		printf(first ? "" : ", ");
		print_json_string(stdout, l->field[BUDGET_NAME]);
		printf(": {\"used\": ");
		print_number(l->field[BUDGET_USED]);
		printf(", \"limit\": ");
		print_number(l->field[BUDGET_LIMIT]);
		printf("}");
	}
	printf("}");
}

void waits_show_memory_json(const struct waits *w)
{
	if (!w) {
		printf("\"memory\": null, \"waiting\": null, \"lag_seconds\": null, "
		       "\"last_error\": null, \"last_error_at\": null, \"soft_seconds\": null, "
		       "\"expired\": null, \"expired_at\": null");
		return;
	}
	printf("\"memory\": ");
	show_budgets_json(w);
	printf(", \"waiting\": ");
	print_number(total(w));
	if (*fact(w, "lag_ms"))
		printf(", \"lag_seconds\": %.3f", lag_seconds(w));
	else
		printf(", \"lag_seconds\": null");
	printf(", \"last_error\": ");
	print_text(fact(w, "last_error"));
	printf(", \"last_error_at\": ");
	print_number(fact(w, "last_error_at"));
	printf(", \"soft_seconds\": ");
	print_number(fact(w, "soft_seconds"));
	printf(", \"expired\": ");
	print_number(fact(w, "expired"));
	printf(", \"expired_at\": ");
	print_number(fact(w, "expired_at"));
}

static void show_request_json(const struct waits *w, const struct answer_line *l)
{
	static const struct {
		const char *name;
		int field;
		bool number;
	} members[] = {
		{"operation", REQUEST_OPERATION, false},
		{"ino", REQUEST_INO, true},
		{"path", REQUEST_PATH, false},
		{"name", REQUEST_NAME, false},
		{"pid", REQUEST_PROCESS, true},
		{"program", REQUEST_PROGRAM, false},
		{"uid", REQUEST_UID, true},
		{"state", REQUEST_STATE, false},
		{"waits_for", REQUEST_WAIT, false},
	};
	double seconds = strtod(l->field[REQUEST_MS], NULL) / 1000;

	printf("{");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *value = l->field[members[i].field];

		printf("\"%s\": ", members[i].name);
		if (members[i].field == REQUEST_PROCESS && !strcmp(value, "0"))
			value = "";
		(members[i].number ? print_number : print_text)(value);
		printf(", ");
	}
	printf("\"since\": %lld, \"seconds\": %.3f}", (long long)((double)w->at - seconds),
		seconds);
}

static void show_json(const struct mount_point *m, const struct waits *w)
{
	static const char *const numbers[] = {"pid", "acknowledged", "committed", "on_disk"};
	static const char *const texts[] = {"drain", "target", "lease"};
	const struct answer_line *l;
	size_t i = 0;

	printf("{\"mountpoint\": ");
	print_json_string(stdout, m->dir);
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
		printf(", \"%s\": ", numbers[k]);
		print_number(fact(w, numbers[k]));
	}
	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		printf(", \"%s\": ", texts[k]);
		print_text(fact(w, texts[k]));
	}
	printf(", ");
	waits_show_memory_json(w);
	printf(", \"requests\": [");
	for (bool first = true; (l = next_of(w, "request", &i)); first = false) {
		printf(first ? "" : ",\n  ");
		show_request_json(w, l);
	}
	printf("], \"error\": null}");
}

bool waits_report(const struct mount_point *m, bool json)
{
	struct error err = {0};
	struct waits *w = waits_ask(m, &err);

	if (w) {
		(json ? show_json : show)(m, w);
	} else if (json) {
		printf("{\"mountpoint\": ");
		print_json_string(stdout, m->dir);
		printf(", \"error\": ");
		print_json_string(stdout, err.text);
		printf("}");
	} else {
		print_safe(stdout, m->dir, 0);
		printf("\n");
		label("problem");
		print_safe(stdout, err.text, 0);
		printf("\n");
	}
	waits_free(w);
	return w != NULL;
}

struct reports {
	size_t count;
	bool json, ok;
};

static bool report_next(const struct mount_point *m, void *arg)
{
	struct reports *r = arg;

	if (r->count++)
		printf(r->json ? ",\n  " : "\n");
	r->ok = waits_report(m, r->json) && r->ok;
	return true;
}

int waits_report_all(bool json)
{
	struct reports r = {.json = json, .ok = true};
	struct error err = {0};

	if (json)
		printf("{\"mounts\": [");
	if (!mounts_visit(report_next, &r, &err))
		return command_fail(&err);
	if (json)
		printf("]}\n");
	else if (!r.count)
		printf("no ThuleFS is mounted\n");
	return r.ok ? EXIT_DONE : EXIT_FAILED;
}
