#include "door/rule.h"

#include <string.h>

static const struct door_rule rules[] = {
	{STMT_COMMAND_INSTANTS, 2, false, DOOR_READS},
	{STMT_COMMAND_LOG, 10, true, DOOR_READS},
	{STMT_COMMAND_LOG_PATH, 12, true, DOOR_READS},
	{STMT_COMMAND_LOG_BEFORE, 4, true, DOOR_READS},
	{STMT_COMMAND_LOG_BEGINS, 1, false, DOOR_READS},
};

const struct door_rule *door_rule_find(const char *text)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!strcmp(statements[rules[i].stmt].text, text))
			return &rules[i];
	return NULL;
}
