/*
 * stat LIST PASSES: lstat(2)s every path that the file LIST names, a line each, once and then
 * PASSES times more. Prints the nanoseconds per call of each pass, the first of which warms the
 * caches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct paths {
	char **path;
	size_t count;
};

static void read_paths(const char *list, struct paths *paths)
{
	FILE *file = fopen(list, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		perror(list);
		exit(1);
	}
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		paths->path = realloc(paths->path, (paths->count + 1) * sizeof(char *));
		paths->path[paths->count++] = strdup(line);
	}
	free(line);
	fclose(file);
}

static double pass(const struct paths *paths)
{
	struct timespec from, to;
	struct stat st;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (size_t i = 0; i < paths->count; i++) {
		if (lstat(paths->path[i], &st) != 0) {
			perror(paths->path[i]);
			exit(1);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / paths->count;
}

int main(int argc, char **argv)
{
	struct paths paths = {0};

	if (argc != 3) {
		fprintf(stderr, "usage: stat LIST PASSES\n");
		return 2;
	}
	read_paths(argv[1], &paths);
	for (int i = atoi(argv[2]); i >= 0; i--)
		printf("%.1f\n", pass(&paths));
	return 0;
}
