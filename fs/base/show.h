#pragma once

#include <stddef.h>
#include <stdio.h>

/*
 * Text for people's eyes: on a terminal, in a log. Names, paths and what processes say of
 * themselves are whatever somebody chose, and must neither steer a terminal nor begin a line of
 * their own.
 *
 * What is not shown as it is: control characters (C0, DEL, C1), those that change the direction or
 * the line of what follows (U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069), and bytes
 * that are not UTF-8.
 */

/* Returns how many bytes at the beginning of text of len (> 0) bytes are not shown as they are; 0
 * when the first character is. */
size_t show_unsafe(const char *text, size_t len);

/* Writes text into out, of size (> 0) bytes, with \xNN for each byte that is not shown as it is;
 * leaves out what does not fit. */
void show_escape(char *out, size_t size, const char *text);

/* Prints as printf(3), with arguments that are shown so; newlines of the format are newlines. */
void show_line(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Writes what became of a child process, of whom waitpid(2) gave this status, into out, of size
 * (> 0) bytes: "ended with status 1", "was killed by signal 9 (SIGKILL)". */
void show_end(char *out, size_t size, int status);
