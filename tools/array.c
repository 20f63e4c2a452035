#include "array.h"

#include <string.h>

void array_add(struct buf *array, const char *value)
{
	if (array->len)
		array->data[array->len - 1] = ',';
	else
		buf_add(array, "{", 1);
	buf_add(array, "\"", 1);
	for (; *value; value++) {
		buf_add(array, "\\", *value == '"' || *value == '\\');
		buf_add(array, value, 1);
	}
	buf_add(array, "\"}", 3);
	array->len--;
}
