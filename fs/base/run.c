#include "base/run.h"

#include "base/utf8.h"

bool run_tag_valid(const char *tag, size_t len)
{
	size_t at = 0;

	if (len == 0 || len > RUN_TAG_MAX)
		return false;
	while (at < len) {
		size_t n = utf8_length(tag + at, len - at);
		if (!n || !tag[at] || utf8_is_control(tag + at, len - at))
			return false;
		at += n;
	}
	return true;
}

static bool id_valid(const char *id)
{
	for (int i = 0; i < RUN_ID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool digit = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
		if (dash ? id[i] != '-' : !digit)
			return false;
	}
	return true;
}

bool run_valid(const char *value, size_t len)
{
	return len > RUN_ID_LEN + 1 && id_valid(value) && value[RUN_ID_LEN] == ':' &&
	       run_tag_valid(value + RUN_ID_LEN + 1, len - RUN_ID_LEN - 1);
}
