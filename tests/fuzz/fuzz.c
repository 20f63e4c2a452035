/* What all fuzzers share. */
#include "fuzz.h"

#include <check.h>
#include <stdarg.h>

#include "base/log.h"

_Noreturn void must_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
	abort();
}

/* The helpers of tests/unit say ck_assert(): here it is one more thing that must hold. */
CK_ATTRIBUTE_NORETURN void _ck_assert_failed(
	const char *file, int line, const char *expr, const char *msg, ...)
{
	char text[1000] = "";
	va_list ap;

	va_start(ap, msg);
	if (msg)
		vsnprintf(text, sizeof(text), msg, ap);
	va_end(ap);
	fprintf(stderr, "%s:%d: %s: %s\n", file, line, expr, text);
	abort();
}

void _mark_point(const char *file, int line)
{
}

/* Damaged journals and the like are logged, thousands of times a second. With FUZZ_LOG in the
 * environment that is shown, to look at one input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	log_init("fuzz", getenv("FUZZ_LOG") ? LOG_LEVEL_DEBUG : (enum log_level) - 1, false);
	return 0;
}
