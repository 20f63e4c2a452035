#include "door/rule.h"

#include <string.h>

static const struct door_rule rules[] = {
	{STMT_COMMAND_INSTANTS, 2, false, false, DOOR_READS},
	{STMT_COMMAND_LOG, 11, true, false, DOOR_READS},
	{STMT_COMMAND_LOG_PATH, 15, true, false, DOOR_READS},
	{STMT_COMMAND_LOG_UNKNOWN, 4, true, false, DOOR_READS},
	{STMT_COMMAND_LOG_BEFORE, 5, true, false, DOOR_READS},
	{STMT_COMMAND_LOG_BEGINS, 1, false, false, DOOR_READS},
	{STMT_COMMAND_LOG_STEPS, 2, false, false, DOOR_READS},
	{STMT_COMMAND_FOLLOW_START, 2, false, false, DOOR_READS},
	{STMT_COMMAND_FOLLOW, 11, true, false, DOOR_READS},
	{STMT_COMMAND_HOLDS, 3, true, false, DOOR_READS},
	{STMT_COMMAND_PAST, 9, true, true, DOOR_READS},
	{STMT_COMMAND_LS, 4, true, true, DOOR_READS},
	{STMT_COMMAND_STAT, 4, true, true, DOOR_READS},
	{STMT_COMMAND_STAT_XATTRS, 3, true, true, DOOR_READS},
	{STMT_COMMAND_READ, 5, true, true, DOOR_READS},
	{STMT_COMMAND_DATA, 3, true, true, DOOR_READS},
	{STMT_COMMAND_TREE, 3, true, true, DOOR_READS},
	{STMT_COMMAND_TREE_LEFT, 3, true, true, DOOR_READS},
	{STMT_COMMAND_XATTRS, 3, true, true, DOOR_READS},
	{STMT_COMMAND_BLAME, 3, true, true, DOOR_READS},
	{STMT_COMMAND_CHAIN, 4, true, true, DOOR_READS},
	{STMT_COMMAND_DIFF_OPS, 2, false, false, DOOR_READS},
	{STMT_COMMAND_DIFF_PATH, 5, true, false, DOOR_READS},
	{STMT_COMMAND_DIFF_PRUNED, 5, true, false, DOOR_READS},
	{STMT_COMMAND_DIFF, 6, true, false, DOOR_READS},
	{STMT_COMMAND_DIFF_STAT, 6, true, false, DOOR_READS},
	{STMT_COMMAND_DIFF_PATCH, 5, true, true, DOOR_READS},
	{STMT_COMMAND_LOG_RUNS, 2, true, false, DOOR_READS},
	{STMT_COMMAND_LOG_PATCH, 4, true, true, DOOR_READS},
	{STMT_COMMAND_SHOW, 2, true, false, DOOR_READS},
	{STMT_COMMAND_UNDO_ARGS, 9, false, false, DOOR_READS},
	{STMT_COMMAND_REQUEST_REACH, 3, true, false, DOOR_PLANS},
	{STMT_COMMAND_UNDO_PLAN, 3, true, false, DOOR_PLANS},
	{STMT_DOOR_UNDO, 15, true, false, DOOR_UNDOES},
	{STMT_COMMAND_RESULT, 1, false, false, DOOR_READS},
	{STMT_COMMAND_CONFLICTS, 1, false, false, DOOR_READS},
};

const struct door_rule *door_rule_find(const char *text)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!strcmp(statements[rules[i].stmt].text, text))
			return &rules[i];
	return NULL;
}
