#pragma once

/*
 * Probes for bpftrace(8), perf(1) and SystemTap: PROBE1(name, argument) and so on put a nop and a
 * note (`readelf -n`) into the program, with the provider "thulefs". An argument is an integer that
 * is there already: nothing is computed for a probe. docs/debugging.md lists them. Where
 * sys/sdt.h is missing, there are none.
 */
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define PROBE1(name, a)          DTRACE_PROBE1(thulefs, name, a)
#define PROBE2(name, a, b)       DTRACE_PROBE2(thulefs, name, a, b)
#define PROBE3(name, a, b, c)    DTRACE_PROBE3(thulefs, name, a, b, c)
#define PROBE4(name, a, b, c, d) DTRACE_PROBE4(thulefs, name, a, b, c, d)
#else
#define PROBE1(name, a)          ((void)(a))
#define PROBE2(name, a, b)       ((void)(a), (void)(b))
#define PROBE3(name, a, b, c)    ((void)(a), (void)(b), (void)(c))
#define PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif
