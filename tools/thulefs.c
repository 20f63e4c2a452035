#include "thulefs.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"

void thulefs_find(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		if (path_format(path, size, NULL, "%s/thulefs", self) && access(path, X_OK) == 0)
			return;
	}
	path_format(path, size, NULL, "thulefs");
}
