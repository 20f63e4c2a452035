#include "cluster/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/path.h"
#include "cluster/archive.h"
#include "cluster/conf_file.h"

#define SETTINGS_FILE "thule.conf"

bool config_write_include(int dir, struct error *err)
{
	static const char line[] = "\ninclude = '" SETTINGS_FILE "'\n";
	int fd = openat(dir, "postgresql.conf", O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return error_sys(err,
			"cannot write postgresql.conf in the data directory of the private "
			"PostgreSQL");
	ok = write(fd, line, sizeof(line) - 1) == sizeof(line) - 1 && fsync(fd) == 0;
	if (!ok)
		error_sys(err, "cannot write postgresql.conf in the data directory of the private "
			       "PostgreSQL");
	close(fd);
	return ok;
}

bool config_write_access(int dir, const struct account *account, struct error *err)
{
	static const char hba[] = "# Written by thule when it made this cluster. There is no TCP, "
				  "and no other role.\n"
				  "local all,replication thule peer map=thule\n";
	char ident[256];

	return path_format(ident, sizeof(ident), err,
		       "# Written by thule when it made this cluster: OS user -> role.\n"
		       "thule root thule\n"
		       "thule \"%s\" thule\n",
		       account->name) &&
	       conf_replace(dir, "pg_hba.conf", hba, account, err) &&
	       conf_replace(dir, "pg_ident.conf", ident, account, err);
}

static unsigned long long least(unsigned long long a, unsigned long long b)
{
	return a < b ? a : b;
}

static const char template[] =
	"# Written by thule before each start: changes here are lost. Use `alter system` instead.\n"
	"listen_addresses = ''\n"
	"port = 5432\n"
	"unix_socket_directories = '\"%s\"'\n"
	"unix_socket_permissions = 0777 # the directory and peer authentication decide\n"
	"max_connections = 50\n"
	"\n"
	"shared_buffers = %lluMB\n"
	"wal_buffers = %lluMB\n"
	"min_dynamic_shared_memory = 16MB # logind may remove a user's segments at logout\n"
	"random_page_cost = 1.1\n"
	"jit = off\n"
	"\n"
	"wal_level = replica # so that it can be copied while it runs, and taken to an instant\n"
	"max_wal_senders = 4\n"
	"archive_mode = on # so that turning it on and off needs no restart\n"
	"archive_command = '%s'\n"
	"archive_timeout = %s\n"
	"wal_compression = lz4\n"
	"max_wal_size = %lluMB\n"
	"min_wal_size = %lluMB\n"
	"checkpoint_timeout = 15min\n"
	"checkpoint_completion_target = 0.9\n"
	"synchronous_commit = on # the daemon turns it off where its promises allow\n"
	"wal_writer_delay = 10ms\n"
	"\n"
	"# Most tables only grow: what needs vacuum is small and hot, and statistics must keep "
	"up.\n"
	"autovacuum = on\n"
	"autovacuum_naptime = 20s\n"
	"autovacuum_vacuum_scale_factor = 0.05\n"
	"autovacuum_vacuum_insert_scale_factor = 0.3\n"
	"autovacuum_analyze_scale_factor = 0.05\n"
	"\n"
	"track_io_timing = off\n"
	"logging_collector = on\n"
	"log_directory = '%s'\n"
	"log_filename = 'postgresql-%%a.log'\n"
	"log_truncate_on_rotation = on\n"
	"log_rotation_age = 1d\n"
	"log_rotation_size = 0\n"
	"log_line_prefix = '%%m [%%p] %%a '\n";

bool config_write_settings(
	int dir, const struct cluster *c, const struct account *account, struct error *err)
{
	char text[12 * PATH_MAX], socket[2 * PATH_MAX], log[2 * PATH_MAX], archive[6 * PATH_MAX];
	unsigned long long memory, disk, wal, buffers;
	struct statvfs fs;
	struct sysinfo info;

	if (sysinfo(&info) != 0 || fstatvfs(dir, &fs) != 0)
		return error_sys(err, "cannot measure memory and disk for %s", c->data);
	memory = (unsigned long long)info.totalram * info.mem_unit >> 20;
	disk = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
	buffers = memory / 8 < 16 ? 16 : least(512, memory / 8);
	/* The WAL may take a quarter of a small disk, and never less than the server needs. */
	wal = disk / 4 < 128 ? 128 : least(4096, disk / 4);
	if (!conf_quote(socket, sizeof(socket), c->socket) || !conf_quote(log, sizeof(log), c->log))
		return error_set(err, ERR_USAGE,
			"the path of THULE_HOME is too long for the settings of PostgreSQL: %s",
			c->home);
	return archive_command(c, archive, sizeof(archive), err) &&
	       path_format(text, sizeof(text), err, template, socket, buffers,
		       least(64, buffers / 8), archive, archive_is_on(c) ? "5min" : "0", wal,
		       least(512, wal / 2), log) &&
	       conf_replace(dir, SETTINGS_FILE, text, account, err);
}
