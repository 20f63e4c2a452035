#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A terminal whose screen is drawn anew again and again, until the user types q or a signal ends
 * the program. In between, keys are read as they are typed and not shown.
 */
struct screen;

/* NULL when the output is no terminal: then nothing is changed. */
struct screen *screen_begin(void);

/* Draws lines from the top, as many and as much of each as there is room for. */
void screen_draw(struct screen *s, const char *text);

/* Returns how many lines there is room for. */
unsigned int screen_lines(void);

/* Waits for so long. False when the user wants no more. */
bool screen_wait(struct screen *s, int ms);

/* Puts the terminal back as it was. A signal other than that of Ctrl-C then has its effect. Accepts
 * NULL. */
void screen_end(struct screen *s);
