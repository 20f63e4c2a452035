#pragma once

/* The schema's SQL files in the order of sql/install.list, embedded at build time. */
struct sql_file {
	const char *path; /* relative to sql/, e.g. "schema/inode.sql" */
	const char *text; /* NUL-terminated */
};

extern const struct sql_file sql_files[];
extern const int sql_file_count;
